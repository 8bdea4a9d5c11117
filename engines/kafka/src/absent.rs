//! What stands for topics in a build without a client: none can be opened.

use std::sync::Arc;
use std::task::Waker;

use dataflow::ProcessingTime;
use dataflow::job::message_log::{MessageLog, MessageReader};
use dataflow::job::source::{Available, SourceError, Splits};

use crate::address::TopicAddress;
use crate::company::Company;
use crate::fingerprint::TopicFingerprint;
use crate::settings::{ClientSettings, KafkaFailure};

/// A topic; there is none in this build.
#[derive(Clone, Copy, Debug)]
pub enum Topic {}

impl Topic {
    /// Opens none.
    ///
    /// # Errors
    /// Always: it says how to build a program that can.
    pub fn open(address: TopicAddress, _: ClientSettings) -> Result<Self, KafkaFailure> {
        Err(KafkaFailure::Refused(format!(
            "kafka:{address}: this program was built without a client of Kafka; build it with `cargo \
             build --release --features kafka`, which needs a C compiler and make"
        )))
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
    ///
    /// # Errors
    /// None.
    pub fn fingerprint(&self) -> Result<TopicFingerprint, KafkaFailure> {
        match *self {}
    }
}

/// The messages of a topic; there are none in this build.
#[derive(Clone, Copy, Debug)]
pub enum TopicLog {}

impl TopicLog {
    /// Is never called.
    ///
    /// # Errors
    /// None.
    pub fn open(topic: Topic, _: Company) -> Result<Self, KafkaFailure> {
        match topic {}
    }
}

impl Splits for TopicLog {
    fn splits(&self) -> u32 {
        match *self {}
    }
    fn available(&self, _: u32, _: u64, _: ProcessingTime) -> Result<Available, SourceError> {
        match *self {}
    }
    fn when_available(&self, _: u32, _: &Waker) {
        match *self {}
    }
}

impl MessageLog for TopicLog {
    fn name(&self) -> &str {
        match *self {}
    }
    fn reader(&self) -> Box<dyn MessageReader> {
        match *self {}
    }
    fn again(&self) -> Result<Arc<dyn MessageLog>, SourceError> {
        match *self {}
    }
}
