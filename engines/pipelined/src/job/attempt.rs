//! One attempt to run a job with checkpoints: the coordinator's loop.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use dataflow::exchange::sink::{CommitHead, Committer, Transaction};
use dataflow::job::engine::Job;
use dataflow::job::observer::CheckpointReport;
use dataflow::job::runtime::{CostKind, Home, Runtime, Timer, Work, sleep_until};
use dataflow::operator::snapshot::Version;
use dataflow::{Completion, Control, EngineError, ProcessingTime};

use crate::checkpoint::coordinator::{Acknowledged, CheckpointCoordinator, Due};
use crate::checkpoint::mailbox::{Acknowledgement, Ending, Mailbox, Part, PartError};
use crate::checkpoint::store::{CheckpointStore, Metadata, SubtaskRecord};
use crate::job::wiring::Wiring;
use crate::settings::ResolvedSettings;
use crate::task::attempt_state::AttemptState;

/// The coordinator and all that it keeps.
pub(crate) struct Attempt {
    coordinator: CheckpointCoordinator<Part>,
    store: CheckpointStore,
    committer: Option<Arc<dyn Committer>>,
    mailbox: Arc<Mailbox>,
    state: Arc<AttemptState>,
    runtime: Arc<dyn Runtime>,
    control: Control,
    timer: Box<dyn Timer>,
    /// Subtasks that have ended, in their places.
    ended: Vec<Option<SubtaskRecord>>,
    /// Last transactions of those, until a checkpoint takes them.
    last_transactions: Vec<Transaction>,
    /// The newest completed checkpoint.
    newest: Option<Metadata>,
    /// All but `id`, `subtasks`, `transactions` and `finished` of the next checkpoint.
    template: Metadata,
    /// The checkpoint after which a stopped job ends.
    stop_after: Option<u64>,
    /// Every subtask has ended; what they did last is not durable yet.
    job_ended: Option<Completion>,
    pub(crate) completed_checkpoints: u64,
}

/// What the coordinator waits for.
enum Event {
    Messages(Vec<Acknowledgement>, Vec<Ending>),
    JobEnded(Result<Completion, EngineError>),
    Stop,
    Timer,
}

impl Attempt {
    pub(crate) fn new(
        job: &Job,
        settings: &ResolvedSettings,
        runtime: Arc<dyn Runtime>,
        control: Control,
        wiring: &Wiring,
        (store, committer): (CheckpointStore, Option<Arc<dyn Committer>>),
        (from, output, next_id): (Option<Metadata>, Option<CommitHead>, u64),
    ) -> Self {
        let stages = job.plan.stage_names();
        let subtasks = stages.len() * job.parallelism as usize;
        let random = runtime.random(&format!("checkpoint {next_id}"));
        let now = runtime.now();
        Self {
            coordinator: CheckpointCoordinator::new(
                settings.checkpoints,
                subtasks,
                next_id,
                now,
                random,
            ),
            store,
            committer,
            mailbox: Arc::clone(&wiring.mailbox),
            state: Arc::clone(&wiring.state),
            timer: runtime.timer(),
            runtime,
            control,
            ended: vec![None; subtasks],
            last_transactions: Vec::new(),
            newest: from,
            template: Metadata {
                id: 0,
                identity: job.identity,
                stages,
                parallelism: job.parallelism,
                placement: settings.placement,
                max_parallelism: settings.max_parallelism,
                subtasks: Vec::new(),
                transactions: Vec::new(),
                output,
                finished: false,
            },
            stop_after: None,
            job_ended: None,
            completed_checkpoints: 0,
        }
    }

    /// The id that the next checkpoint would have had.
    pub(crate) fn next_id(&self) -> u64 {
        self.coordinator.next_id()
    }

    /// Coordinates checkpoints until the job has ended or failed.
    pub(crate) async fn run(&mut self) -> Result<Completion, EngineError> {
        loop {
            match self.next_event().await {
                Event::Messages(acknowledgements, endings) => {
                    self.take(acknowledgements, endings)?;
                }
                Event::JobEnded(ended) => self.job_ended = Some(ended?),
                Event::Stop => {
                    let now = self.runtime.now();
                    self.stop_after = self.coordinator.trigger(now);
                    if let Some(id) = self.stop_after {
                        self.request(id);
                    }
                }
                Event::Timer => self.look()?,
            }
            if let Some(complete) = self.coordinator.take_complete() {
                self.complete(complete).await?;
            }
            // A checkpoint under way holds transactions that only it can commit.
            if !self.coordinator.is_pending()
                && let Some(completion) = self.job_ended.take()
            {
                if !completion.interrupted {
                    self.finish().await?;
                }
                return Ok(completion);
            }
        }
    }

    async fn next_event(&mut self) -> Event {
        // With everybody at the end there is nothing left to trigger.
        let goes_on = self.ended.iter().any(Option::is_none) || self.coordinator.is_pending();
        self.timer.arm(if goes_on { self.coordinator.due_at() } else { ProcessingTime::MAX });
        // A stop waits for the checkpoint under way.
        let may_stop = self.stop_after.is_none() && !self.coordinator.is_pending();
        let runs = self.job_ended.is_none();
        let Self { timer, mailbox, state, control, .. } = self;
        poll_fn(|context| {
            if let Poll::Ready((acknowledgements, endings)) = mailbox.poll_receive(context) {
                return Poll::Ready(Event::Messages(acknowledgements, endings));
            }
            if runs && let Poll::Ready(ended) = state.poll_end(context) {
                return Poll::Ready(Event::JobEnded(ended));
            }
            if may_stop && control.stop.poll_requested(context).is_ready() {
                return Poll::Ready(Event::Stop);
            }
            timer.poll_due(context).map(|()| Event::Timer)
        })
        .await
    }

    fn take(
        &mut self,
        acknowledgements: Vec<Acknowledgement>,
        endings: Vec<Ending>,
    ) -> Result<(), EngineError> {
        for Acknowledgement { checkpoint, subtask, part } in acknowledgements {
            match part {
                Ok(part) => self.coordinator.acknowledge(checkpoint, subtask, part),
                // As Flink's default: no checkpoint may fail.
                Err(PartError::Storage(error)) => return Err(error.into()),
                Err(PartError::Sink(error)) => return Err(error.into()),
            }
        }
        for Ending { subtask, newest, record, transaction } in endings {
            self.coordinator.end(subtask, newest);
            self.ended[subtask] = Some(record);
            self.last_transactions.extend(transaction);
        }
        Ok(())
    }

    fn look(&mut self) -> Result<(), EngineError> {
        match self.coordinator.look(self.runtime.now()) {
            Due::Nothing => {}
            Due::Trigger(id) => self.request(id),
            Due::Expired(id) => return Err(EngineError::CheckpointExpired { id }),
        }
        Ok(())
    }

    /// Tells the sources to begin a checkpoint, once it is paid for if that has a price. The coordinator
    /// hears of ends and failures meanwhile.
    fn request(&self, id: u64) {
        if self.runtime.tracing() {
            self.runtime.trace(format_args!("checkpoint {id} triggered"));
        }
        self.control.observer.checkpoint_begins(id);
        let (runtime, mailbox) = (Arc::clone(&self.runtime), Arc::clone(&self.mailbox));
        let tell = move |runtime: &dyn Runtime| {
            runtime.deliver("trigger checkpoint", Box::new(move || mailbox.request(id)));
        };
        let has_price = self.runtime.priced().contains(CostKind::Checkpoint);
        let work = Work { checkpoints: u64::from(has_price), ..Work::NONE };
        match has_price.then(|| self.runtime.reserve(Home(0), work)).flatten() {
            None => tell(&*runtime),
            Some(at) => self.runtime.spawn(
                Home(0),
                Box::pin(async move {
                    sleep_until(&*runtime, at).await;
                    tell(&*runtime);
                }),
            ),
        }
    }

    /// Everybody has acknowledged: durable first, visible second, and the older one goes.
    async fn complete(&mut self, complete: Acknowledged<Part>) -> Result<(), EngineError> {
        let Acknowledged { id, triggered, acknowledgements } = complete;
        let mut metadata = Metadata { id, ..self.template.clone() };
        let mut report = CheckpointReport {
            id,
            triggered,
            completed: triggered,
            bytes: 0,
            full: true,
            alignment_nanos: 0,
            pause_nanos: 0,
        };
        for (place, part) in acknowledgements.into_iter().enumerate() {
            let Some(part) = part else {
                let record = self.ended[place].clone();
                metadata.subtasks.push(record.expect("who sends nothing has ended"));
                continue;
            };
            report.bytes += part.bytes;
            report.full &= part.full;
            report.alignment_nanos = report.alignment_nanos.max(part.alignment_nanos);
            report.pause_nanos = report.pause_nanos.max(part.pause_nanos);
            metadata.transactions.extend(part.transaction);
            let mut chain = match &self.newest {
                Some(before) if !part.full => before.subtasks[place].chain.clone(),
                _ => Vec::new(),
            };
            chain.push(part.file);
            let record = SubtaskRecord { chain, splits: part.splits, tally: part.tally };
            metadata.subtasks.push(record);
        }
        let last = std::mem::take(&mut self.last_transactions);
        let (own, later): (Vec<_>, Vec<_>) = last.into_iter().partition(|it| it.id.0 <= id);
        metadata.transactions.extend(own);
        self.last_transactions = later;
        self.make_durable(metadata).await?;
        report.completed = self.runtime.now();
        self.coordinator.completed(report.completed);
        self.control.observer.checkpoint(&report);
        if self.runtime.tracing() {
            self.runtime.trace(format_args!("checkpoint {id} complete"));
        }
        if self.stop_after == Some(id) {
            self.mailbox.stop();
        }
        Ok(())
    }

    async fn make_durable(&mut self, metadata: Metadata) -> Result<(), EngineError> {
        let seal = self.store.complete(&metadata).await?;
        self.completed_checkpoints += 1;
        if let Some(committer) = &self.committer {
            let (id, transactions) = (Version(metadata.id), metadata.transactions.clone());
            self.template.output =
                committer.commit(id, seal, transactions, self.runtime.now()).await?;
        }
        self.newest = Some(metadata);
        Ok(self.store.sweep(self.newest.as_ref(), false).await?)
    }

    /// The job has ended: what was written since the last checkpoint becomes visible too.
    async fn finish(&mut self) -> Result<(), EngineError> {
        let messages = poll_fn(|context| match self.mailbox.poll_receive(context) {
            Poll::Ready(messages) => Poll::Ready(messages),
            Poll::Pending => Poll::Ready(Default::default()),
        });
        let (_, endings) = messages.await;
        self.take(Vec::new(), endings)?;
        let records = self.ended.iter_mut().map(Option::take);
        let subtasks: Option<Vec<SubtaskRecord>> = records.collect();
        let metadata = Metadata {
            id: self.coordinator.next_id(),
            subtasks: subtasks.expect("every subtask tells its end before the job has ended"),
            transactions: std::mem::take(&mut self.last_transactions),
            finished: true,
            ..self.template.clone()
        };
        self.make_durable(metadata).await
    }
}
