//! Publishes what a job has committed, each commit once: rows and the number of their commit go into
//! one transaction, so that whoever takes the job up finds out which commits a reader sees.
//!
//! A job writes by several slots, each with a `transactional.id` and a group of its own. A commit `n` is
//! a transaction for each slot that has rows of it. The group's offset of partition 0 of the topic is
//! `n + 1` from then on. Slots are not atomic with one another: a reader may see one before another.

use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, Producer};
use rdkafka::{Offset, TopicPartitionList};

use crate::output_topic::{Deliveries, OutputTopic};
use crate::settings::KafkaFailure;
use crate::wait::Wait;

/// How long one call of a transaction may take before it is tried again.
const CALL: Duration = Duration::from_secs(10);
/// How long a commit is tried.
const LONGEST: Duration = Duration::from_secs(120);

/// The rows of a commit piece by piece, each of one sink and one a line; after a failure there are no
/// more.
pub type RowPieces<'a> = Box<dyn Iterator<Item = Result<(u32, Vec<u8>), KafkaFailure>> + 'a>;

/// What is about to happen within a transaction, for tests that end it there.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The transaction is to begin.
    Begin,
    /// A row is to be sent.
    Send,
    /// Every row is sent and none need be delivered.
    Drain,
    /// The number of the commit is to be added.
    AddOffset,
    /// The transaction is to be committed.
    Commit,
    /// The transaction is committed.
    Committed,
}

/// Asked before each step: whether to go on.
pub type StepGate = dyn Fn(Step) -> bool + Send + Sync;

/// Publishes the commits of one job.
pub struct Publisher {
    topic: OutputTopic,
    job: String,
    slots: Vec<Mutex<Slot>>,
    gate: OnceLock<Box<StepGate>>,
}

/// One transactional client, made anew after an error that it does not survive.
#[derive(Default)]
struct Slot {
    client: Option<SlotClient>,
    /// Commits before this one are published, as far as the broker knows; `None` if it knows none.
    next: Option<u64>,
}

struct SlotClient {
    producer: BaseProducer<Deliveries>,
    /// Knows the group that offsets are committed for.
    group: BaseConsumer,
    /// Since when the transaction that was begun last is open.
    opened: Wait,
}

/// What to do after an error.
enum Cure {
    Abort,
    /// No other try goes better, and what was sent is aborted.
    AbortAndEnd(KafkaFailure),
    /// A new client finds out what has become of the transaction.
    Anew,
    End(KafkaFailure),
}

impl Publisher {
    /// Takes over the slots of a job: whoever else held them can publish no more, and a transaction
    /// that was left open is aborted.
    ///
    /// # Errors
    /// When the broker does not answer or refuses it.
    pub fn open(topic: OutputTopic, job: &str, slots: u32) -> Result<Self, KafkaFailure> {
        let slots = (0..slots).map(|_| Mutex::default()).collect();
        let publisher = Self { topic, job: job.to_owned(), slots, gate: OnceLock::new() };
        publisher.every_slot(|number, slot| publisher.recover(number, slot))?;
        Ok(publisher)
    }

    /// For tests that end it between two steps.
    #[doc(hidden)]
    pub fn gate(&self, gate: Box<StepGate>) {
        drop(self.gate.set(gate));
    }

    /// How many slots there are.
    pub fn slots(&self) -> u32 {
        self.slots.len() as u32
    }

    /// The slot that a sink writes by.
    pub fn slot_of(&self, sink: u32) -> u32 {
        sink % self.slots()
    }

    /// The first commit that is not known to be published by a slot; `None` if the broker knows nothing
    /// of the slot: nothing was published, or so long ago that it has forgotten (after
    /// `offsets.retention.minutes`, 7 days).
    pub fn next(&self, slot: u32) -> Option<u64> {
        self.slots[slot as usize].lock().expect("no holder fails").next
    }

    /// Publishes the rows of a commit by one slot, unless that was done before. Commits of a slot are
    /// given in their order. `rows` tells them from the first one on whenever it is called: after an
    /// error they are sent once more.
    ///
    /// # Errors
    /// When another process has taken over the job, when the broker refuses the rows, when it does not
    /// take them for two minutes, and when `rows` fails, which publishes nothing.
    pub fn publish<'a>(
        &self,
        slot: u32,
        commit: u64,
        rows: &dyn Fn() -> RowPieces<'a>,
    ) -> Result<(), KafkaFailure> {
        let mut held = self.slots[slot as usize].lock().expect("no holder fails");
        let (began, mut told) = (Wait::begin(), false);
        while held.next.is_none_or(|next| next <= commit) {
            let Err(failed) = self.try_once(slot, &mut held, (commit, began), rows) else { break };
            let (error, cure) = failed;
            match cure {
                Cure::End(failure) => {
                    // Whoever tries once more asks the broker first what has become of it.
                    held.client = None;
                    return Err(failure);
                }
                Cure::AbortAndEnd(failure) => {
                    self.abort(&mut held, began)?;
                    return Err(failure);
                }
                Cure::Abort => self.abort(&mut held, began)?,
                Cure::Anew => held.client = None,
            }
            if began.lasted() > LONGEST {
                return Err(error);
            }
            if !told {
                told = true;
                (self.topic.tell)(&format!("{error}; commit {commit} is tried again"));
            }
            Wait::pause();
        }
        Ok(())
    }

    /// Runs something for each slot, each on a thread of its own: a first transaction takes seconds.
    fn every_slot(
        &self,
        work: impl Fn(u32, &mut Slot) -> Result<(), KafkaFailure> + Sync,
    ) -> Result<(), KafkaFailure> {
        std::thread::scope(|scope| {
            let begun: Vec<_> = (0..)
                .zip(&self.slots)
                .map(|(number, slot)| {
                    let work = &work;
                    scope.spawn(move || work(number, &mut slot.lock().expect("nobody fails")))
                })
                .collect();
            begun.into_iter().try_for_each(|thread| {
                thread.join().unwrap_or_else(|_| {
                    Err(KafkaFailure::Failed("a thread of the Kafka client failed".to_owned()))
                })
            })
        })
    }

    fn name_of(&self, slot: u32) -> String {
        format!("{}-{slot}", self.job)
    }

    /// A new client for a slot, and what the broker knows of the slot. The offset is asked for once the
    /// slot is taken over: while a transaction is open the broker does not tell it.
    fn recover(&self, number: u32, slot: &mut Slot) -> Result<(), KafkaFailure> {
        let name = self.name_of(number);
        let made = |error: KafkaError| self.topic.failure(&error);
        let mut config = self.topic.config();
        config.set("transactional.id", &name);
        let producer: BaseProducer<Deliveries> =
            config.create_with_context(Deliveries::default()).map_err(made)?;
        let mut reader = crate::client::config(&self.topic.settings, &self.topic.address.brokers);
        reader.set("group.id", &name).set("enable.auto.commit", "false");
        let group: BaseConsumer = reader.create().map_err(made)?;
        self.patiently(|| producer.init_transactions(CALL))?;
        let mut asked = TopicPartitionList::new();
        asked.add_partition(&self.topic.address.topic, self.topic.partitions[0]);
        let known = self.patiently(|| {
            let known = group.committed_offsets(asked.clone(), CALL)?;
            // An answer may be none for a partition: that is not to be taken for "nothing published".
            let first = known.elements().into_iter().next();
            first.map(|it| it.error().map(|()| it.offset())).transpose()
        })?;
        slot.next = match known {
            Some(Offset::Offset(next)) => Some(next.max(0) as u64),
            _ => None,
        };
        slot.client = Some(SlotClient { producer, group, opened: Wait::begin() });
        Ok(())
    }

    /// Calls again while the broker does not answer.
    fn patiently<T>(&self, call: impl FnMut() -> Result<T, KafkaError>) -> Result<T, KafkaFailure> {
        Wait::patiently(LONGEST, may_be_called_again, call)
            .map_err(|error| self.topic.failure(&error))
    }

    fn try_once<'a>(
        &self,
        number: u32,
        slot: &mut Slot,
        (commit, began): (u64, Wait),
        rows: &dyn Fn() -> RowPieces<'a>,
    ) -> Result<(), (KafkaFailure, Cure)> {
        if slot.client.is_none() {
            let recovered = self.recover(number, slot);
            recovered.map_err(|error| (error.clone(), cure_of_recovery(error)))?;
            if slot.next.is_some_and(|next| next > commit) {
                return Ok(());
            }
        }
        let Some(client) = &mut slot.client else { return Ok(()) };
        self.transact(client, (commit, began), rows()).map_err(|failed| match failed {
            Failed::Client(error) => (self.topic.failure(&error), self.cure(client, &error)),
            // Whether it is committed is for the broker to say.
            Failed::Commit(error) => match self.cure(client, &error) {
                Cure::Abort => (self.topic.failure(&error), Cure::Anew),
                cure => (self.topic.failure(&error), cure),
            },
            Failed::Rows(failure) => (failure.clone(), Cure::AbortAndEnd(failure)),
            Failed::Ours(failure) => (failure.clone(), Cure::End(failure)),
        })?;
        slot.next = Some(commit + 1);
        Ok(())
    }

    fn transact(
        &self,
        client: &mut SlotClient,
        (commit, began): (u64, Wait),
        rows: RowPieces<'_>,
    ) -> Result<(), Failed> {
        client.opened = Wait::begin();
        let SlotClient { producer, group, .. } = client;
        self.pass(Step::Begin)?;
        producer.begin_transaction()?;
        for piece in rows {
            let (sink, lines) = piece.map_err(Failed::Rows)?;
            for row in lines.split(|byte| *byte == b'\n').filter(|row| !row.is_empty()) {
                self.pass(Step::Send)?;
                self.topic.send(producer, sink, row)?;
            }
        }
        self.pass(Step::Drain)?;
        self.topic.drain(producer, LONGEST)?;
        self.pass(Step::AddOffset)?;
        let mut offsets = TopicPartitionList::new();
        let mut first = offsets.add_partition(&self.topic.address.topic, self.topic.partitions[0]);
        first.set_offset(Offset::Offset(commit as i64 + 1))?;
        first.set_metadata(format!("{} commit {commit}", self.job));
        let metadata = group.group_metadata().ok_or_else(|| {
            Failed::Ours(KafkaFailure::Failed("the client has no group".to_owned()))
        })?;
        again(began, || producer.send_offsets_to_transaction(&offsets, &metadata, CALL))?;
        self.pass(Step::Commit)?;
        again(began, || producer.commit_transaction(CALL)).map_err(Failed::Commit)?;
        self.pass(Step::Committed)
    }

    fn pass(&self, step: Step) -> Result<(), Failed> {
        match self.gate.get() {
            Some(gate) if !gate(step) => {
                let ended = format!("the test has ended it before {step:?}");
                Err(Failed::Ours(KafkaFailure::Failed(ended)))
            }
            _ => Ok(()),
        }
    }

    /// What is sent is delivered first: an abort with messages on their way blocks, and the client is
    /// of no use afterwards.
    fn abort(&self, slot: &mut Slot, began: Wait) -> Result<(), KafkaFailure> {
        let Some(client) = &slot.client else { return Ok(()) };
        // Of an aborted transaction nothing is missed.
        while client.producer.in_flight_count() > 0
            && self.topic.drain(&client.producer, CALL).is_err()
            && began.lasted() < LONGEST
        {}
        match again(began, || client.producer.abort_transaction(CALL)) {
            Ok(()) => Ok(()),
            Err(error) if is_fenced(client, &error) => Err(self.fenced(client)),
            Err(_) => {
                slot.client = None;
                Ok(())
            }
        }
    }

    fn cure(&self, client: &SlotClient, error: &KafkaError) -> Cure {
        if is_fenced(client, error) {
            return Cure::End(self.fenced(client));
        }
        match (self.topic.failure(error), error) {
            (failure @ KafkaFailure::Refused(_), _) => Cure::End(failure),
            (_, KafkaError::Transaction(error)) if error.txn_requires_abort() => Cure::Abort,
            (_, KafkaError::MessageProduction(_)) => Cure::Abort,
            _ => Cure::Anew,
        }
    }

    fn fenced(&self, client: &SlotClient) -> KafkaFailure {
        let why = why_fenced(&self.job, client.opened.lasted(), self.topic.transaction_timeout());
        KafkaFailure::Refused(format!("kafka:{}: {why}", self.topic.address))
    }
}

/// Why the broker takes no more from a client whose transaction has been open for so long. It ends one
/// itself once that has lasted too long, and not before.
fn why_fenced(job: &str, lasted: Duration, longest: Duration) -> String {
    if lasted < longest {
        return format!(
            "another process owns this job now (its transactions `{job}-..` were taken over); go on with \
             the job in one process alone"
        );
    }
    format!(
        "a transaction was open for {} s, and the broker has ended it after transaction.timeout.ms, {} ms, \
         unless another process has taken the job over; commit more often, or raise \
         transaction.timeout.ms in --kafka-config (and transaction.max.timeout.ms of the broker)",
        lasted.as_secs(),
        longest.as_millis()
    )
}

/// Why a transaction did not come to its end.
enum Failed {
    Client(KafkaError),
    /// While it was to be committed.
    Commit(KafkaError),
    /// There are not the rows that there should be.
    Rows(KafkaFailure),
    Ours(KafkaFailure),
}

impl From<KafkaError> for Failed {
    fn from(error: KafkaError) -> Self {
        Self::Client(error)
    }
}

fn cure_of_recovery(failure: KafkaFailure) -> Cure {
    match failure {
        KafkaFailure::Refused(_) => Cure::End(failure),
        KafkaFailure::Failed(_) => Cure::Anew,
    }
}

/// Calls again where the client says that the same call may succeed, for as long as a commit is tried.
fn again(began: Wait, call: impl FnMut() -> Result<(), KafkaError>) -> Result<(), KafkaError> {
    let is_retriable = |error: &KafkaError| matches!(error, KafkaError::Transaction(error) if error.is_retriable());
    Wait::patiently(LONGEST.saturating_sub(began.lasted()), is_retriable, call)
}

fn may_be_called_again(error: &KafkaError) -> bool {
    match error {
        KafkaError::Transaction(error) => error.is_retriable(),
        _ => {
            let passes = [
                RDKafkaErrorCode::NotCoordinator,
                RDKafkaErrorCode::CoordinatorNotAvailable,
                RDKafkaErrorCode::CoordinatorLoadInProgress,
                RDKafkaErrorCode::UnstableOffsetCommit,
            ];
            let code = error.rdkafka_error_code();
            crate::client::may_pass(error) || code.is_some_and(|code| passes.contains(&code))
        }
    }
}

/// Whether the broker takes no more from a client: another process has taken its slot over, or its
/// transaction was open for too long. After a fatal error every call tells of that alone.
fn is_fenced(client: &SlotClient, error: &KafkaError) -> bool {
    let fatal = || client.producer.client().fatal_error().map(|(code, _)| code);
    let code = match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::Fatal) => fatal(),
        code => code,
    };
    matches!(
        code,
        Some(
            RDKafkaErrorCode::Fenced
                | RDKafkaErrorCode::ProducerFenced
                | RDKafkaErrorCode::InvalidProducerEpoch
                | RDKafkaErrorCode::TransactionCoordinatorFenced
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_that_was_open_for_too_long_is_not_told_as_a_job_of_another_process() {
        let why = |seconds| why_fenced("j", Duration::from_secs(seconds), Duration::from_secs(60));
        assert!(why(59).starts_with("another process owns this job now"), "{}", why(59));
        assert!(!why(59).contains("transaction.timeout.ms"));
        let cause =
            "open for 61 s, and the broker has ended it after transaction.timeout.ms, 60000 ms";
        assert!(why(61).contains(cause) && why(61).contains("--kafka-config"), "{}", why(61));
    }
}
