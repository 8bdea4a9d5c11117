//! Apache Kafka: topics as inputs and outputs of a job. A partition is a split, and its offsets are Kafka's own:
//! they begin anywhere and have gaps, where transactions have left their marks or a topic was compacted.
//!
//! - `address`: a topic and what of it is read, as the user names it.
//! - `settings`: settings of the client that the user gives, and what goes wrong.
//! - `company`: whose clock it is read by, and who is told what happens.
//! - `fingerprint`: what a job has found in a topic, so that it goes on with no other.
//! - `wait`: waiting for a broker, and the time, by the machine's clock.
//! - `client`: the client of librdkafka, and what its errors mean.
//! - `outage`: which partitions bring nothing, why, and for how long.
//! - `topic`: a topic as the broker describes it, with the offsets at which reading begins and ends.
//! - `resumption`: whether a job may go on with a topic in another process.
//! - `fetch_buffer`: what was fetched of a partition and not read yet.
//! - `fetcher`: the thread that fetches ahead.
//! - `topic_log`: the messages of a topic as the splits of a job.
//! - `output_address`: a topic that is written to, as the user names it.
//! - `output_topic`: a topic that rows are written to, and what a reader of it finds.
//! - `topic_writer`: writes rows as they come, and has them delivered before a checkpoint completes.
//! - `publisher`: publishes what a job has committed, each commit once.
//! - `absent`: what stands for topics in a build without a client.
//!
//! It knows `dataflow` alone; what a message means is the workload's business. The client is built with
//! the feature `client` only: it is written in C, and takes a minute of two cores.

#[cfg(not(feature = "client"))]
mod absent;
mod address;
#[cfg(feature = "client")]
mod client;
mod company;
#[cfg(feature = "client")]
mod fetch_buffer;
#[cfg(feature = "client")]
mod fetcher;
mod fingerprint;
#[cfg(feature = "client")]
mod outage;
mod output_address;
#[cfg(feature = "client")]
mod output_topic;
#[cfg(feature = "client")]
mod publisher;
#[cfg(feature = "client")]
mod resumption;
mod settings;
#[cfg(feature = "client")]
mod topic;
#[cfg(feature = "client")]
mod topic_log;
#[cfg(feature = "client")]
mod topic_writer;
#[cfg(feature = "client")]
mod wait;

#[cfg(not(feature = "client"))]
pub use absent::{OutputTopic, Publisher, RowPieces, Topic, TopicLog, TopicWriter};
pub use address::{AddressError, From, Isolation, PartitionRange, TopicAddress, Until};
pub use company::{Company, Tell};
pub use fingerprint::{MessageFingerprint, PartitionFingerprint, TopicFingerprint};
pub use output_address::{Acks, Compression, OutputAddress, OutputAddressError};
#[cfg(feature = "client")]
pub use output_topic::OutputTopic;
#[cfg(feature = "client")]
pub use publisher::{Publisher, RowPieces, Step, StepGate};
pub use settings::{ClientSettings, KafkaFailure};
#[cfg(feature = "client")]
pub use topic::Topic;
#[cfg(feature = "client")]
pub use topic_log::TopicLog;
#[cfg(feature = "client")]
pub use topic_writer::TopicWriter;

/// For tests, which write to the topics that they read.
#[cfg(feature = "client")]
#[doc(hidden)]
pub use rdkafka;
