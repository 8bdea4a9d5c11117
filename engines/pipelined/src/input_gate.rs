//! Where a subtask's input arrives: one gate, one lock, one queue per channel.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use dataflow::Batch;
use dataflow::stage::InputPort;

use crate::credit::CreditLedger;

/// What travels on a channel.
#[derive(Debug)]
pub enum Message {
    /// A buffer; costs a credit.
    Data(Batch),
    /// Everything before it belongs to this checkpoint. Costs none and stays in order.
    Barrier(u64),
    /// Nothing more will come; costs none and stays in order.
    End {
        /// The input has ended, and everything fires; not when the job was stopped on the way to
        /// go on later.
        fires: bool,
    },
}

/// How many buffers a gate and its channels hold.
#[derive(Copy, Clone, Debug)]
pub struct GateLimits {
    /// Credits that belong to each channel.
    pub exclusive_per_channel: u32,
    /// Credits shared by all channels.
    pub floating_per_gate: u32,
    /// Buffers that may wait for a credit on the sender's side of a channel before its sender
    /// must not take more input.
    pub backlog_per_channel: usize,
}

/// The input of one subtask.
///
/// Sending never blocks: it appends to the channel's backlog, moves on what credit allows, and
/// says whether the channel takes more; the sender waits for open channels before it takes input
/// itself (Flink's availability test). A consumed buffer goes back to its sender's pool and its
/// credit to the ledger in the same lock as the next receive, so a buffer costs two lock
/// operations in all.
pub struct InputGate {
    state: Mutex<State>,
    backlog_per_channel: usize,
}

struct State {
    channels: Vec<Channel>,
    /// Channels with something to receive, in turn.
    ready: VecDeque<usize>,
    ledger: CreditLedger,
    receiver: Option<Waker>,
}

struct Channel {
    port: InputPort,
    /// Sent and without a credit.
    backlog: VecDeque<Message>,
    /// With a credit, or free of one.
    queue: VecDeque<Message>,
    /// Consumed buffers on their way back.
    spare: Vec<Batch>,
    sender: Option<Waker>,
    /// Its barrier is in and those of others are not: nothing is received until they are.
    blocked: bool,
}

impl InputGate {
    /// A gate with one channel per entry of `ports`, which says by which input its records enter.
    pub fn new(ports: &[InputPort], limits: GateLimits) -> Self {
        let channel = |&port| Channel {
            port,
            backlog: VecDeque::new(),
            queue: VecDeque::new(),
            spare: Vec::new(),
            sender: None,
            blocked: false,
        };
        let ledger =
            CreditLedger::new(ports.len(), limits.exclusive_per_channel, limits.floating_per_gate);
        let channels = ports.iter().map(channel).collect();
        let state = State { channels, ready: VecDeque::new(), ledger, receiver: None };
        Self { state: Mutex::new(state), backlog_per_channel: limits.backlog_per_channel }
    }

    /// How many channels there are.
    pub fn channels(&self) -> usize {
        self.lock().channels.len()
    }

    /// Sends a message and takes buffers that have come back into `spare`. Returns whether the
    /// channel takes more.
    pub fn send(&self, channel: usize, message: Message, spare: &mut Vec<Batch>) -> bool {
        let mut state = self.lock();
        let sending = &mut state.channels[channel];
        spare.append(&mut sending.spare);
        sending.backlog.push_back(message);
        let receiver = state.move_on(channel);
        let open = state.channels[channel].backlog.len() < self.backlog_per_channel;
        drop(state);
        receiver.into_iter().for_each(Waker::wake);
        open
    }

    /// Ready when a channel takes more.
    pub fn poll_open(&self, channel: usize, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        let sending = &mut state.channels[channel];
        if sending.backlog.len() < self.backlog_per_channel {
            return Poll::Ready(());
        }
        sending.sender = Some(context.waker().clone());
        Poll::Pending
    }

    /// Gives back the buffer that was received before, and receives the next message: channel,
    /// the input it enters by, and the message. Channels take turns.
    pub fn poll_next(
        &self,
        context: &mut Context<'_>,
        returned: &mut Option<(usize, Batch)>,
    ) -> Poll<(usize, InputPort, Message)> {
        let mut state = self.lock();
        let mut sender = None;
        if let Some((channel, batch)) = returned.take() {
            state.channels[channel].spare.push(batch);
            if let Some(moved) = state.ledger.give(channel) {
                // The receiver is here already; it need not be woken.
                state.move_on(moved);
                let sending = &mut state.channels[moved];
                if sending.backlog.len() < self.backlog_per_channel {
                    sender = sending.sender.take();
                }
            }
        }
        let received = state.receive();
        if received.is_none() {
            let known = state.receiver.as_ref();
            if !known.is_some_and(|waker| waker.will_wake(context.waker())) {
                state.receiver = Some(context.waker().clone());
            }
        }
        drop(state);
        sender.into_iter().for_each(Waker::wake);
        received.map_or(Poll::Pending, Poll::Ready)
    }

    /// Receives nothing more from a channel until [`InputGate::unblock_all`].
    pub fn block(&self, channel: usize) {
        let mut state = self.lock();
        state.channels[channel].blocked = true;
        state.ready.retain(|ready| *ready != channel);
    }

    /// Receives from all channels again.
    pub fn unblock_all(&self) {
        let mut state = self.lock();
        let State { channels, ready, .. } = &mut *state;
        for (number, channel) in channels.iter_mut().enumerate() {
            if std::mem::take(&mut channel.blocked) && !channel.queue.is_empty() {
                ready.push_back(number);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no subtask fails while it holds a gate")
    }
}

impl State {
    /// Moves a channel's backlog on as far as credit allows; returns the receiver if it has to be
    /// woken.
    fn move_on(&mut self, channel: usize) -> Option<Waker> {
        let sending = &mut self.channels[channel];
        let was_empty = sending.queue.is_empty();
        while let Some(message) = sending.backlog.front() {
            let is_free = !matches!(message, Message::Data(_));
            if !is_free && !self.ledger.take(channel) {
                break;
            }
            sending.queue.extend(sending.backlog.pop_front());
        }
        if !was_empty || sending.queue.is_empty() || sending.blocked {
            return None;
        }
        self.ready.push_back(channel);
        self.receiver.take()
    }

    fn receive(&mut self) -> Option<(usize, InputPort, Message)> {
        let channel = self.ready.pop_front()?;
        let receiving = &mut self.channels[channel];
        let message = receiving.queue.pop_front()?;
        if !receiving.queue.is_empty() {
            self.ready.push_back(channel);
        }
        Some((channel, receiving.port, message))
    }
}
