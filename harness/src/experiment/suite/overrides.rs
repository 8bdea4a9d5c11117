//! What the command line says over a suite.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use kafka::TopicAddress;
use serde_json::Value;

use super::experiment::{Experiment, Length, SuiteRate, variants};
use crate::cli::SharedArgs;
use crate::error::{Error, Result};
use crate::quantity::Rate;
use crate::registry::{EngineSpec, Overrides, Registry};
use crate::run::clock::Clock;

/// What the command line says over the suite.
#[derive(Clone, Debug, Default)]
pub(crate) struct SuiteOverrides {
    /// Engines in the place of the suite's.
    pub engines: Vec<EngineSpec>,
    /// Only experiments of these workloads, or these in the place of the suite.
    pub workloads: Vec<String>,
    /// Repeats.
    pub repeats: Option<u32>,
    /// Warm-up.
    pub warm_up: Option<Duration>,
    /// Rate.
    pub rate: Option<Rate>,
    /// Length.
    pub length: Option<Length>,
    /// Subtasks per stage.
    pub parallelism: Option<u32>,
    /// Which clock.
    pub clock: Option<Clock>,
    /// Seed.
    pub seed: Option<u64>,
    /// Knobs and settings.
    pub set: BTreeMap<String, Value>,
    /// Run though the memory may not suffice.
    pub force: bool,
    /// The topic that every run reads.
    pub input: Option<TopicAddress>,
}

impl SuiteOverrides {
    /// What was given on a command line, with these engines.
    ///
    /// # Errors
    /// If an engine's setting, or what was set, is no `key=value`, and if one was given twice.
    pub(crate) fn given(shared: &SharedArgs, engines: &[String]) -> Result<Self> {
        let length = match (shared.events, shared.duration) {
            (Some(events), _) => Some(Length::Events(events)),
            (None, duration) => duration.map(Length::Duration),
        };
        Ok(Self {
            engines: EngineSpec::parse_all(engines)?,
            workloads: Vec::new(),
            repeats: shared.repeats,
            warm_up: shared.warm_up,
            rate: shared.rate,
            length,
            parallelism: shared.parallelism,
            clock: None,
            seed: shared.seed,
            set: shared.settings()?,
            force: false,
            input: None,
        })
    }
}

impl Experiment {
    /// Applies them.
    ///
    /// # Errors
    /// For a name that no engine or workload has.
    pub(super) fn apply(&mut self, overrides: &SuiteOverrides, registry: &Registry) -> Result<()> {
        if !overrides.engines.is_empty() {
            let shared = self.variants.first().map(|it| it.shared.clone()).unwrap_or_default();
            self.variants = variants(&overrides.engines, &shared, registry)?;
        }
        self.repeats = overrides.repeats.unwrap_or(self.repeats);
        self.warm_up = overrides.warm_up.or(self.warm_up);
        self.clock = overrides.clock.unwrap_or(self.clock);
        if overrides.input.is_some() {
            self.input.clone_from(&overrides.input);
            self.length = Length::Events(u64::MAX);
        }
        if let (Some(address), Some(_)) = (&self.input, overrides.length) {
            return Err(Error::Input(format!(
                "kafka:{address} has its own length: write until=OFFSET there, and leave --events and \
                 --duration out"
            )));
        }
        self.length = overrides.length.unwrap_or(self.length);
        self.parallelism = overrides.parallelism.unwrap_or(self.parallelism);
        self.seed = overrides.seed.unwrap_or(self.seed);
        self.force = overrides.force;
        self.rate = overrides.rate.map_or(self.rate, SuiteRate::Fixed);
        let engines: Vec<_> = self.variants.iter().map(|it| Arc::clone(&it.engine)).collect();
        let given = Overrides::part(&overrides.set, &*self.workload, &engines)?;
        self.knobs.extend(given.knobs);
        for variant in &mut self.variants {
            variant.shared.extend(given.settings.clone());
        }
        Ok(())
    }
}
