//! A subtask that reads splits.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

use dataflow::job::engine::StopSignal;
use dataflow::job::runtime::yield_now;
use dataflow::job::split_reader::{Outlook, Readable, SplitReader};
use dataflow::job::status::Activity;
use dataflow::stage::Input;
use dataflow::{Batch, EventTime, ProcessingTime, Progress};

use crate::task::attempt_state::EarlyEnd;
use crate::task::flusher::Periodic;
use crate::task::source_watermarks::SourceWatermarks;
use crate::task::subtask::Subtask;

/// Chunks read before other tasks get a turn.
const CHUNKS_PER_TURN: u32 = 4;

/// What a source subtask reads, and how it makes watermarks.
pub(crate) struct SourceTask {
    pub(crate) splits: SplitReader,
    /// Emits the watermark from time to time.
    pub(crate) watermark_timer: Periodic,
    /// And after this many records.
    pub(crate) watermark_records: u64,
    /// With an idle timeout: what the subtasks of the source can promise.
    pub(crate) all: Option<Arc<SourceWatermarks>>,
    pub(crate) stop: StopSignal,
    /// Per split of the job: how far it has been read in this attempt.
    pub(crate) read: Arc<[AtomicU64]>,
}

impl SourceTask {
    /// What this subtask of the source can promise where this was promised before: what its own splits
    /// allow for, or those of the others while its own are all idle, or behind it as they were.
    fn promise(&self, subtask: u32, promised: EventTime) -> EventTime {
        let Some(all) = &self.all else { return self.splits.watermark() };
        let own = self.splits.active_watermark().filter(|own| *own >= promised);
        let smallest = all.tell(subtask, own.filter(|own| *own < EventTime::MAX));
        own.or(smallest).unwrap_or(promised)
    }

    /// It reads no more.
    fn end(&self, subtask: u32) {
        if let Some(all) = &self.all {
            all.tell(subtask, None);
        }
    }
}

/// Reads to the end of all splits, or until the job is stopped. Returns how far its splits have
/// been read in all, and whether it was stopped.
pub(crate) async fn run(
    subtask: &mut Subtask,
    mut source: SourceTask,
) -> Result<(u64, bool), EarlyEnd> {
    let mut batch = Some(source.splits.batch());
    let (mut since_watermark, mut chunks) = (0, 0);
    // Restored: what was promised before the failure is promised again before any record.
    let promised = source.splits.watermark();
    if promised > subtask.runner.progress().watermark && promised != EventTime::MAX {
        subtask.advance(Progress { watermark: promised, ..subtask.runner.progress() }).await?;
    }
    loop {
        if subtask.state.is_cancelled() {
            return Err(EarlyEnd);
        }
        let now = subtask.runtime.now();
        subtask.flush_if_due(now).await?;
        if source.watermark_timer.is_due(now) || since_watermark >= source.watermark_records {
            since_watermark = 0;
            let watermark = source.promise(subtask.number, subtask.runner.progress().watermark);
            if watermark != EventTime::MAX && watermark > subtask.runner.progress().watermark {
                subtask.advance(Progress { watermark, processing_time: now }).await?;
            }
        }
        if subtask.runner.wake_at().is_some_and(|at| at <= now) {
            subtask.advance(Progress { processing_time: now, ..subtask.runner.progress() }).await?;
        }
        if let Some(id) = subtask.requested_checkpoint() {
            subtask.checkpoint(id, source.splits.positions().to_vec(), 0).await?;
        }
        if source.stop.is_requested() {
            if subtask.may_stop() {
                break;
            }
            wait_to_stop(subtask).await;
            continue;
        }
        let found = source.splits.look(now).map_err(|error| subtask.fail_with(error))?;
        let Some(readable) = found.readable else {
            if source.splits.has_ended() {
                break;
            }
            wait(subtask, &mut source, &found).await;
            chunks = 0;
            continue;
        };
        since_watermark += read(subtask, &mut source, &mut batch, readable, now).await?;
        chunks += 1;
        if chunks == CHUNKS_PER_TURN {
            chunks = 0;
            yield_now().await;
        }
    }
    source.end(subtask.number);
    let interrupted = !source.splits.has_ended();
    // With checkpoints a stopped job goes on later: nothing fires that the rest of the input
    // would still have changed.
    let fires = !interrupted || subtask.checkpointing.is_none();
    subtask.finish(fires, source.splits.positions().to_vec()).await?;
    Ok((source.splits.records(), interrupted))
}

/// A stopped source reads no more and waits for the last checkpoint: to begin it, and to hear that
/// it is complete.
async fn wait_to_stop(subtask: &mut Subtask) {
    subtask.status.set(Activity::NextEvent);
    let due = subtask.next_due();
    subtask.timer.arm(due);
    let mut registered = false;
    poll_fn(|context| {
        if registered || subtask.timer.poll_due(context).is_ready() {
            return Poll::Ready(());
        }
        registered = true;
        subtask.register_for_messages(context);
        if subtask.hears_something() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    subtask.status.set(Activity::Working);
}

/// Reads one chunk of a split and sends it through the stage.
async fn read(
    subtask: &mut Subtask,
    source: &mut SourceTask,
    batch: &mut Option<Batch>,
    found: Readable,
    now: ProcessingTime,
) -> Result<u64, EarlyEnd> {
    let mut chunk = batch.take().expect("the last chunk has been used up");
    let read = source.splits.read(found, now, &mut chunk);
    let records = read.map_err(|error| subtask.fail_with(error))?;
    if subtask.runner.progress().processing_time != now {
        subtask.advance(Progress { processing_time: now, ..subtask.runner.progress() }).await?;
    }
    subtask.run(Input::Read { batch: chunk, cut: None }).await?;
    if subtask.fills_mini_batch(records) {
        subtask.run(Input::EndOfUnit).await?;
    }
    source.splits.set_paused(subtask.times.all_back_pressured_nanos());
    *batch = subtask.runner.emptied();
    let position = source.splits.last_read();
    source.read[position.split as usize].store(position.events, Ordering::Relaxed);
    Ok(records)
}

/// Waits for the next planned event, for something from outside, for a timer or for the stop.
async fn wait(subtask: &mut Subtask, source: &mut SourceTask, found: &Outlook) {
    let since = subtask.runtime.now();
    subtask.status.set(Activity::NextEvent);
    let mut due = subtask.next_due().min(source.watermark_timer.next()).min(found.next_at);
    due = due.min(subtask.runner.wake_at().unwrap_or(due));
    subtask.timer.arm(due);
    let mut registered = false;
    poll_fn(|context| {
        let stopped = source.stop.poll_requested(context).is_ready();
        // Woken for whatever reason: the caller looks again.
        if registered || stopped || subtask.timer.poll_due(context).is_ready() {
            return Poll::Ready(());
        }
        registered = true;
        subtask.register_for_messages(context);
        if subtask.hears_something() {
            return Poll::Ready(());
        }
        if found.unknown && source.splits.when_available(context.waker(), since) {
            // Something came between the look and the registration.
            return Poll::Ready(());
        }
        Poll::Pending
    })
    .await;
    if due == found.next_at {
        source.splits.note_oversleep(due, subtask.timer.late_nanos());
    }
    let now = subtask.runtime.now();
    subtask.times.current.idle_nanos += now.since(since);
    subtask.status.set(Activity::Working);
    subtask.times.report(now, subtask.status.name());
}
