//! What every subtask does: process, charge, hand over, wait for room.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use dataflow::job::observer::{Activity as Times, Observer};
use dataflow::job::runtime::{Home, Runtime, Timer, Work};
use dataflow::stage::{InputPort, Stage, StageError};
use dataflow::{Batch, EngineError, EventTime, ProcessingTime, Progress, Step};

use crate::checkpoint::checkpointing::Checkpointing;
use crate::checkpoint::store::SplitState;
use crate::job::status::{Activity, JobState, Status};
use crate::task::flusher::Periodic;
use crate::task::output::TaskOutput;

/// Reports of [`Times`] are this far apart.
const REPORT_EVERY_NANOS: u64 = 1_000_000_000;

/// One instance of a stage, with all that it needs to run.
pub(crate) struct Subtask {
    pub(crate) stage: Box<dyn Stage>,
    pub(crate) stage_name: String,
    pub(crate) number: u32,
    pub(crate) output: TaskOutput,
    pub(crate) progress: Progress,
    pub(crate) flusher: Periodic,
    /// Polled only when the subtask would suspend.
    pub(crate) timer: Box<dyn Timer>,
    pub(crate) home: Home,
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) status: Arc<Status>,
    pub(crate) state: Arc<JobState>,
    pub(crate) times: TimeSheet,
    /// Its part in checkpoints, if there are any.
    pub(crate) checkpointing: Option<Checkpointing>,
}

/// Why a subtask stops before its end: the error, already told, or the end of the job.
pub(crate) struct Stopped;

impl Subtask {
    /// Ends the job with an error of this subtask's stage.
    pub(crate) fn fail(&self, cause: StageError) -> Stopped {
        let (stage, subtask) = (self.stage_name.clone(), self.number);
        self.fail_with(EngineError::Stage { stage, subtask, cause })
    }

    pub(crate) fn fail_with(&self, error: impl Into<EngineError>) -> Stopped {
        self.state.fail(error.into());
        Stopped
    }

    /// Hands over what open buffers hold when the flusher is due.
    pub(crate) async fn flush_if_due(&mut self, now: ProcessingTime) -> Result<(), Stopped> {
        if !self.flusher.is_due(now) {
            return Ok(());
        }
        self.flush().await
    }

    pub(crate) async fn flush(&mut self) -> Result<(), Stopped> {
        self.stage.flush(&mut self.output.outbox);
        self.settle(Work::default()).await
    }

    /// Processes a batch to its end; `on_mark` turns a watermark inside it into the subtask's, if
    /// that rises.
    pub(crate) async fn process(
        &mut self,
        port: InputPort,
        batch: &mut Batch,
        on_mark: &mut (dyn FnMut(EventTime) -> Option<EventTime> + Send),
        work: Work,
    ) -> Result<(), Stopped> {
        loop {
            let upto = batch.stop();
            while self
                .stage
                .process(port, batch, upto, &mut self.output.outbox)
                .map_err(|error| self.fail(error))?
                == Step::More
            {
                self.settle(Work::default()).await?;
            }
            match batch.take_mark() {
                Some(mark) => {
                    if let Some(watermark) = on_mark(mark) {
                        let progress = Progress { watermark, ..self.progress };
                        self.advance_within_step(progress).await?;
                    }
                }
                None => break,
            }
        }
        self.settle(work).await
    }

    /// Moves the stage's time on.
    pub(crate) async fn advance(&mut self, progress: Progress) -> Result<(), Stopped> {
        self.output.outbox.steps();
        self.advance_within_step(progress).await
    }

    async fn advance_within_step(&mut self, progress: Progress) -> Result<(), Stopped> {
        self.progress = progress;
        loop {
            let fired_before = self.output.outbox.counters.fired;
            let step = self
                .stage
                .advance(progress, &mut self.output.outbox)
                .map_err(|error| self.fail(error))?;
            let records = self.output.outbox.counters.fired - fired_before;
            if step == Step::Done && records == 0 && self.output.is_empty() {
                return Ok(());
            }
            self.settle(Work { records, ..Work::default() }).await?;
            if step == Step::Done {
                return Ok(());
            }
        }
    }

    /// Charges the work, hands its output over, and waits until there is room for more.
    pub(crate) async fn settle(&mut self, work: Work) -> Result<(), Stopped> {
        // A flusher that finds nothing moves nothing, or idle subtasks would hide a stall.
        if work != Work::default() || !self.output.is_empty() {
            self.status.step();
        }
        if work != Work::default()
            && let Some(at) = self.runtime.reserve(self.home, work)
        {
            self.status.set(Activity::Charged);
            self.timer.arm(at);
            poll_fn(|context| self.timer.poll_due(context)).await;
            self.status.set(Activity::Working);
        }
        self.output.hand_over().map_err(|error| self.fail_with(error))?;
        if self.output.has_room() { Ok(()) } else { self.wait_for_room().await }
    }

    async fn wait_for_room(&mut self) -> Result<(), Stopped> {
        let mut since = None;
        loop {
            self.timer.arm(self.flusher.next());
            let Self { output, timer, status, runtime, .. } = self;
            let room = poll_fn(|context| match output.poll_room(context) {
                Poll::Ready(result) => Poll::Ready(Some(result)),
                Poll::Pending if timer.poll_due(context).is_ready() => Poll::Ready(None),
                Poll::Pending => {
                    since.get_or_insert_with(|| runtime.now());
                    status.set(Activity::Room(output.waits_for()));
                    Poll::Pending
                }
            })
            .await;
            match room {
                Some(result) => {
                    result.map_err(|error| self.fail_with(error))?;
                    break;
                }
                // The flusher runs on while the subtask waits: other channels may be open.
                None => {
                    if self.flusher.is_due(self.runtime.now()) {
                        self.stage.flush(&mut self.output.outbox);
                        self.output.hand_over().map_err(|error| self.fail_with(error))?;
                    }
                }
            }
        }
        if let Some(since) = since {
            let now = self.runtime.now();
            self.times.current.back_pressured_nanos += now.since(since);
            self.status.set(Activity::Working);
            self.times.report(now, &self.status.name);
        }
        Ok(())
    }

    /// The end: everything goes out, and at the end of the input everything fires first.
    pub(crate) async fn finish(
        &mut self,
        fires: bool,
        splits: Vec<SplitState>,
    ) -> Result<(), Stopped> {
        if fires {
            self.advance(Progress { watermark: EventTime::MAX, ..self.progress }).await?;
        }
        self.flush().await?;
        self.output.end(fires);
        let Self { output, status, .. } = self;
        status.set(Activity::Room(None));
        let finished = poll_fn(|context| output.poll_finish(context)).await;
        finished.map_err(|error| self.fail_with(error))?;
        self.leave(splits).await?;
        self.status.set(Activity::Ended);
        self.times.report_rest(self.runtime.now(), &self.status.name);
        Ok(())
    }
}

/// Adds up where a subtask's time goes.
pub(crate) struct TimeSheet {
    pub(crate) current: Times,
    period_start: ProcessingTime,
    observer: Arc<dyn Observer>,
}

impl TimeSheet {
    pub(crate) fn new(observer: Arc<dyn Observer>, now: ProcessingTime) -> Self {
        Self { current: Times::default(), period_start: now, observer }
    }

    /// Reports when the period is over.
    pub(crate) fn report(&mut self, now: ProcessingTime, name: &str) {
        if now.since(self.period_start) >= REPORT_EVERY_NANOS {
            self.report_rest(now, name);
        }
    }

    pub(crate) fn report_rest(&mut self, now: ProcessingTime, name: &str) {
        let waited = self.current.idle_nanos + self.current.back_pressured_nanos;
        self.current.busy_nanos = now.since(self.period_start).saturating_sub(waited);
        self.observer.activity(name, self.current);
        self.current = Times::default();
        self.period_start = now;
    }
}
