//! A subtask behind an exchange: takes buffers from its input gate.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use dataflow::job::runtime::yield_now;
use dataflow::job::status::Activity;
use dataflow::stage::{Input, InputPort};
use dataflow::{Batch, Progress};

use crate::channel::input_gate::{InputGate, Message};
use crate::checkpoint::barrier_aligner::{Alignment, BarrierAligner};
use crate::task::attempt_state::EarlyEnd;
use crate::task::subtask::Subtask;

/// Runs a subtask from its first buffer to the end of all its channels.
pub(crate) async fn run(subtask: &mut Subtask, gate: Arc<InputGate>) -> Result<(), EarlyEnd> {
    let mut open = gate.channels();
    let mut aligner = BarrierAligner::new(open);
    let (mut first_barrier, mut fires) = (None, true);
    let mut returned = None;
    while open > 0 {
        let received = next(subtask, &gate, &mut returned).await;
        let now = subtask.runtime.now();
        subtask.flush_if_due(now).await?;
        // Processing time enters before the buffer, with the watermark as it was.
        let progress = subtask.runner.progress();
        subtask.advance(Progress { processing_time: now, ..progress }).await?;
        let Some((channel, port, message)) = received else { continue };
        match message {
            Message::Data(batch) => {
                let records = batch.len() as u64;
                subtask.run(Input::Buffer { port, channel, batch }).await?;
                returned = subtask.runner.emptied().map(|batch| (channel, batch));
                if subtask.fills_mini_batch(records) {
                    subtask.run(Input::EndOfUnit).await?;
                }
                yield_now().await;
            }
            Message::Barrier(id) => {
                let since = *first_barrier.get_or_insert(now);
                match aligner.barrier(channel, id) {
                    Alignment::Complete(id) => {
                        first_barrier = None;
                        subtask.checkpoint(id, Vec::new(), now.since(since)).await?;
                        gate.unblock_all();
                    }
                    Alignment::Waiting if subtask.aligns() => gate.block(channel),
                    Alignment::Waiting => {}
                }
            }
            // The watermark that ends its sender's input came before it.
            Message::End { fires: this_fires } => {
                open -= 1;
                fires &= this_fires;
                if let Alignment::Complete(id) = aligner.end(channel) {
                    let since = first_barrier.take().unwrap_or(now);
                    subtask.checkpoint(id, Vec::new(), now.since(since)).await?;
                    gate.unblock_all();
                }
            }
        }
    }
    subtask.finish(fires, Vec::new()).await
}

/// The next message, or `None` when a timer came first.
async fn next(
    subtask: &mut Subtask,
    gate: &InputGate,
    returned: &mut Option<(usize, Batch)>,
) -> Option<(usize, InputPort, Message)> {
    let due = subtask.next_due();
    let due = due.min(subtask.runner.wake_at().unwrap_or(due));
    let mut since = None;
    let mut armed = false;
    let Subtask { timer, status, runtime, .. } = subtask;
    let message = poll_fn(|context| {
        // Input first, the timer second.
        if let Poll::Ready(message) = gate.poll_next(context, returned) {
            return Poll::Ready(Some(message));
        }
        if !armed {
            timer.arm(due);
            armed = true;
        }
        if timer.poll_due(context).is_ready() {
            return Poll::Ready(None);
        }
        if since.is_none() {
            since = Some(runtime.now());
            status.set(Activity::Input);
        }
        Poll::Pending
    })
    .await;
    if let Some(since) = since {
        let now = subtask.runtime.now();
        subtask.times.current.idle_nanos += now.since(since);
        subtask.status.set(Activity::Working);
        subtask.times.report(now, subtask.status.name());
    }
    message
}
