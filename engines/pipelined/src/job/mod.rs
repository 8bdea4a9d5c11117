//! The pipelined engine: one attempt after another until a job has come to its end.

pub(crate) mod attempt;
mod restart_backoff;
pub(crate) mod wiring;

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use dataflow::exchange::sink::Committer;
use dataflow::job::engine::{BoxFuture, Footprint, Job, Start};
use dataflow::job::placement_settings::check_placement;
use dataflow::job::plan::{Plan, StageId};
use dataflow::job::recovery::refusal::already_there;
use dataflow::job::recovery::restart_limit::RestartLimit;
use dataflow::job::runtime::{Home, Runtime, sleep_until};
use dataflow::job::settings::{Setting, Settings};
use dataflow::job::status::Watchdog;
use dataflow::operator::snapshot::Version;
use dataflow::record::content_hash::ContentHash;
use dataflow::{Completion, Control, Engine, EngineError, Guarantee};

use crate::checkpoint::store::{CheckpointStore, Metadata};
use crate::job::attempt::Attempt;
use crate::job::restart_backoff::RestartBackoff;
use crate::job::wiring::{RestoredJob, Wiring, channels_of, layout};
use crate::settings::{ResolvedSettings, SETTINGS};
use crate::task::attempt_state::watch;
use crate::task::subtask::Subtask;

/// The pipelined model.
#[derive(Copy, Clone, Debug, Default)]
pub struct Pipelined;

impl Engine for Pipelined {
    fn name(&self) -> &'static str {
        "pipelined"
    }

    fn describe(&self) -> &'static str {
        "long-lived subtasks, buffers and credits, watermarks in the stream (as Apache Flink)"
    }

    fn settings(&self) -> &'static [Setting] {
        SETTINGS
    }

    fn check(&self, settings: &Settings, parallelism: u32) -> Result<(), String> {
        let credits = ["exclusive_buffers_per_channel", "floating_buffers_per_gate"];
        if credits.iter().all(|name| settings.integer(name) == 0) {
            return Err(format!(
                "{} and {} are both 0: nothing could ever be sent",
                credits[0], credits[1]
            ));
        }
        check_placement(settings, parallelism)
    }

    fn footprint(&self, plan: &Plan, parallelism: u32, settings: &Settings) -> Footprint {
        let _ = settings;
        let of_each: usize = plan.edges.iter().map(|edge| channels_of(edge, parallelism)).sum();
        Footprint {
            subtasks: plan.stages.len() as u64 * u64::from(parallelism),
            channels: of_each as u64 * u64::from(parallelism),
        }
    }

    fn run(
        &self,
        job: Job,
        runtime: Arc<dyn Runtime>,
        control: Control,
    ) -> BoxFuture<Result<Completion, EngineError>> {
        Box::pin(async move {
            let settings = ResolvedSettings::new(&job.settings);
            let observer = Arc::clone(&control.observer);
            observer.started(runtime.now());
            let running = RunningJob { job, settings, runtime: Arc::clone(&runtime), control };
            let completion = if running.settings.guarantee == Guarantee::None {
                running.once().await?
            } else {
                running.with_recovery().await?
            };
            observer.finished(runtime.now());
            Ok(completion)
        })
    }
}

/// A job while it runs.
struct RunningJob {
    job: Job,
    settings: ResolvedSettings,
    runtime: Arc<dyn Runtime>,
    control: Control,
}

impl RunningJob {
    /// Without checkpoints a failure is the end.
    async fn once(self) -> Result<Completion, EngineError> {
        let wiring = self.start(None, 1)?;
        let ended = poll_fn(|context| wiring.state.poll_end(context)).await;
        if ended.is_err() {
            wiring.state.cancel();
            poll_fn(|context| wiring.state.poll_gone(context)).await;
        }
        ended
    }

    /// Lays out the subtasks and starts them.
    fn start(
        &self,
        restored: Option<RestoredJob>,
        first_checkpoint: u64,
    ) -> Result<Wiring, EngineError> {
        let runtime = Arc::clone(&self.runtime);
        let control = self.control.clone();
        let wiring =
            Wiring::new(&self.job, &self.settings, runtime, control, restored, first_checkpoint);
        let mut subtasks: Vec<(StageId, Subtask)> = Vec::new();
        for stage in (0..wiring.plan.stages.len()).map(StageId) {
            for number in 0..self.job.parallelism {
                subtasks.push((stage, wiring.subtask(stage, number)?));
            }
        }
        let statuses = subtasks.iter().map(|(_, subtask)| Arc::clone(&subtask.status)).collect();
        wiring.start_carriers();
        for (stage, subtask) in subtasks {
            wiring.start(subtask, stage);
        }
        let watchdog = Watchdog::new(statuses, self.settings.stall_nanos, self.runtime.now());
        let watching = watch(watchdog, Arc::clone(&wiring.state), Arc::clone(&self.runtime));
        self.runtime.spawn(Home(0), Box::pin(watching));
        Ok(wiring)
    }

    async fn with_recovery(self) -> Result<Completion, EngineError> {
        let committer = self.job.plan.committer(self.settings.guarantee)?;
        let store = CheckpointStore::new(self.runtime.storage());
        let mut found = store.look(&self.job).await?;
        if self.job.start == Start::Fresh && found.newest_id > 0 {
            return Err(already_there(&store.locate()));
        }
        for split in found.splits() {
            self.control.observer.resumed(split.split, split.events);
        }
        let mut backoff =
            RestartBackoff::new(self.settings.restart_nanos, self.settings.restart_max_nanos);
        let mut limit = RestartLimit::new(&self.job.settings);
        let (mut restarts, mut replayed, mut checkpoints) = (0, 0, 0);
        let mut next_id = 1;
        loop {
            next_id = next_id.max(found.newest_id + 1);
            let attempt = self.attempt(&store, committer.as_ref(), found.completed, next_id).await;
            let (error, read) = match attempt {
                Ok((mut attempt, wiring)) => {
                    let outcome = attempt.run().await;
                    next_id = attempt.next_id();
                    checkpoints += attempt.completed_checkpoints;
                    match outcome {
                        Ok(mut completion) => {
                            completion.restarts = restarts;
                            completion.replayed = replayed;
                            completion.checkpoints = checkpoints;
                            return Ok(completion);
                        }
                        Err(error) => {
                            wiring.state.cancel();
                            poll_fn(|context| wiring.state.poll_gone(context)).await;
                            let read: u64 =
                                wiring.read.iter().map(|split| split.load(Ordering::Relaxed)).sum();
                            (error, Some(read))
                        }
                    }
                }
                Err(error) => (error, None),
            };
            let error = limit.check(error, checkpoints)?;
            if self.control.stop.is_requested() {
                return Err(error);
            }
            self.pause(&error, &mut restarts, &mut backoff).await;
            found = loop {
                match store.look(&self.job).await {
                    Ok(found) => break found,
                    // A storage that fails for a while is asked again.
                    Err(error) => {
                        let error = limit.check(error, checkpoints)?;
                        if self.control.stop.is_requested() {
                            return Err(error);
                        }
                        self.pause(&error, &mut restarts, &mut backoff).await;
                    }
                }
            };
            if let Some(read) = read {
                let from: u64 = found.splits().map(|it| it.events).sum();
                replayed += read.saturating_sub(from);
                self.control.observer.restarted(self.runtime.now());
            }
        }
    }

    /// Tells of a failure, and waits before the job starts again.
    async fn pause(&self, error: &EngineError, restarts: &mut u64, backoff: &mut RestartBackoff) {
        let now = self.runtime.now();
        self.control.observer.restarting(now, &error.to_string());
        *restarts += 1;
        let random = self.runtime.random(&format!("restart {restarts}"));
        sleep_until(&*self.runtime, now.after(backoff.delay(now, random))).await;
    }

    /// Brings the output to where the checkpoint left it, and starts the subtasks there.
    async fn attempt(
        &self,
        store: &CheckpointStore,
        committer: Option<&Arc<dyn Committer>>,
        from: Option<(Metadata, ContentHash)>,
        next_id: u64,
    ) -> Result<(Attempt, Wiring), EngineError> {
        let mut output = None;
        if let Some(committer) = committer {
            output = store.output_promise(from.as_ref()).check(committer).await?;
            let keep = from.as_ref().map_or(&[][..], |(metadata, _)| &metadata.transactions);
            committer.abort_others(keep).await?;
            if let Some((metadata, seal)) = &from {
                let (id, transactions) = (Version(metadata.id), metadata.transactions.clone());
                output = committer.commit(id, *seal, transactions, self.runtime.now()).await?;
            }
        }
        let from = from.map(|(metadata, _)| metadata);
        // Nobody of an earlier attempt writes any more, and the checkpoint is of this job.
        store.sweep(from.as_ref(), true).await?;
        let begun = self.runtime.now();
        let restored = match &from {
            None => None,
            Some(metadata) => {
                let layout = layout(&self.job.plan, self.job.parallelism, &self.settings);
                let states = store.former_states(metadata, &self.job.plan, &layout).await?;
                Some(RestoredJob::new(metadata, states, &layout))
            }
        };
        let wiring = self.start(restored, next_id)?;
        wiring.tell_rescaled(self.runtime.now().since(begun));
        let attempt = Attempt::new(
            &self.job,
            &self.settings,
            Arc::clone(&self.runtime),
            self.control.clone(),
            &wiring,
            (store.clone(), committer.cloned()),
            (from, output, next_id),
        );
        Ok((attempt, wiring))
    }
}

#[cfg(test)]
#[path = "lost_credit_tests.rs"]
mod lost_credit_tests;
