//! Apache Kafka: a topic as the input of a job. A partition is a split, and its offsets are Kafka's own:
//! they begin anywhere and have gaps, where transactions have left their marks or a topic was compacted.
//!
//! - `address`: a topic and what of it is read, as the user names it.
//! - `settings`: settings of the client that the user gives, and what goes wrong.
//! - `company`: whose clock it is read by, and who is told what happens.
//! - `client`: the client of librdkafka, and what its errors mean.
//! - `outage`: which partitions bring nothing, why, and for how long.
//! - `topic`: a topic as the broker describes it, with the offsets at which reading begins and ends.
//! - `fetch_buffer`: what was fetched of a partition and not read yet.
//! - `fetcher`: the thread that fetches ahead.
//! - `topic_log`: the messages of a topic as the splits of a job.
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
#[cfg(feature = "client")]
mod outage;
mod settings;
#[cfg(feature = "client")]
mod topic;
#[cfg(feature = "client")]
mod topic_log;

#[cfg(not(feature = "client"))]
pub use absent::{Topic, TopicLog};
pub use address::{AddressError, From, Isolation, TopicAddress, Until};
pub use company::Company;
pub use settings::{ClientSettings, KafkaFailure};
#[cfg(feature = "client")]
pub use topic::{PartitionRange, Topic};
#[cfg(feature = "client")]
pub use topic_log::TopicLog;

/// For tests, which write to the topics that they read.
#[cfg(feature = "client")]
#[doc(hidden)]
pub use rdkafka;
