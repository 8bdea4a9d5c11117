//! What lies between the two ends of a remote channel: buffers under way, and credits on their way
//! back.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use dataflow::ProcessingTime;
use dataflow::job::link::{Link, LinkSpec};
use dataflow::job::runtime::Runtime;

use crate::channel::input_gate::{InputGate, Message};

/// A gate's name for the message that gives a credit back, as faults know it.
const ANNOUNCE_CREDIT: &str = "announce credit";

/// Something under way.
enum Cargo {
    /// To the receiver.
    Message(usize, Message),
    /// To the sender: a credit of this channel.
    Credit(usize),
}

/// Carries what goes to and from one gate until the job ends: a link per channel for what is sent,
/// and the latency for every credit that comes back (Flink's `AddCredit`, which is announced once
/// a buffer has been consumed).
pub(crate) async fn carry(gate: Arc<InputGate>, spec: LinkSpec, runtime: Arc<dyn Runtime>) {
    let mut links: Vec<Box<dyn Link>> = (0..gate.channels()).map(|_| runtime.link(spec)).collect();
    // By the instant of arrival; what arrives at the same instant, in the order of departure.
    let mut under_way: BTreeMap<(ProcessingTime, u64), Cargo> = BTreeMap::new();
    let (mut departed, mut consumed) = (Vec::new(), Vec::new());
    let mut number = 0;
    let mut timer = runtime.timer();
    loop {
        let now = runtime.now();
        while let Some(first) = under_way.first_entry().filter(|first| first.key().0 <= now) {
            match first.remove() {
                Cargo::Message(channel, message) => gate.arrive(channel, message),
                Cargo::Credit(channel) => {
                    let gate = Arc::clone(&gate);
                    let action = Box::new(move || gate.give_credit(channel));
                    runtime.deliver(ANNOUNCE_CREDIT, action);
                }
            }
        }
        let next = under_way.first_key_value().map_or(ProcessingTime::MAX, |(key, _)| key.0);
        timer.arm(next);
        poll_fn(|context| {
            if gate.poll_depart(context, &mut departed, &mut consumed).is_ready() {
                return Poll::Ready(());
            }
            timer.poll_due(context)
        })
        .await;
        let now = runtime.now();
        for (channel, message) in departed.drain(..) {
            let at = links[channel].carry(now, message.size_bytes());
            under_way.insert((at, number), Cargo::Message(channel, message));
            number += 1;
        }
        for channel in consumed.drain(..) {
            under_way.insert((now.after(spec.latency_nanos), number), Cargo::Credit(channel));
            number += 1;
        }
    }
}
