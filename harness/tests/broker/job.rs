//! A job that checkpoints, commits and recovers as an engine does, into a topic, on a disk that fails.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use dataflow::exchange::sink::{Committer, Output, Sink, SinkError, SinkSlot, Transaction, Wants};
use dataflow::operator::snapshot::Version;
use dataflow::record::content_hash::ContentHash;
use dataflow::{Digest, ProcessingTime};
use kafka::rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use kafka::rdkafka::client::DefaultClientContext;
use kafka::rdkafka::consumer::{BaseConsumer, Consumer};
use kafka::rdkafka::error::KafkaError;
use kafka::rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use kafka::{ClientSettings, Company, OutputTopic};
use rand::RngExt;
use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::SeedableRng;
use streamgauge::internals::{Options, TopicCheck, TopicOutput, Transactional, transactional};
use tokio::runtime::Runtime;

use crate::disk::{Disk, Fault};

const SINKS: u32 = 3;
const SLOTS: u32 = 2;

/// A broker that is running, and threads for what blocks.
pub(crate) struct Broker {
    address: String,
    runtime: Runtime,
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Why a step did not come to its end.
#[derive(Debug)]
pub(crate) enum Stop {
    Failed(String),
    /// The process has ended.
    Killed,
}

impl Broker {
    pub(crate) fn new() -> Self {
        let address = std::env::var("KAFKA_BROKERS");
        let address = address.expect("KAFKA_BROKERS is set: run it by `scripts/kafka with`");
        Self { address, runtime: Runtime::new().unwrap() }
    }

    /// A new topic of this name.
    pub(crate) fn topic(&self, name: &str, partitions: i32) -> String {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.address);
        let admin: AdminClient<DefaultClientContext> = config.create().unwrap();
        let topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
        let made = admin.create_topics([&topic], &AdminOptions::new());
        self.runtime.block_on(made).unwrap().remove(0).unwrap();
        // The broker answers before it knows the topic itself.
        let is_there = || {
            let metadata = admin.inner().fetch_metadata(Some(name), Duration::from_secs(10));
            metadata.unwrap().topics()[0].error().is_none()
        };
        while !is_there() {
            std::thread::park_timeout(Duration::from_millis(20));
        }
        name.to_owned()
    }

    /// The rows that a reader of what is committed sees, sorted. It knows nothing of the code that is
    /// tested.
    pub(crate) fn rows(&self, topic: &str) -> Vec<String> {
        let consumer = |isolation: &str| -> BaseConsumer {
            let mut config = ClientConfig::new();
            config.set("bootstrap.servers", &self.address).set("group.id", "test");
            config.set("enable.auto.commit", "false").set("enable.partition.eof", "true");
            config.set("isolation.level", isolation).create().unwrap()
        };
        let (all, consumer) = (consumer("read_uncommitted"), consumer("read_committed"));
        let patience = Duration::from_secs(10);
        let metadata = consumer.fetch_metadata(Some(topic), patience).unwrap();
        let mut open = metadata.topics()[0].partitions().len();
        let mut assigned = TopicPartitionList::new();
        for partition in 0..open as i32 {
            // What is committed can be read a moment later.
            let end = all.fetch_watermarks(topic, partition, patience).unwrap().1;
            while consumer.fetch_watermarks(topic, partition, patience).unwrap().1 < end {
                std::thread::park_timeout(Duration::from_millis(5));
            }
            assigned.add_partition_offset(topic, partition, Offset::Beginning).unwrap();
        }
        consumer.assign(&assigned).unwrap();
        let mut rows = Vec::new();
        while open > 0 {
            match consumer.poll(Duration::from_secs(20)).expect("the broker answers") {
                Ok(message) => {
                    let row = str::from_utf8(message.payload().unwrap()).unwrap();
                    rows.push(row.to_owned());
                }
                Err(KafkaError::PartitionEOF(_)) => open -= 1,
                Err(error) => panic!("{error}"),
            }
        }
        rows.sort();
        rows
    }

    /// Runs a step to its end, or to that of the process.
    fn run<T>(
        &self,
        disk: &Disk,
        step: impl Future<Output = Result<T, SinkError>>,
    ) -> Result<T, Stop> {
        let _inside = self.runtime.enter();
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        let mut step = pin!(step);
        loop {
            let polled = step.as_mut().poll(&mut Context::from_waker(&waker));
            if disk.is_dead() {
                return Err(Stop::Killed);
            }
            if let Poll::Ready(result) = polled {
                return result.map_err(|error| Stop::Failed(error.to_string()));
            }
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }
}

/// What a subtask writes between two checkpoints: sometimes nothing.
fn rows(id: u64, sink: u32) -> Vec<String> {
    (0..(id + u64::from(sink)) % 4).map(|number| format!("{id} {sink} {number}")).collect()
}

/// All rows of the commits up to this one, sorted.
pub(crate) fn rows_through(last: u64) -> Vec<String> {
    let each = (1..=last).flat_map(|id| (0..SINKS).flat_map(move |sink| rows(id, sink)));
    let mut all: Vec<_> = each.collect();
    all.sort();
    all
}

/// A process that keeps its files on a disk and publishes to a topic.
pub(crate) struct Process<'a> {
    broker: &'a Broker,
    disk: &'a Disk,
    slot: SinkSlot,
    output: Arc<Transactional>,
    topic: Arc<TopicOutput>,
}

impl<'a> Process<'a> {
    pub(crate) fn start(broker: &'a Broker, topic: &str, disk: &'a Disk) -> Result<Self, Stop> {
        let stopped = |error: String| match disk.is_dead() {
            true => Stop::Killed,
            false => Stop::Failed(error),
        };
        let address = format!("{}/{topic}", broker.address).parse().unwrap();
        let opened =
            OutputTopic::open(address, ClientSettings::default(), Arc::new(|_| {})).unwrap();
        let company =
            Company { clock: Arc::new(|| ProcessingTime::ZERO), tell: Arc::new(|_: &str| {}) };
        let topic = TopicOutput::open(opened, disk.storage(), "sink/", SLOTS, company);
        let topic = Arc::new(topic.map_err(|error| stopped(error.to_string()))?);
        let gated = disk.clone();
        topic.gate(Box::new(move |step| gated.step(&format!("kafka:{step:?}"))));
        let (slot, output) = transactional(Options {
            storage: disk.storage(),
            prefix: "sink/".to_owned(),
            wants: Wants { rows: true, ..Wants::default() },
            latency: None,
            watch: None,
            topic: Some(Arc::clone(&topic)),
        });
        Ok(Self { broker, disk, slot, output, topic })
    }

    /// What a job does at the start of an attempt.
    pub(crate) fn take_up(&self, keep: &[Transaction]) -> Result<(), Stop> {
        self.broker.run(self.disk, self.output.inspect(None))?;
        self.broker.run(self.disk, self.output.abort_others(keep))
    }

    fn written(&self, id: u64) -> Result<Vec<Transaction>, Stop> {
        let mut transactions = Vec::new();
        for subtask in 0..SINKS {
            let mut sink = (self.slot.open)(subtask);
            for row in rows(id, subtask) {
                write(&mut *sink, &row).map_err(|error| Stop::Failed(error.to_string()))?;
                self.broker.run(self.disk, poll_fn(|context| sink.poll_room(context)))?;
            }
            transactions.extend(self.broker.run(self.disk, sink.pre_commit(Version(id)))?);
        }
        Ok(transactions)
    }

    fn commit(&self, id: u64, transactions: &[Transaction]) -> Result<(), Stop> {
        let origin = ContentHash::of(&id.to_le_bytes());
        let commit =
            self.output.commit(Version(id), origin, transactions.to_vec(), ProcessingTime::ZERO);
        self.broker.run(self.disk, commit).map(drop)
    }

    /// Commits rows of which one is altered on the disk before it is published.
    pub(crate) fn commit_altered(&self, id: u64, sink: u32) -> Result<(), Stop> {
        let transactions = self.written(id)?;
        let pending = self.disk.names(&format!("sink/.pending-{id:020}-{sink}-")).remove(0);
        self.disk.change(&pending, |bytes| bytes[0] ^= 1);
        self.commit(id, &transactions)
    }

    pub(crate) fn write_and_commit(&self, id: u64) -> Result<(), Stop> {
        let transactions = self.written(id)?;
        self.commit(id, &transactions)
    }
}

fn write(sink: &mut dyn Sink, row: &str) -> Result<(), SinkError> {
    let mut digest = Digest::default();
    digest.insert(row);
    let text = format!("{row}\n").into_bytes();
    let mut output = Output { written: 1, digest, text, ..Output::default() };
    sink.write(&mut output, ProcessingTime::ZERO)
}

/// What the job's checkpoint storage holds: the last checkpoint and the transactions in it.
#[derive(Default)]
struct Recorded {
    id: u64,
    transactions: Vec<Transaction>,
}

/// Runs a few commits with one to three faults, drawn by the seed, and checks what is seen in the end.
/// Returns how many faults struck.
pub(crate) fn run(broker: &Broker, seed: u64) -> u64 {
    let mut draws = SplitMix64::seed_from_u64(seed);
    let topic = broker.topic(&format!("steps-{seed}"), 2);
    let disk = Disk::default();
    let last = draws.random_range(2..5);
    let mut faults: Vec<Fault> = (0..draws.random_range(1..4))
        .map(|_| Fault {
            after: draws.random_range(0..60),
            has_effect: draws.random(),
            kills: draws.random_range(0..4) > 0,
        })
        .collect();
    let (mut recorded, mut struck) = (Recorded::default(), 0);
    disk.arm(faults.pop().unwrap());
    let mut process = None;
    while let Err(stop) = attempt(broker, &topic, &disk, &mut process, &mut recorded, last) {
        assert!(!disk.is_armed(), "seed {seed} stopped for another reason: {stop:?}");
        struck += 1;
        if matches!(stop, Stop::Killed) {
            process = None;
            disk.crash();
        }
        if let Some(fault) = faults.pop() {
            disk.arm(fault);
        }
    }
    disk.disarm();
    assert_eq!(broker.rows(&topic), rows_through(last), "seed {seed}");
    let process = process.expect("it has come to its end");
    let mut expected = Digest::default();
    rows_through(last).iter().for_each(|row| expected.insert(row));
    assert_eq!(process.output.measured().digest, expected, "seed {seed}");
    let found = TopicCheck::AsPublished(expected.records as u64);
    assert_eq!(process.topic.check().unwrap(), found, "seed {seed}");
    assert_eq!(disk.names("sink/."), Vec::<String>::new(), "seed {seed}: what is pending is gone");
    struck
}

fn attempt<'a>(
    broker: &'a Broker,
    topic: &str,
    disk: &'a Disk,
    process: &mut Option<Process<'a>>,
    recorded: &mut Recorded,
    last: u64,
) -> Result<(), Stop> {
    let process = match process {
        Some(process) => process,
        None => process.insert(Process::start(broker, topic, disk)?),
    };
    process.take_up(&recorded.transactions)?;
    process.commit(recorded.id, &recorded.transactions)?;
    for id in recorded.id + 1..=last {
        let transactions = process.written(id)?;
        *recorded = Recorded { id, transactions };
        process.commit(id, &recorded.transactions)?;
    }
    Ok(())
}
