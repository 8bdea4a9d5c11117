//! Suites: experiments in a TOML file. Whatever is wrong is pointed at by file, line and column.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dataflow::job::settings::Settings;
use dataflow::{Engine, Guarantee};
use serde_json::Value;
use workloads::registry::AnyWorkload;

use crate::analysis::comparisons::repetition;
use crate::error::{Error, Result};
use crate::experiment::registry::{EngineSpec, Given, Registry, resolve_settings, unknown};
use crate::quantity::Rate;
use crate::run::fault::FaultSpec;

mod file;
pub mod schema;
mod shipped;
pub(crate) mod source_text;

use file::{DEFAULT_REPEATS, default_seed};
pub use shipped::{SHIPPED, about};

/// A suite, checked against the registry.
#[derive(Clone)]
pub struct Suite {
    /// Its name.
    pub name: String,
    /// Its experiments, in order.
    pub experiments: Vec<Experiment>,
}

/// One workload on several engines.
#[derive(Clone)]
pub struct Experiment {
    /// Its name.
    pub name: String,
    /// The workload.
    pub workload: Arc<dyn AnyWorkload>,
    /// The engines, each with the settings that set it apart.
    pub variants: Vec<Variant>,
    /// How fast events come.
    pub rate: SuiteRate,
    /// How many.
    pub length: Length,
    /// Events at the start that are not timed, as a time at the rate.
    pub warm_up: Option<Duration>,
    /// Alternating repeats.
    pub repeats: u32,
    /// Subtasks per stage.
    pub parallelism: u32,
    /// Seed of everything drawn.
    pub seed: u64,
    /// The workload's knobs, as given.
    pub knobs: BTreeMap<String, Value>,
    /// What goes wrong in every run.
    pub faults: Vec<FaultSpec>,
}

/// An engine in an experiment.
#[derive(Clone)]
pub struct Variant {
    /// The engine.
    pub engine: Arc<dyn Engine>,
    /// Name of the column.
    pub name: String,
    /// Its own settings, as given.
    pub own: BTreeMap<String, Value>,
    /// Settings given to all engines that have them.
    pub shared: BTreeMap<String, Value>,
}

/// How fast events come in an experiment.
#[derive(Copy, Clone, Debug, PartialEq)]
pub enum SuiteRate {
    /// As fast as they are taken: throughput is measured.
    Max,
    /// At this rate: latency is measured.
    Fixed(f64),
    /// At this rate, or half of what the slowest engine takes if that is less.
    AtMost(f64),
}

/// How long a run is.
#[derive(Copy, Clone, Debug, PartialEq)]
pub enum Length {
    /// So many events.
    Events(u64),
    /// As many as come, or are taken, in this time.
    Duration(Duration),
}

/// What the command line says over the suite.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
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
    /// Seed.
    pub seed: Option<u64>,
    /// Knobs and settings.
    pub set: BTreeMap<String, Value>,
}

impl Suite {
    /// A shipped suite by name, or one in a file.
    ///
    /// # Errors
    /// When there is none, or something in it is wrong.
    pub fn open(name_or_path: &str, registry: &Registry) -> Result<Self> {
        if let Some((name, text)) = SHIPPED.iter().find(|(name, _)| *name == name_or_path) {
            return Self::parse(text, name, registry);
        }
        let path = Path::new(name_or_path);
        if path.extension().is_none_or(|it| it != "toml") && !path.exists() {
            let known: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
            let Error::Input(message) = unknown("suite", name_or_path, &known) else {
                unreachable!("an unknown name is bad input")
            };
            return Err(Error::Input(format!("{message}; or name a file SUITE.toml")));
        }
        let text = std::fs::read_to_string(path)
            .map_err(|error| Error::Input(format!("cannot read {name_or_path}: {error}")))?;
        Self::parse(&text, name_or_path, registry)
    }

    /// A suite of one experiment per workload, for a command line without a suite.
    ///
    /// # Errors
    /// When a workload is not known.
    pub fn of_workloads(names: &[String], registry: &Registry) -> Result<Self> {
        let engines = ["pipelined", "microbatch"].map(EngineSpec::parse);
        let engines = engines.into_iter().collect::<Result<Vec<_>>>()?;
        let experiments = names.iter().map(|name| {
            Ok(Experiment {
                name: name.clone(),
                workload: registry.workload(name)?,
                variants: variants(&engines, &BTreeMap::new(), registry)?,
                rate: SuiteRate::Max,
                length: Length::Duration(Duration::from_millis(500)),
                warm_up: None,
                repeats: DEFAULT_REPEATS,
                parallelism: 2,
                seed: default_seed(),
                knobs: BTreeMap::new(),
                faults: Vec::new(),
            })
        });
        Ok(Self {
            name: "command line".to_owned(),
            experiments: experiments.collect::<Result<_>>()?,
        })
    }

    /// Applies what the command line says, and checks every setting and knob.
    ///
    /// # Errors
    /// For a name or value that no engine or workload takes.
    pub fn with(mut self, overrides: &Overrides, registry: &Registry) -> Result<Self> {
        if !overrides.workloads.is_empty() {
            for name in &overrides.workloads {
                registry.workload(name)?;
            }
            self.experiments
                .retain(|it| overrides.workloads.iter().any(|name| name == it.workload.name()));
            if self.experiments.is_empty() {
                return Err(Error::Input(format!(
                    "suite {} has no experiment with {}",
                    self.name,
                    overrides.workloads.join(", ")
                )));
            }
        }
        for experiment in &mut self.experiments {
            experiment.apply(overrides, registry)?;
            experiment.check()?;
            experiment.check_faults()?;
        }
        Ok(self)
    }

    /// The same with every variant twice in a row, the second time as its own repetition.
    pub fn against_itself(mut self) -> Self {
        for experiment in &mut self.experiments {
            let twice = experiment.variants.drain(..).flat_map(|variant| {
                let name = repetition(&variant.name);
                [variant.clone(), Variant { name, ..variant }]
            });
            experiment.variants = twice.collect();
        }
        self
    }
}

impl Experiment {
    fn apply(&mut self, overrides: &Overrides, registry: &Registry) -> Result<()> {
        if !overrides.engines.is_empty() {
            let shared = self.variants.first().map(|it| it.shared.clone()).unwrap_or_default();
            self.variants = variants(&overrides.engines, &shared, registry)?;
        }
        self.repeats = overrides.repeats.unwrap_or(self.repeats);
        self.warm_up = overrides.warm_up.or(self.warm_up);
        self.length = overrides.length.unwrap_or(self.length);
        self.parallelism = overrides.parallelism.unwrap_or(self.parallelism);
        self.seed = overrides.seed.unwrap_or(self.seed);
        match overrides.rate {
            Some(Rate::Max) => self.rate = SuiteRate::Max,
            Some(Rate::PerSecond(rate)) => self.rate = SuiteRate::Fixed(rate),
            None => {}
        }
        let engines: Vec<_> = self.variants.iter().map(|it| Arc::clone(&it.engine)).collect();
        let given = Given::part(&overrides.set, &*self.workload, &engines)?;
        self.knobs.extend(given.knobs);
        for variant in &mut self.variants {
            variant.shared.extend(given.settings.clone());
        }
        Ok(())
    }

    /// Every setting and knob must be one, with a value that it takes.
    fn check(&self) -> Result<()> {
        self.workload.resolve(&self.knobs, Some(1.0)).map_err(Error::input)?;
        for variant in &self.variants {
            let workload = &*self.workload;
            variant.settings(workload, self.parallelism, false)?;
        }
        Ok(())
    }

    /// A failure ends a run without a guarantee, and repeats records under at-least-once, whose
    /// answer is then another: only under exactly-once there is something to compare.
    fn check_faults(&self) -> Result<()> {
        let at_max = self.rate == SuiteRate::Max;
        for variant in self.variants.iter().filter(|_| !self.faults.is_empty()) {
            let settings = variant.settings(&*self.workload, self.parallelism, at_max)?;
            let guarantee = Guarantee::named(settings.name("guarantee"));
            if guarantee != Guarantee::ExactlyOnce {
                return Err(Error::Input(format!(
                    "a fault changes the answer of {} under the guarantee {}; add settings = {{ \
                     guarantee = \"exactly-once\" }} (`recover` compares guarantees)",
                    variant.name,
                    guarantee.name()
                )));
            }
        }
        Ok(())
    }

    /// Runs that are made when nothing is repeated: variants times repeats.
    pub fn runs(&self) -> u64 {
        self.variants.len() as u64 * u64::from(self.repeats)
    }
}

impl Variant {
    /// The engine's settings in an experiment.
    ///
    /// # Errors
    /// As [`resolve_settings`].
    pub fn settings(
        &self,
        workload: &dyn AnyWorkload,
        parallelism: u32,
        at_max: bool,
    ) -> Result<Settings> {
        resolve_settings(&*self.engine, &self.own, &self.shared, workload, parallelism, at_max)
    }
}

fn variants(
    specs: &[EngineSpec],
    shared: &BTreeMap<String, Value>,
    registry: &Registry,
) -> Result<Vec<Variant>> {
    let variant = |spec: &EngineSpec| {
        Ok(Variant {
            engine: registry.engine(&spec.name)?,
            name: spec.to_string(),
            own: spec.settings.clone(),
            shared: shared.clone(),
        })
    };
    specs.iter().map(variant).collect()
}
