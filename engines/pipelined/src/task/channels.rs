//! A subtask's channels to the gates of the stages behind it.

use std::sync::Arc;
use std::task::{Context, Poll};

use dataflow::Batch;
use dataflow::exchange::outbox::Sealed;
use dataflow::job::status::Activity;
use dataflow::stage::StageRunner;

use crate::channel::input_gate::{InputGate, Message};

/// One channel of an outgoing edge.
pub(crate) struct Target {
    pub(crate) gate: Arc<InputGate>,
    /// Its number at the gate.
    pub(crate) channel: usize,
}

/// Outgoing channels per edge, and those that are closed at the moment.
pub(crate) struct Channels {
    targets: Vec<Vec<Target>>,
    /// Channels that must open before more input is taken: edge and number.
    closed: Vec<(usize, usize)>,
}

impl Channels {
    pub(crate) const fn new(targets: Vec<Vec<Target>>) -> Self {
        Self { targets, closed: Vec::new() }
    }

    /// Sends a buffer on its way; takes emptied ones that have come back on its channel.
    pub(crate) fn send(&mut self, sealed: Sealed, returned: &mut Vec<Batch>) {
        self.send_message(sealed.edge, sealed.channel, Message::Data(sealed.batch), returned);
    }

    fn send_message(
        &mut self,
        edge: usize,
        channel: usize,
        message: Message,
        returned: &mut Vec<Batch>,
    ) {
        let target = &self.targets[edge][channel];
        if !target.gate.send(target.channel, message, returned)
            && !self.closed.contains(&(edge, channel))
        {
            self.closed.push((edge, channel));
        }
    }

    /// Whether every channel takes more, as far as is known without asking.
    pub(crate) const fn are_open(&self) -> bool {
        self.closed.is_empty()
    }

    /// Ready when every channel takes more.
    pub(crate) fn poll_open(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while let Some(&(edge, channel)) = self.closed.last() {
            let target = &self.targets[edge][channel];
            if target.gate.poll_open(target.channel, context).is_pending() {
                return Poll::Pending;
            }
            self.closed.pop();
        }
        Poll::Ready(())
    }

    /// What a subtask without room waits for: a channel, and if all are open the sink.
    pub(crate) fn waits_for(&self) -> Activity {
        let channel = self.closed.last();
        channel.map_or(Activity::Sink, |&(edge, channel)| Activity::Channel { edge, channel })
    }

    /// Puts a barrier behind everything that was handed over, on every channel.
    pub(crate) fn broadcast_barrier(&mut self, checkpoint: u64, runner: &mut StageRunner) {
        let mut returned = Vec::new();
        for edge in 0..self.targets.len() {
            for channel in 0..self.targets[edge].len() {
                let message = Message::Barrier(checkpoint);
                self.send_message(edge, channel, message, &mut returned);
            }
            returned.drain(..).for_each(|batch| runner.give_back(edge, batch));
        }
    }

    /// Tells every channel that nothing more will come.
    pub(crate) fn end(&self, fires: bool) {
        for target in self.targets.iter().flatten() {
            target.gate.send(target.channel, Message::End { fires }, &mut Vec::new());
        }
    }
}
