//! What every subtask does: process, charge, hand over, wait for room.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use dataflow::exchange::outbox::Sealed;
use dataflow::job::runtime::{CostKinds, Home, Runtime, Timer, Work};
use dataflow::job::split_reader::SplitPosition;
use dataflow::job::status::{Activity, Status};
use dataflow::record::latency_trace::Part;
use dataflow::stage::{Input, StageError, StageRunner};
use dataflow::{Batch, EngineError, EventTime, ProcessingTime, Progress};

use crate::task::attempt_state::{AttemptState, EarlyEnd};
use crate::task::channels::Channels;
use crate::task::checkpointing::Checkpointing;
use crate::task::flusher::Periodic;
use crate::task::mini_batch::MiniBatch;
use crate::task::time_sheet::TimeSheet;

/// One instance of a stage, with all that it needs to run.
pub(crate) struct Subtask {
    pub(crate) runner: StageRunner,
    pub(crate) channels: Channels,
    pub(crate) stage_name: String,
    pub(crate) number: u32,
    pub(crate) flusher: Periodic,
    /// `None` unless its operators hold records back.
    pub(crate) mini_batch: Option<MiniBatch>,
    /// Polled only when the subtask would suspend.
    pub(crate) timer: Box<dyn Timer>,
    pub(crate) home: Home,
    /// Kinds of work that have a price.
    pub(crate) priced: CostKinds,
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) status: Arc<Status>,
    pub(crate) state: Arc<AttemptState>,
    pub(crate) times: TimeSheet,
    /// Its part in checkpoints, if there are any.
    pub(crate) checkpointing: Option<Checkpointing>,
}

impl Subtask {
    /// Ends the job with an error of this subtask's stage.
    pub(crate) fn fail(&self, cause: StageError) -> EarlyEnd {
        let (stage, subtask) = (self.stage_name.clone(), self.number);
        self.fail_with(EngineError::Stage { stage, subtask, cause })
    }

    pub(crate) fn fail_with(&self, error: impl Into<EngineError>) -> EarlyEnd {
        self.state.fail(error.into());
        EarlyEnd
    }

    /// When the flusher is due, or the time of a mini-batch is over.
    pub(crate) fn next_due(&self) -> ProcessingTime {
        let flush = self.flusher.next();
        self.mini_batch.as_ref().map_or(flush, |mini_batch| mini_batch.next().min(flush))
    }

    /// Ends the mini-batch if its time is over, and hands over what open buffers hold when the
    /// flusher is due.
    pub(crate) async fn flush_if_due(&mut self, now: ProcessingTime) -> Result<(), EarlyEnd> {
        if self.mini_batch.as_mut().is_some_and(|mini_batch| mini_batch.is_due(now)) {
            self.run(Input::EndOfUnit).await?;
        }
        if !self.flusher.is_due(now) {
            return Ok(());
        }
        self.flush().await
    }

    pub(crate) async fn flush(&mut self) -> Result<(), EarlyEnd> {
        let work = self.runner.flush();
        self.settle(work).await
    }

    /// Takes an input in and runs the stage on it to its end.
    pub(crate) async fn run(&mut self, input: Input) -> Result<(), EarlyEnd> {
        self.runner.begin(input);
        loop {
            let turn = self.runner.step().map_err(|error| self.fail(error))?;
            if !turn.quiet {
                self.settle(turn.work).await?;
            }
            if turn.done {
                return Ok(());
            }
        }
    }

    /// Whether an input with this number of records, which has been run, makes the mini-batch full:
    /// then that has to end.
    pub(crate) fn fills_mini_batch(&mut self, records: u64) -> bool {
        self.mini_batch.as_mut().is_some_and(|mini_batch| mini_batch.fills_up(records))
    }

    /// Moves the stage's time on.
    pub(crate) fn advance(
        &mut self,
        progress: Progress,
    ) -> impl Future<Output = Result<(), EarlyEnd>> + Send {
        self.run(Input::Time(progress))
    }

    /// Charges the work, hands its output over, and waits until there is room for more.
    pub(crate) async fn settle(&mut self, work: Work) -> Result<(), EarlyEnd> {
        // A flusher that finds nothing moves nothing, or idle subtasks would hide a stall.
        let has_worked = !work.is_none();
        if has_worked || self.runner.holds_output() {
            self.status.step();
        }
        if has_worked && !self.priced.is_empty() {
            self.charge(work).await;
        }
        self.hand_over()?;
        if self.runner.has_room() && self.channels.are_open() {
            return Ok(());
        }
        self.wait_for_room().await
    }

    /// Waits until work is done by its prices.
    pub(crate) async fn charge(&mut self, work: Work) {
        let Some(at) = self.runtime.reserve(self.home, work) else { return };
        let since = self.runtime.now();
        self.status.set(Activity::Charged);
        self.timer.arm(at);
        poll_fn(|context| self.timer.poll_due(context)).await;
        self.status.set(Activity::Working);
        self.runner.paid(since..self.runtime.now());
    }

    /// Hands over what the outbox holds. Never waits.
    pub(crate) fn hand_over(&mut self) -> Result<(), EarlyEnd> {
        let Self { runner, channels, runtime, .. } = self;
        let route = |sealed: Sealed, returned: &mut Vec<Batch>| {
            if runtime.tracing() {
                let (edge, channel, records) = (sealed.edge, sealed.channel, sealed.batch.len());
                runtime.trace(format_args!("send edge={edge} channel={channel} records={records}"));
            }
            channels.send(sealed, returned);
        };
        let handed = runner.hand_over(Part::Boundary, || runtime.now(), route);
        handed.map_err(|error| self.fail_with(error))
    }

    async fn wait_for_room(&mut self) -> Result<(), EarlyEnd> {
        let (mut since, mut unpaid) = (None, Work::NONE);
        loop {
            self.timer.arm(self.flusher.next());
            let Self { runner, channels, timer, status, runtime, .. } = self;
            let room = poll_fn(|context| {
                if channels.poll_open(context).is_ready()
                    && let Poll::Ready(result) = runner.poll_room(context)
                {
                    return Poll::Ready(Some(result));
                }
                if timer.poll_due(context).is_ready() {
                    return Poll::Ready(None);
                }
                since.get_or_insert_with(|| runtime.now());
                status.set(channels.waits_for());
                Poll::Pending
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
                        unpaid += self.runner.flush();
                        self.hand_over()?;
                    }
                }
            }
        }
        if let Some(since) = since {
            let now = self.runtime.now();
            self.times.back_pressured(now.since(since));
            self.status.set(Activity::Working);
            self.times.report(now, self.status.name());
        }
        if !unpaid.is_none() {
            self.charge(unpaid).await;
        }
        Ok(())
    }

    /// The end: everything goes out, and at the end of the input everything fires first.
    pub(crate) async fn finish(
        &mut self,
        fires: bool,
        splits: Vec<SplitPosition>,
    ) -> Result<(), EarlyEnd> {
        if fires {
            let progress = self.runner.progress();
            self.advance(Progress { watermark: EventTime::MAX, ..progress }).await?;
        }
        self.run(Input::EndOfUnit).await?;
        self.flush().await?;
        self.channels.end(fires);
        self.status.set(Activity::Sink);
        let finished = poll_fn(|context| self.runner.poll_finish(context)).await;
        finished.map_err(|error| self.fail_with(error))?;
        self.leave(splits).await?;
        self.status.set(Activity::Ended);
        self.times.report_rest(self.runtime.now(), self.status.name());
        Ok(())
    }
}
