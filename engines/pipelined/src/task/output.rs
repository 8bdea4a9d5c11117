//! A subtask's way out: channels to the next stage's gates, and the sink.

use std::sync::Arc;
use std::task::{Context, Poll};

use dataflow::exchange::sink::{Sink, SinkError, Transaction};
use dataflow::job::engine::BoxFuture;
use dataflow::job::runtime::Runtime;
use dataflow::operator::Counters;
use dataflow::operator::snapshot::Version;
use dataflow::record::latency_trace::Part;
use dataflow::{Batch, Outbox};

use crate::channel::input_gate::{InputGate, Message};

/// A transaction on its way to being durable.
pub(crate) type PreCommit = BoxFuture<Result<Option<Transaction>, SinkError>>;

/// One channel of an outgoing edge.
pub(crate) struct Target {
    pub(crate) gate: Arc<InputGate>,
    /// Its number at the gate.
    pub(crate) channel: usize,
}

/// Outgoing channels per edge, the sink if the stage has one, and what is closed at the moment.
pub(crate) struct TaskOutput {
    pub(crate) outbox: Outbox,
    targets: Vec<Vec<Target>>,
    sink: Option<Box<dyn Sink>>,
    /// Channels that must open before more input is taken.
    closed: Vec<(usize, usize)>,
    sink_is_full: bool,
    returned: Vec<Batch>,
    runtime: Arc<dyn Runtime>,
    pub(crate) records_out: u64,
}

impl TaskOutput {
    pub(crate) fn new(
        mut outbox: Outbox,
        targets: Vec<Vec<Target>>,
        sink: Option<Box<dyn Sink>>,
        runtime: Arc<dyn Runtime>,
    ) -> Self {
        let clock = Arc::clone(&runtime);
        outbox.start_trails(move || clock.now());
        Self {
            outbox,
            targets,
            sink,
            closed: Vec::new(),
            sink_is_full: false,
            returned: Vec::new(),
            runtime,
            records_out: 0,
        }
    }

    /// What operators have counted.
    pub(crate) fn counters(&self) -> Counters {
        self.outbox.counters
    }

    /// Whether there is nothing to hand over.
    pub(crate) fn is_empty(&self) -> bool {
        self.outbox.is_empty() && self.outbox.output.is_empty()
    }

    /// Hands over what the outbox holds. Never blocks; afterwards [`TaskOutput::poll_room`] tells
    /// when more input may be taken.
    pub(crate) fn hand_over(&mut self) -> Result<(), SinkError> {
        self.outbox.leaves(Part::Boundary);
        while let Some(sealed) = self.outbox.take() {
            if self.runtime.tracing() {
                self.runtime.trace(format_args!(
                    "send edge={} channel={} records={}",
                    sealed.edge,
                    sealed.channel,
                    sealed.batch.len()
                ));
            }
            let (edge, channel) = (sealed.edge, sealed.channel);
            let target = &self.targets[edge][channel];
            let message = Message::Data(sealed.batch);
            if !target.gate.send(target.channel, message, &mut self.returned)
                && !self.closed.contains(&(edge, channel))
            {
                self.closed.push((edge, channel));
            }
            self.returned.drain(..).for_each(|batch| self.outbox.give_back(edge, batch));
        }
        if let Some(sink) = &mut self.sink
            && !self.outbox.output.is_empty()
        {
            self.records_out += self.outbox.output.written;
            sink.write(&mut self.outbox.output, self.runtime.now())?;
            self.outbox.output.clear();
            self.sink_is_full = true;
        }
        Ok(())
    }

    /// Whether nothing that was handed over keeps the subtask from taking more, as far as is
    /// known without asking.
    pub(crate) fn has_room(&self) -> bool {
        self.closed.is_empty() && !self.sink_is_full
    }

    /// Ready when every channel and the sink take more.
    pub(crate) fn poll_room(&mut self, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        while let Some(&(edge, channel)) = self.closed.last() {
            let target = &self.targets[edge][channel];
            if target.gate.poll_open(target.channel, context).is_pending() {
                return Poll::Pending;
            }
            self.closed.pop();
        }
        if self.sink_is_full
            && let Some(sink) = &mut self.sink
        {
            match sink.poll_room(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Ready(Ok(())) => self.sink_is_full = false,
            }
        }
        Poll::Ready(Ok(()))
    }

    /// The channel that is waited for, as printed by the watchdog.
    pub(crate) fn waits_for(&self) -> Option<(usize, usize)> {
        self.closed.last().copied()
    }

    /// Puts a barrier behind everything that was handed over, on every channel.
    pub(crate) fn broadcast_barrier(&mut self, checkpoint: u64) {
        for (edge, targets) in self.targets.iter().enumerate() {
            for (channel, target) in targets.iter().enumerate() {
                let message = Message::Barrier(checkpoint);
                if !target.gate.send(target.channel, message, &mut self.returned)
                    && !self.closed.contains(&(edge, channel))
                {
                    self.closed.push((edge, channel));
                }
            }
            self.returned.drain(..).for_each(|batch| self.outbox.give_back(edge, batch));
        }
    }

    /// Closes the sink's transaction; `None` without a sink.
    pub(crate) fn pre_commit(&mut self, id: u64) -> Option<PreCommit> {
        self.sink.as_mut().map(|sink| sink.pre_commit(Version(id)))
    }

    /// Tells every channel that nothing more will come.
    pub(crate) fn end(&mut self, fires: bool) {
        for target in self.targets.iter().flatten() {
            target.gate.send(target.channel, Message::End { fires }, &mut self.returned);
        }
        self.returned.clear();
    }

    /// Ready when everything the sink took is where it belongs.
    pub(crate) fn poll_finish(&mut self, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        match &mut self.sink {
            Some(sink) => sink.poll_finish(context),
            None => Poll::Ready(Ok(())),
        }
    }
}
