//! Apache Kafka: a topic as the input of a job. A partition is a split, and its offsets are Kafka's own:
//! they begin anywhere and have gaps, where transactions have left their marks or a topic was compacted.
//!
//! - `address`: a topic and what of it is read, as the user names it.
//! - `client`: settings of the client, and what its errors mean.
//! - `company`: whose clock it is read by, and who is told what happens.
//! - `topic`: a topic as the broker describes it, with the offsets at which reading begins and ends.
//! - `fetch_buffer`: what was fetched of a partition and not read yet.
//! - `fetcher`: the thread that fetches ahead.
//! - `topic_log`: the messages of a topic as the splits of a job.
//!
//! It knows `dataflow` alone; what a message means is the workload's business.

mod address;
mod client;
mod company;
mod fetch_buffer;
mod fetcher;
mod topic;
mod topic_log;

pub use address::{AddressError, From, Isolation, TopicAddress, Until};
pub use client::{ClientSettings, KafkaFailure};
pub use company::Company;
pub use topic::Topic;
pub use topic_log::TopicLog;
