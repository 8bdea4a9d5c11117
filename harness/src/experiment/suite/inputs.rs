//! Topics as inputs of experiments: which offsets are read is settled once for a suite.

use std::sync::Arc;

use kafka::{ClientSettings, Tell, TopicAddress};

use super::experiment::{Experiment, Length};
use super::{Suite, SuiteRate};
use crate::error::{Error, Result};
use crate::files::uri::InputUri;
use crate::quantity::Rate;
use crate::run::topic_input::{TopicInput, check_knobs};

impl Suite {
    /// Asks the brokers for the topics of its experiments: what ends at the end ends where that is now,
    /// for all of them.
    ///
    /// # Errors
    /// When a topic cannot be opened, or is empty, and when there are settings of a client and no topic.
    pub(crate) fn open_topics(
        &mut self,
        settings: Option<&ClientSettings>,
        tell: &Tell,
    ) -> Result<()> {
        if settings.is_some() && self.experiments.iter().all(|it| it.input.is_none()) {
            return Err(Error::Input(
                "--kafka-config goes with a topic as input, and no experiment has one; leave it out"
                    .to_owned(),
            ));
        }
        let settings = settings.cloned().unwrap_or_default();
        let mut opened: Vec<(TopicAddress, Arc<TopicInput>)> = Vec::new();
        for experiment in &mut self.experiments {
            let Some(address) = &experiment.input else { continue };
            let known = opened.iter().find(|it| it.0 == *address).map(|it| Arc::clone(&it.1));
            let topic = match known {
                Some(topic) => topic,
                None => {
                    let topic = TopicInput::open_filled(address, &settings, Arc::clone(tell))?;
                    opened.push((address.clone(), Arc::clone(&topic)));
                    topic
                }
            };
            experiment.length = Length::Events(topic.most().unwrap_or(u64::MAX));
            experiment.topic = Some(topic);
        }
        Ok(())
    }
}

impl Experiment {
    /// Refuses what goes with generated events alone.
    ///
    /// # Errors
    /// Says what to leave out.
    pub(super) fn check_input(&self) -> Result<()> {
        let Some(address) = &self.input else { return Ok(()) };
        check_knobs(&InputUri::Kafka(address.clone()), &self.knobs)?;
        if self.warm_up.is_some() && self.rate == SuiteRate::Fixed(Rate::Max) {
            return Err(Error::Input(format!(
                "at the rate `max` a warm-up is measured by short runs over generated events, and \
                 kafka:{address} is read whole; leave the warm-up out, or give a rate"
            )));
        }
        Ok(())
    }
}
