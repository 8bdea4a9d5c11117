//! Where a subtask's input arrives: one gate, one lock, one queue per channel.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use dataflow::Batch;
use dataflow::stage::InputPort;

use crate::channel::credit::CreditLedger;

/// What travels on a channel.
#[derive(Debug)]
pub(crate) enum Message {
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

impl Message {
    /// What it puts on a link: the bytes of a buffer; events count as none.
    pub(crate) fn size_bytes(&self) -> u64 {
        match self {
            Self::Data(batch) => batch.bytes() as u64,
            Self::Barrier(_) | Self::End { .. } => 0,
        }
    }
}

/// How many buffers a gate and its channels hold.
#[derive(Copy, Clone, Debug)]
pub(crate) struct GateLimits {
    /// Credits that belong to each channel.
    pub(crate) exclusive_per_channel: u32,
    /// Credits shared by all channels.
    pub(crate) floating_per_gate: u32,
    /// Buffers that may wait for a credit on the sender's side of a channel before its sender
    /// must not take more input.
    pub(crate) backlog_per_channel: usize,
}

/// The input of one subtask.
///
/// Sending never blocks: it appends to the channel's backlog, moves on what credit allows, and
/// says whether the channel takes more; the sender waits for open channels before it takes input
/// itself (Flink's availability test). A consumed buffer goes back to its sender's pool and its
/// credit to the ledger in the same lock as the next receive, so a buffer costs two lock
/// operations in all.
///
/// At the end of links, what credit lets go departs, and arrives when whoever carries it says so;
/// the credit of a consumed buffer goes the same way back.
pub(crate) struct InputGate {
    state: Mutex<State>,
    backlog_per_channel: usize,
}

struct State {
    channels: Vec<Channel>,
    /// Channels with something to receive, in turn.
    ready: VecDeque<usize>,
    ledger: CreditLedger,
    receiver: Option<Waker>,
    links: Option<Links>,
}

/// What waits to be carried.
#[derive(Default)]
struct Links {
    departing: Vec<(usize, Message)>,
    /// Channels whose buffers have been consumed, one entry for each.
    consumed: Vec<usize>,
    carrier: Option<Waker>,
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
    pub(crate) fn new(ports: &[InputPort], limits: GateLimits) -> Self {
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
        let ready = VecDeque::new();
        let state = State { channels, ready, ledger, receiver: None, links: None };
        Self { state: Mutex::new(state), backlog_per_channel: limits.backlog_per_channel }
    }

    /// The same with a link between both ends of every channel: somebody has to carry.
    #[must_use]
    pub(crate) fn at_the_end_of_links(self) -> Self {
        self.lock().links = Some(Links::default());
        self
    }

    /// How many channels there are.
    pub(crate) fn channels(&self) -> usize {
        self.lock().channels.len()
    }

    /// Sends a message and takes buffers that have come back into `spare`. Returns whether the
    /// channel takes more.
    pub(crate) fn send(&self, channel: usize, message: Message, spare: &mut Vec<Batch>) -> bool {
        let mut state = self.lock();
        let sending = &mut state.channels[channel];
        spare.append(&mut sending.spare);
        sending.backlog.push_back(message);
        let woken = state.move_on(channel);
        let open = state.channels[channel].backlog.len() < self.backlog_per_channel;
        drop(state);
        woken.into_iter().for_each(Waker::wake);
        open
    }

    /// Ready when a channel takes more.
    pub(crate) fn poll_open(&self, channel: usize, context: &mut Context<'_>) -> Poll<()> {
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
    pub(crate) fn poll_next(
        &self,
        context: &mut Context<'_>,
        returned: &mut Option<(usize, Batch)>,
    ) -> Poll<(usize, InputPort, Message)> {
        let mut state = self.lock();
        let mut woken = None;
        if let Some((channel, batch)) = returned.take() {
            state.channels[channel].spare.push(batch);
            woken = match &mut state.links {
                // The receiver is here already; it need not be woken.
                None => state.give(channel, self.backlog_per_channel).0,
                Some(links) => {
                    links.consumed.push(channel);
                    links.carrier.take()
                }
            };
        }
        let received = state.receive();
        if received.is_none() {
            let known = state.receiver.as_ref();
            if !known.is_some_and(|waker| waker.will_wake(context.waker())) {
                state.receiver = Some(context.waker().clone());
            }
        }
        drop(state);
        woken.into_iter().for_each(Waker::wake);
        received.map_or(Poll::Pending, Poll::Ready)
    }

    /// Takes what is to be carried: messages to the receiver, in order, and a channel for every
    /// buffer that was consumed. Ready when there is any.
    pub(crate) fn poll_depart(
        &self,
        context: &mut Context<'_>,
        departed: &mut Vec<(usize, Message)>,
        consumed: &mut Vec<usize>,
    ) -> Poll<()> {
        let mut state = self.lock();
        let links = state.links.as_mut().expect("only what ends links has a carrier");
        departed.append(&mut links.departing);
        consumed.append(&mut links.consumed);
        if departed.is_empty() && consumed.is_empty() {
            links.carrier = Some(context.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    /// A message has been carried to its end.
    pub(crate) fn arrive(&self, channel: usize, message: Message) {
        let mut state = self.lock();
        let queue = &mut state.channels[channel].queue;
        let was_empty = queue.is_empty();
        queue.push_back(message);
        let woken = state.note_ready(channel, was_empty);
        drop(state);
        woken.into_iter().for_each(Waker::wake);
    }

    /// The credit of a consumed buffer has been carried back to its sender.
    pub(crate) fn give_credit(&self, channel: usize) {
        let mut state = self.lock();
        let (sender, carrier) = state.give(channel, self.backlog_per_channel);
        drop(state);
        sender.into_iter().chain(carrier).for_each(Waker::wake);
    }

    /// Receives nothing more from a channel until [`InputGate::unblock_all`].
    pub(crate) fn block(&self, channel: usize) {
        let mut state = self.lock();
        state.channels[channel].blocked = true;
        state.ready.retain(|ready| *ready != channel);
    }

    /// Receives from all channels again.
    pub(crate) fn unblock_all(&self) {
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
    /// Moves a channel's backlog on as far as credit allows; returns who has to be woken, the
    /// receiver or whoever carries.
    fn move_on(&mut self, channel: usize) -> Option<Waker> {
        let was_empty = self.channels[channel].queue.is_empty();
        let mut carrier = None;
        while let Some(message) = self.channels[channel].backlog.front() {
            let is_free = !matches!(message, Message::Data(_));
            if !is_free && !self.ledger.take(channel) {
                break;
            }
            let sending = &mut self.channels[channel];
            let message = sending.backlog.pop_front();
            match &mut self.links {
                None => sending.queue.extend(message),
                Some(links) => {
                    links.departing.extend(message.map(|message| (channel, message)));
                    carrier = carrier.or_else(|| links.carrier.take());
                }
            }
        }
        if self.links.is_some() { carrier } else { self.note_ready(channel, was_empty) }
    }

    /// Lets a channel take its turns once something is in its queue, which was empty or not;
    /// returns the receiver if it has to be woken.
    fn note_ready(&mut self, channel: usize, was_empty: bool) -> Option<Waker> {
        let receiving = &self.channels[channel];
        if !was_empty || receiving.queue.is_empty() || receiving.blocked {
            return None;
        }
        self.ready.push_back(channel);
        self.receiver.take()
    }

    /// Takes a credit back; returns the sender that has room again, and who has to be woken for
    /// what has moved on.
    fn give(&mut self, channel: usize, backlog_limit: usize) -> (Option<Waker>, Option<Waker>) {
        let Some(moved) = self.ledger.give(channel) else { return (None, None) };
        let woken = self.move_on(moved);
        let sending = &mut self.channels[moved];
        let has_room = sending.backlog.len() < backlog_limit;
        (if has_room { sending.sender.take() } else { None }, woken)
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
