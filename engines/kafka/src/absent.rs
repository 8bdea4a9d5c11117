//! What stands for topics in a build without a client: none can be opened.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::Waker;

use dataflow::job::message_log::{MessageLog, MessageReader};
use dataflow::job::source::{Available, SourceError, Splits};
use dataflow::{Digest, Guarantee, ProcessingTime};

use crate::address::{PartitionRange, TopicAddress};
use crate::company::{Company, Tell};
use crate::fingerprint::TopicFingerprint;
use crate::output_address::OutputAddress;
use crate::settings::{ClientSettings, KafkaFailure};

/// A topic; there is none in this build.
#[derive(Clone, Debug)]
pub struct Topic(Infallible);

impl Topic {
    /// Opens none.
    ///
    /// # Errors
    /// Always: it says how to build a program that can.
    pub fn open(address: TopicAddress, _: ClientSettings) -> Result<Self, KafkaFailure> {
        Err(refused(&address))
    }

    /// Opens none, either.
    ///
    /// # Errors
    /// As [`Topic::open`].
    pub fn open_again(
        address: TopicAddress,
        settings: ClientSettings,
        _: &TopicFingerprint,
        _: &TopicFingerprint,
    ) -> Result<Self, KafkaFailure> {
        Self::open(address, settings)
    }

    /// Is never called.
    pub fn address(&self) -> &TopicAddress {
        match self.0 {}
    }

    /// Is never called.
    pub fn partitions(&self) -> &[PartitionRange] {
        match self.0 {}
    }

    /// Is never called.
    ///
    /// # Errors
    /// None.
    pub fn fingerprint(&self) -> Result<TopicFingerprint, KafkaFailure> {
        match self.0 {}
    }
}

fn refused(address: &dyn std::fmt::Display) -> KafkaFailure {
    KafkaFailure::Refused(format!(
        "kafka:{address}: this program was built without a client of Kafka; build it with `cargo build \
         --release --features kafka`, which needs a C compiler and make"
    ))
}

/// A topic that is written to; there is none in this build.
#[derive(Clone, Debug)]
pub struct OutputTopic(Infallible);

impl OutputTopic {
    /// Opens none.
    ///
    /// # Errors
    /// Always: it says how to build a program that can.
    pub fn open(address: OutputAddress, _: ClientSettings, _: Tell) -> Result<Self, KafkaFailure> {
        Err(refused(&address))
    }

    /// Is never called.
    pub fn address(&self) -> &OutputAddress {
        match self.0 {}
    }

    /// Is never called.
    pub fn identity(&self) -> String {
        match self.0 {}
    }

    /// Is never called.
    ///
    /// # Errors
    /// None.
    pub fn ends(&self) -> Result<Vec<u64>, KafkaFailure> {
        match self.0 {}
    }

    /// Is never called.
    ///
    /// # Errors
    /// None.
    pub fn committed(&self, _: &[u64]) -> Result<Digest, KafkaFailure> {
        match self.0 {}
    }
}

/// Writes rows; there is none in this build.
#[derive(Clone, Debug)]
pub struct TopicWriter(Infallible);

impl TopicWriter {
    /// Is never called.
    ///
    /// # Errors
    /// None.
    pub fn open(topic: OutputTopic, _: Guarantee) -> Result<Self, KafkaFailure> {
        match topic.0 {}
    }

    /// Is never called.
    ///
    /// # Errors
    /// None.
    pub fn write(&mut self, _: u32, _: &[u8]) -> Result<(), KafkaFailure> {
        match self.0 {}
    }

    /// Is never called.
    ///
    /// # Errors
    /// None.
    pub fn write_message(&mut self, _: u32, _: &[u8]) -> Result<(), KafkaFailure> {
        match self.0 {}
    }

    /// Is never called.
    ///
    /// # Errors
    /// None.
    pub fn flush(&mut self) -> Result<(), KafkaFailure> {
        match self.0 {}
    }
}

/// The rows of a commit piece by piece, each of one sink and one a line.
pub type RowPieces<'a> = Box<dyn Iterator<Item = Result<(u32, Vec<u8>), KafkaFailure>> + 'a>;

/// Publishes commits; there is none in this build.
#[derive(Clone, Debug)]
pub struct Publisher(Infallible);

impl Publisher {
    /// Is never called.
    ///
    /// # Errors
    /// None.
    pub fn open(topic: OutputTopic, _: &str, _: u32) -> Result<Self, KafkaFailure> {
        match topic.0 {}
    }

    /// Is never called.
    pub fn slots(&self) -> u32 {
        match self.0 {}
    }

    /// Is never called.
    pub fn slot_of(&self, _: u32) -> u32 {
        match self.0 {}
    }

    /// Is never called.
    pub fn next(&self, _: u32) -> Option<u64> {
        match self.0 {}
    }

    /// Is never called.
    ///
    /// # Errors
    /// None.
    pub fn publish<'a>(
        &self,
        _: u32,
        _: u64,
        _: &dyn Fn() -> RowPieces<'a>,
    ) -> Result<(), KafkaFailure> {
        match self.0 {}
    }
}

/// The messages of a topic; there are none in this build.
#[derive(Clone, Debug)]
pub struct TopicLog(Infallible);

impl TopicLog {
    /// Is never called.
    ///
    /// # Errors
    /// None.
    pub fn open(topic: Topic, _: Company) -> Result<Self, KafkaFailure> {
        match topic.0 {}
    }
}

impl Splits for TopicLog {
    fn splits(&self) -> u32 {
        match self.0 {}
    }
    fn available(&self, _: u32, _: u64, _: ProcessingTime) -> Result<Available, SourceError> {
        match self.0 {}
    }
    fn when_available(&self, _: u32, _: &Waker) {
        match self.0 {}
    }
}

impl MessageLog for TopicLog {
    fn name(&self) -> &str {
        match self.0 {}
    }
    fn end(&self, _: u32) -> Option<u64> {
        match self.0 {}
    }
    fn reader(&self) -> Box<dyn MessageReader> {
        match self.0 {}
    }
    fn again(&self) -> Result<Arc<dyn MessageLog>, SourceError> {
        match self.0 {}
    }
}
