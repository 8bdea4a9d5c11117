//! An engine: runs a plan under one model.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use crate::exchange::sink::SinkError;
use crate::job::observer::Observer;
use crate::job::plan::Plan;
use crate::job::runtime::Runtime;
use crate::job::settings::{Setting, Settings};
use crate::job::source::SourceError;
use crate::job::storage::StorageError;
use crate::operator::Counters;
use crate::operator::snapshot::RestoreError;
use crate::stage::StageError;

/// A boxed future that can move between threads.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Runs jobs under one model.
pub trait Engine: Send + Sync {
    /// As results name it.
    fn name(&self) -> &'static str;

    /// One sentence for `list engines`.
    fn describe(&self) -> &'static str;

    /// What can be set.
    fn settings(&self) -> &'static [Setting];

    /// Looks for settings that do not go together, each being sound by itself.
    ///
    /// # Errors
    /// What does not go together, and what to do.
    fn check(&self, settings: &Settings, parallelism: u32) -> Result<(), String> {
        let _ = (settings, parallelism);
        Ok(())
    }

    /// Runs a job to the end of its input, or until it is stopped and drained.
    fn run(
        &self,
        job: Job,
        runtime: Arc<dyn Runtime>,
        control: Control,
    ) -> BoxFuture<Result<Completion, EngineError>>;
}

/// What to run, and how.
#[derive(Clone, Debug)]
pub struct Job {
    /// The plan.
    pub plan: Plan,
    /// Subtasks per stage, 1 or more.
    pub parallelism: u32,
    /// The engine's settings, resolved.
    pub settings: Settings,
    /// Whether what the storage holds of this job is taken up.
    pub start: Start,
}

/// Where a job begins.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// At the first event, without state; the storage must hold nothing of the job.
    #[default]
    Fresh,
    /// Where the last completed checkpoint or batch in the storage left it; as `Fresh` when there
    /// is none.
    Resume,
}

/// Values of the setting `guarantee`, as [`Guarantee::named`] takes them.
pub const GUARANTEES: &[&str] = &["none", "at-least-once", "exactly-once"];

/// What a job promises about each event's effect when something fails.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Guarantee {
    /// Nothing: no checkpoints, no logs; a failure ends the run.
    #[default]
    None,
    /// It is not lost; its results may be seen more than once.
    AtLeastOnce,
    /// Its results are as if it had been processed once.
    ExactlyOnce,
}

impl Guarantee {
    /// By the name that settings and results carry.
    ///
    /// # Panics
    /// When the name is none of [`GUARANTEES`]: settings are checked when they are resolved.
    pub fn named(name: &str) -> Self {
        match GUARANTEES.iter().position(|known| *known == name) {
            Some(0) => Self::None,
            Some(1) => Self::AtLeastOnce,
            Some(2) => Self::ExactlyOnce,
            _ => panic!("{name} is no guarantee"),
        }
    }

    /// The name that settings and results carry.
    pub fn name(self) -> &'static str {
        GUARANTEES[self as usize]
    }
}

/// How to stop a job, and who listens.
#[derive(Clone)]
pub struct Control {
    /// Stops it.
    pub stop: StopSignal,
    /// Listens.
    pub observer: Arc<dyn Observer>,
}

/// What is left of a job that has come to its end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Completion {
    /// Records read by the sources.
    pub records_in: u64,
    /// Records handed to the sink.
    pub records_out: u64,
    /// Stopped before the end of the input.
    pub interrupted: bool,
    /// What operators have counted.
    pub counters: Counters,
    /// Records per exchange and partition.
    pub exchanges: Vec<ExchangeCounts>,
    /// The most sealed buffers that ever waited in one subtask's outbox.
    pub peak_outbox_buffers: usize,
    /// How often the job, a task or a batch was started again after a failure.
    pub restarts: u64,
    /// Events that were read again after a failure.
    pub replayed: u64,
    /// Checkpoints or batches that were completed durably.
    pub checkpoints: u64,
}

/// Records that an exchange brought to each partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExchangeCounts {
    /// The stages at both ends.
    pub exchange: String,
    /// Placement by which keys found their partition.
    pub placement: &'static str,
    /// Records per partition.
    pub records: Vec<u64>,
    /// Bytes in all, as buffers count them.
    pub bytes: u64,
}

impl Completion {
    /// Adds what one outbox has counted: its loads go to the exchanges its stage's edges are.
    pub fn add_outbox(
        &mut self,
        plan: &Plan,
        layout: &crate::job::plan::Layout,
        stage: crate::job::plan::StageId,
        outbox: &crate::Outbox,
    ) {
        self.counters.merge(&outbox.counters);
        self.peak_outbox_buffers = self.peak_outbox_buffers.max(outbox.peak_sealed());
        let sums = outbox.loads().iter().zip(outbox.bytes());
        for (edge, (loads, bytes)) in plan.outputs(stage).into_iter().zip(sums) {
            if edge.kind != crate::job::plan::EdgeKind::Hash {
                continue;
            }
            let name = plan.edge_name(edge);
            let found = self.exchanges.iter_mut().find(|counts| counts.exchange == name);
            match found {
                Some(counts) => {
                    counts.records.iter_mut().zip(loads).for_each(|(sum, load)| *sum += load);
                    counts.bytes += bytes;
                }
                None => self.exchanges.push(ExchangeCounts {
                    exchange: name,
                    placement: layout.placement.name(),
                    records: loads.clone(),
                    bytes: *bytes,
                }),
            }
        }
    }
}

/// Why a run did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// An operator failed, or state could not be written.
    #[error("stage `{stage}`, subtask {subtask}: {cause}")]
    Stage {
        /// The stage's operators.
        stage: String,
        /// Which subtask.
        subtask: u32,
        /// Why.
        cause: StageError,
    },
    /// An event could not be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A result could not be written.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// State could not be restored.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// Something durable could not be written or read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The storage holds a job that does not fit this one, or one where there should be none.
    #[error("cannot start: {0}")]
    Refused(String),
    /// A checkpoint was not acknowledged in time.
    #[error("checkpoint {id} was not acknowledged in time")]
    CheckpointExpired {
        /// Its id.
        id: u64,
    },
    /// Nothing has moved for a while.
    #[error("nothing has moved for {millis} ms: {}", waiting.join("; "))]
    Stalled {
        /// For how long, in milliseconds.
        millis: u64,
        /// Who waits for what.
        waiting: Vec<String>,
    },
    /// A task of the engine ended without a word: a panic, or a runtime that was shut down.
    #[error("a task ended without a result: {0}")]
    Lost(String),
}

impl EngineError {
    /// Whether starting again can help: the program's own mistakes and damaged files come back.
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Lost(_) | Self::CheckpointExpired { .. } => true,
            Self::Sink(error) => !error.damaged,
            Self::Storage(error) => !error.damaged,
            _ => false,
        }
    }
}

/// Asks a job to stop: sources read no more, everything is drained, and the job ends.
#[derive(Clone, Debug, Default)]
pub struct StopSignal(Arc<Stopping>);

#[derive(Debug, Default)]
struct Stopping {
    requested: AtomicBool,
    wakers: Mutex<Vec<Waker>>,
}

impl StopSignal {
    /// Asks for it; the first call counts.
    pub fn request(&self) {
        self.0.requested.store(true, Ordering::SeqCst);
        let wakers = std::mem::take(&mut *self.0.wakers.lock().expect("no holder fails"));
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Whether it was asked for.
    #[inline]
    pub fn is_requested(&self) -> bool {
        self.0.requested.load(Ordering::Relaxed)
    }

    /// Ready once it was asked for.
    pub fn poll_requested(&self, context: &mut Context<'_>) -> Poll<()> {
        if self.is_requested() {
            return Poll::Ready(());
        }
        let mut wakers = self.0.wakers.lock().expect("no holder fails");
        if !wakers.iter().any(|waker| waker.will_wake(context.waker())) {
            wakers.push(context.waker().clone());
        }
        drop(wakers);
        if self.is_requested() { Poll::Ready(()) } else { Poll::Pending }
    }
}
