//! A topic as the input of runs: what of it is read is settled once, and every run reads it anew.

use std::collections::BTreeMap;
use std::sync::Arc;

use dataflow::job::settings::Settings;
use kafka::{ClientSettings, Company, Tell, Topic, TopicAddress, TopicLog};
use reports::schema::{InputPartition, RunInput};
use serde_json::Value;
use workloads::knobs::{not_from_outside, not_of_topics, only_generated};
use workloads::registry::{AnyEvents, AnyWorkload};

use crate::error::{Error, Result};
use crate::files::uri::InputUri;
use crate::run::clock::RunClock;

/// A topic, and the offsets of it that are read.
#[derive(Clone)]
pub(crate) struct TopicInput {
    topic: Topic,
    /// Is told of outages.
    tell: Tell,
}

impl TopicInput {
    /// Of a topic that is open.
    pub(crate) fn new(topic: Topic, tell: Tell) -> Self {
        Self { topic, tell }
    }

    /// Asks the broker which offsets there are.
    ///
    /// # Errors
    /// As [`Topic::open`], and when there are none.
    pub(crate) fn open_filled(
        address: &TopicAddress,
        settings: &ClientSettings,
        tell: Tell,
    ) -> Result<Arc<Self>> {
        let input = Self::new(Topic::open(address.clone(), settings.clone())?, tell);
        if input.most() == Some(0) {
            return Err(Error::Input(format!(
                "kafka:{address}: there is no message between where reading begins and where it ends; \
                 fill the topic first, as by `sample --output`"
            )));
        }
        Ok(Arc::new(input))
    }

    /// The topic.
    pub(crate) fn topic(&self) -> &Topic {
        &self.topic
    }

    /// How many messages there are at most; `None` if more may come.
    pub(crate) fn most(&self) -> Option<u64> {
        let length = |it: &kafka::PartitionRange| Some(it.end?.saturating_sub(it.start));
        self.topic.partitions().iter().map(length).sum()
    }

    /// The events of a run of a workload with these knobs: it begins to fetch them.
    ///
    /// # Errors
    /// When the client cannot be made, and when the workload cannot have messages of this form.
    pub(crate) fn events(
        &self,
        (workload, knobs): (&dyn AnyWorkload, &Settings),
        clock: &RunClock,
    ) -> Result<Box<dyn AnyEvents>> {
        let log = Arc::new(TopicLog::open(self.topic.clone(), company(clock, &self.tell))?);
        let form = &self.topic.address().form;
        workload.messages(knobs, log, form).map_err(Error::input)
    }

    /// As results hold it.
    pub(crate) fn described(&self) -> RunInput {
        let partition = |it: &kafka::PartitionRange| InputPartition {
            partition: it.partition as u32,
            start: it.start,
            end: it.end,
        };
        RunInput {
            address: format!("kafka:{}", self.topic.address()),
            partitions: self.topic.partitions().iter().map(partition).collect(),
        }
    }
}

/// Refuses knobs that have no effect on events of an input.
///
/// # Errors
/// Names the knob.
pub(crate) fn check_knobs(input: &InputUri, knobs: &BTreeMap<String, Value>) -> Result<()> {
    let (cannot_be, how): (fn(&str) -> bool, _) = match input {
        InputUri::File(_) => (only_generated, "generated"),
        InputUri::Stdin | InputUri::Tcp(_) => (not_from_outside, "generated or dealt out"),
        InputUri::Kafka(_) => (not_of_topics, "generated or dealt out"),
    };
    match knobs.keys().find(|name| cannot_be(name)) {
        Some(name) => Err(Error::Input(format!(
            "`{name}` shapes events while they are {how}, and those of {input} are what they are; leave \
             it out"
        ))),
        None => Ok(()),
    }
}

/// Topics are read and written by the clock of the run.
pub(crate) fn company(clock: &RunClock, tell: &Tell) -> Company {
    let runtime = clock.runtime();
    Company { clock: Arc::new(move || runtime.now()), tell: Arc::clone(tell) }
}
