//! A subtask that reads splits.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

use dataflow::job::engine::StopSignal;
use dataflow::job::observer::Observer;
use dataflow::job::runtime::yield_now;
use dataflow::job::source::{BatchReader, Next, READ_CHUNK, SourceError, Splits, note_oversleep};
use dataflow::job::status::Activity;
use dataflow::operator::progress::BoundedOutOfOrderness;
use dataflow::stage::Input;
use dataflow::{Batch, EventTime, ProcessingTime, Progress};

use crate::checkpoint::store::SplitState;
use crate::task::attempt_state::EarlyEnd;
use crate::task::flusher::Periodic;
use crate::task::subtask::Subtask;

/// Chunks read before other tasks get a turn.
const CHUNKS_PER_TURN: u32 = 4;

/// What a source subtask reads, and how it makes watermarks.
pub(crate) struct SourceTask {
    pub(crate) splits: Arc<dyn Splits>,
    pub(crate) reader: Box<dyn BatchReader>,
    pub(crate) own: Vec<OwnSplit>,
    /// Emits the watermark from time to time.
    pub(crate) watermark_timer: Periodic,
    /// And after this many records.
    pub(crate) watermark_records: u64,
    pub(crate) stop: StopSignal,
    pub(crate) observer: Arc<dyn Observer>,
    /// Per split of the job: how far it has been read in this attempt.
    pub(crate) read: Arc<[AtomicU64]>,
}

/// One split and how far it has been read.
pub(crate) struct OwnSplit {
    pub(crate) number: u32,
    pub(crate) offset: u64,
    pub(crate) watermarks: BoundedOutOfOrderness,
    pub(crate) ended: bool,
}

/// What a look at a subtask's splits found.
struct Outlook {
    /// Place in [`SourceTask::own`], and how far it can be read.
    readable: Option<(usize, u64)>,
    next_at: ProcessingTime,
    unknown: bool,
}

impl SourceTask {
    /// The next split with something to read, taking turns from `turn` on.
    fn look(&mut self, turn: usize, now: ProcessingTime) -> Result<Outlook, SourceError> {
        let mut found = Outlook { readable: None, next_at: ProcessingTime::MAX, unknown: false };
        let count = self.own.len();
        for place in (0..count).map(|step| (turn + step) % count) {
            let split = &mut self.own[place];
            if split.ended {
                continue;
            }
            let available = self.splits.available(split.number, split.offset, now)?;
            if available.end > split.offset {
                self.observer.backlog(split.number, now, available.end - split.offset);
                found.readable = Some((place, available.end));
                return Ok(found);
            }
            match available.next {
                Next::At(at) => found.next_at = found.next_at.min(at),
                Next::Unknown => found.unknown = true,
                Next::Never => split.ended = true,
            }
        }
        Ok(found)
    }

    /// It had nothing to do but to wait for an event at `due`, and its timer was so late.
    fn note_oversleep(&self, due: ProcessingTime, late_nanos: u64) {
        let open = self.own.iter().filter(|split| !split.ended);
        let from = open.map(|split| (split.number, split.offset));
        note_oversleep(&*self.splits, from, due, late_nanos, &*self.observer);
    }

    /// The smallest watermark of the splits that have not ended.
    fn watermark(&self) -> EventTime {
        let open = self.own.iter().filter(|split| !split.ended);
        open.map(|split| split.watermarks.watermark()).min().unwrap_or(EventTime::MAX)
    }

    fn has_ended(&self) -> bool {
        self.own.iter().all(|split| split.ended)
    }

    fn split_states(&self) -> Vec<SplitState> {
        let state = |split: &OwnSplit| SplitState {
            split: split.number,
            offset: split.offset,
            newest: split.watermarks.newest(),
            ended: split.ended,
        };
        self.own.iter().map(state).collect()
    }
}

/// Reads to the end of all splits, or until the job is stopped. Returns how far its splits have
/// been read in all, and whether it was stopped.
pub(crate) async fn run(
    subtask: &mut Subtask,
    mut source: SourceTask,
) -> Result<(u64, bool), EarlyEnd> {
    let mut batch = Some(source.reader.batch());
    let (mut since_watermark, mut chunks, mut turn) = (0, 0, 0);
    // Restored: what was promised before the failure is promised again before any record.
    let promised = source.watermark();
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
            let watermark = source.watermark();
            if watermark != EventTime::MAX && watermark > subtask.runner.progress().watermark {
                subtask.advance(Progress { watermark, processing_time: now }).await?;
            }
        }
        if subtask.runner.wake_at().is_some_and(|at| at <= now) {
            subtask.advance(Progress { processing_time: now, ..subtask.runner.progress() }).await?;
        }
        if let Some(id) = subtask.requested_checkpoint() {
            subtask.checkpoint(id, source.split_states(), 0).await?;
        }
        if source.stop.is_requested() {
            if subtask.may_stop() {
                break;
            }
            wait_to_stop(subtask).await;
            continue;
        }
        let found = source.look(turn, now).map_err(|error| subtask.fail_with(error))?;
        if source.has_ended() {
            break;
        }
        let Some((place, end)) = found.readable else {
            wait(subtask, &mut source, &found).await;
            chunks = 0;
            continue;
        };
        turn = place + 1;
        let read = read(subtask, &mut source, &mut batch, place, end, now).await?;
        since_watermark += read;
        chunks += 1;
        if chunks == CHUNKS_PER_TURN {
            chunks = 0;
            yield_now().await;
        }
    }
    let interrupted = source.own.iter().any(|split| !split.ended);
    // With checkpoints a stopped job goes on later: nothing fires that the rest of the input
    // would still have changed.
    let fires = !interrupted || subtask.checkpointing.is_none();
    subtask.finish(fires, source.split_states()).await?;
    let records = source.own.iter().map(|split| split.offset).sum();
    Ok((records, interrupted))
}

/// A stopped source reads no more and waits for the last checkpoint: to begin it, and to hear that
/// it is complete.
async fn wait_to_stop(subtask: &mut Subtask) {
    subtask.status.set(Activity::NextEvent);
    let due = subtask.flusher.next();
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
    place: usize,
    end: u64,
    now: ProcessingTime,
) -> Result<u64, EarlyEnd> {
    let split = &mut source.own[place];
    let offsets = split.offset..end.min(split.offset + READ_CHUNK);
    let records = offsets.end - offsets.start;
    split.offset = offsets.end;
    let mut chunk = batch.take().expect("the last chunk has been used up");
    let newest = source.reader.read(split.number, offsets, &mut chunk);
    split.watermarks.observe(newest.map_err(|error| subtask.fail_with(error))?);
    if subtask.runner.progress().processing_time != now {
        subtask.advance(Progress { processing_time: now, ..subtask.runner.progress() }).await?;
    }
    subtask.run(Input::Read { batch: chunk, cut: None }).await?;
    *batch = subtask.runner.emptied();
    let split = &source.own[place];
    source.read[split.number as usize].store(split.offset, Ordering::Relaxed);
    source.observer.read(split.number, now, split.offset);
    Ok(records)
}

/// Waits for the next planned event, for something from outside, for a timer or for the stop.
async fn wait(subtask: &mut Subtask, source: &mut SourceTask, found: &Outlook) {
    let since = subtask.runtime.now();
    subtask.status.set(Activity::NextEvent);
    let mut due = subtask.flusher.next().min(source.watermark_timer.next()).min(found.next_at);
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
        if found.unknown {
            for split in source.own.iter().filter(|split| !split.ended) {
                source.splits.when_available(split.number, context.waker());
                // Something may have come between the look and the registration.
                let available = source.splits.available(split.number, split.offset, since);
                if available.map_or(true, |it| it.end > split.offset || it.next == Next::Never) {
                    return Poll::Ready(());
                }
            }
        }
        Poll::Pending
    })
    .await;
    if due == found.next_at {
        source.note_oversleep(due, subtask.timer.late_nanos());
    }
    let now = subtask.runtime.now();
    subtask.times.current.idle_nanos += now.since(since);
    subtask.status.set(Activity::Working);
    subtask.times.report(now, subtask.status.name());
}
