//! Suites: experiments in a TOML file. Whatever is wrong is pointed at by file, line and column.

mod experiment;
mod file;
mod inputs;
mod names;
mod overrides;
pub(crate) mod schema;
mod shipped;

use std::collections::BTreeMap;
use std::path::Path;

use reports::schema::text::read_text;

use crate::analysis::comparisons::repetition;
use crate::cli::defaults;
use crate::error::{Error, Result};
use crate::quantity::Rate;
use crate::registry::{EngineSpec, Registry, reaches_none};
use crate::run::clock::Clock;

use experiment::variants;
pub(crate) use experiment::{Experiment, Length, SuiteRate, Variant};
pub(crate) use overrides::SuiteOverrides;
pub(crate) use shipped::{SHIPPED, about};

/// Largest file of a suite: 1 MiB. The longest that is shipped has some kilobytes.
const LARGEST_SUITE: u64 = 1 << 20;

/// A suite, checked against the registry.
#[derive(Clone)]
pub(crate) struct Suite {
    /// Its name.
    pub name: String,
    /// Its experiments, in order.
    pub experiments: Vec<Experiment>,
}

impl Suite {
    /// Reads the text of a suite; `origin` is its name or its file, for errors.
    ///
    /// # Errors
    /// When something in it is wrong; the error points at it.
    pub(crate) fn parse(text: &str, origin: &str, registry: &Registry) -> Result<Self> {
        let (name, experiments) = file::parse(text, origin, registry)?;
        Ok(Self { name, experiments })
    }

    /// A shipped suite by name, or one in a file.
    ///
    /// # Errors
    /// If there is no such suite, or something in it is wrong.
    pub(crate) fn open(name_or_path: &str, registry: &Registry) -> Result<Self> {
        if let Some((name, text)) = SHIPPED.iter().find(|(name, _)| *name == name_or_path) {
            return Self::parse(text, name, registry);
        }
        let path = Path::new(name_or_path);
        if path.extension().is_none_or(|it| it != "toml") && !path.exists() {
            let known: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
            let Error::Input(message) = Error::unknown("suite", name_or_path, &known) else {
                unreachable!("an unknown name is bad input")
            };
            return Err(Error::Input(format!("{message}; or name a file SUITE.toml")));
        }
        let text = read_text(path, LARGEST_SUITE)
            .map_err(|error| Error::Input(format!("cannot read {name_or_path}: {error}")))?;
        Self::parse(&text, name_or_path, registry)
    }

    /// A suite of one experiment per workload, for a command line without a suite.
    ///
    /// # Errors
    /// When a workload is not known.
    pub(crate) fn of_workloads(names: &[String], registry: &Registry) -> Result<Self> {
        let engines = ["pipelined", "microbatch"].map(EngineSpec::parse);
        let engines = engines.into_iter().collect::<Result<Vec<_>>>()?;
        let experiments = names.iter().map(|name| {
            Ok(Experiment {
                name: name.clone(),
                workload: registry.workload(name)?,
                variants: variants(&engines, &BTreeMap::new(), registry)?,
                rate: SuiteRate::Fixed(Rate::Max),
                length: Length::Duration(defaults::DURATION),
                warm_up: None,
                repeats: defaults::REPEATS,
                parallelism: defaults::PARALLELISM,
                clock: Clock::Wall,
                seed: defaults::SEED,
                knobs: BTreeMap::new(),
                faults: Vec::new(),
                duets: Vec::new(),
                force: false,
                input: None,
                topic: None,
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
    /// For a name or value that no engine or workload takes, and for a workload named twice.
    pub(crate) fn with(mut self, overrides: &SuiteOverrides, registry: &Registry) -> Result<Self> {
        for (place, name) in overrides.workloads.iter().enumerate() {
            if overrides.workloads[..place].contains(name) {
                return Err(Error::Input(format!(
                    "--workload {name} was given twice, and would be one experiment; leave one out"
                )));
            }
        }
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
            experiment.check_input()?;
        }
        let is_taken = |name: &str| self.experiments.iter().any(|it| it.takes(name));
        match overrides.set.keys().find(|name| !is_taken(name)) {
            None => Ok(self),
            Some(name) => Err(reaches_none(name)),
        }
    }

    /// The same with every variant twice in a row, the second time as its own repetition.
    pub(crate) fn against_itself(mut self) -> Self {
        for experiment in &mut self.experiments {
            let twice = experiment.variants.drain(..).flat_map(|variant| {
                let name = repetition(&variant.name);
                [variant.clone(), Variant { name, ..variant }]
            });
            experiment.variants = twice.collect();
        }
        self
    }

    /// The same two at a time, each on a core: every variant with every other one, or with its own
    /// repetition alone.
    ///
    /// # Errors
    /// When an experiment has one variant only, or lets something fail.
    pub(crate) fn in_duets(mut self, against_itself: bool) -> Result<Self> {
        for experiment in &mut self.experiments {
            let variants = &experiment.variants;
            let is_pair = |a: usize, b: usize| {
                !against_itself || variants[b].name == repetition(&variants[a].name)
            };
            let pairs =
                (0..variants.len()).flat_map(|a| (a + 1..variants.len()).map(move |b| [a, b]));
            experiment.duets = pairs.filter(|[a, b]| is_pair(*a, *b)).collect();
            let name = &experiment.name;
            if experiment.duets.is_empty() {
                return Err(Error::Input(format!(
                    "a duet has two sides, and {name} runs on one engine alone: name another with \
                     --engine, or add --against-itself"
                )));
            }
            if let Some(address) = &experiment.input {
                return Err(Error::Input(format!(
                    "{name} reads kafka:{address}, and the sides of a duet read generated events alone: \
                     leave out --duet"
                )));
            }
            if !experiment.faults.is_empty() {
                return Err(Error::Input(format!(
                    "{name} lets something fail, which no duet does: leave out --duet"
                )));
            }
        }
        Ok(self)
    }
}
