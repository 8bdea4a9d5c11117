//! An experiment of a suite: one workload on several engines.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use dataflow::job::settings::Settings;
use dataflow::{Engine, Guarantee};
use kafka::TopicAddress;
use reports::schema::Measures;
use serde_json::Value;
use workloads::registry::AnyWorkload;

use crate::error::{Error, Result};
use crate::quantity::Rate;
use crate::registry::{EngineSpec, Registry, reaches, resolve_settings};
use crate::run::clock::Clock;
use crate::run::fault::FaultSpec;
use crate::run::topic_input::TopicInput;

/// One workload on several engines.
#[derive(Clone)]
pub(crate) struct Experiment {
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
    /// Real time, or modelled time.
    pub clock: Clock,
    /// Seed of everything drawn.
    pub seed: u64,
    /// The workload's knobs, as given.
    pub knobs: BTreeMap<String, Value>,
    /// What goes wrong in every run.
    pub faults: Vec<FaultSpec>,
    /// Places of the variants that run at once, two at a time; empty where they alternate.
    pub duets: Vec<[usize; 2]>,
    /// Run though the memory may not suffice.
    pub force: bool,
    /// The topic that its runs read, in the place of generated events.
    pub input: Option<TopicAddress>,
    /// The same, once the broker was asked what there is.
    pub topic: Option<Arc<TopicInput>>,
}

/// An engine in an experiment.
#[derive(Clone)]
pub(crate) struct Variant {
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
pub(crate) enum SuiteRate {
    /// This rate: at `max` throughput is measured, at a number of events per second latency.
    Fixed(Rate),
    /// At this rate, or half of what the slowest engine takes if that is less: latency is measured.
    AtMost(f64),
}

/// How long a run is.
#[derive(Copy, Clone, Debug, PartialEq)]
pub(crate) enum Length {
    /// This many events.
    Events(u64),
    /// As many as come, or are taken, in this time.
    Duration(Duration),
}

impl Experiment {
    /// Every setting and knob must be known and have a valid value.
    pub(super) fn check(&self) -> Result<()> {
        self.workload.resolve(&self.knobs, Some(1.0)).map_err(Error::input)?;
        if self.clock == Clock::Virtual && self.input.is_some() {
            return Err(Error::Input(
                "a topic is read in real time, and this experiment is simulated: leave the input or \
                 clock=virtual out"
                    .to_owned(),
            ));
        }
        for variant in &self.variants {
            let workload = &*self.workload;
            variant.settings(workload, self.parallelism, false)?;
        }
        Ok(())
    }

    /// Whether a knob or a setting that was given for all has an effect on its runs.
    pub(super) fn takes(&self, name: &str) -> bool {
        self.workload.knobs().iter().any(|knob| knob.name == name)
            || self.variants.iter().any(|it| reaches(name, &*it.engine, &it.own))
    }

    /// A failure ends a run without a guarantee, and repeats records under at-least-once, whose
    /// answer is then another: only under exactly-once there is something to compare.
    pub(super) fn check_faults(&self) -> Result<()> {
        let at_max = self.rate == SuiteRate::Fixed(Rate::Max);
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

    /// Runs that are made when none is made once more.
    pub(crate) fn runs(&self) -> u64 {
        self.runs_of_round() * u64::from(self.repeats)
    }

    /// Runs of a repeat: one of each variant, or two of each duet.
    pub(crate) fn runs_of_round(&self) -> u64 {
        let runs = if self.duets.is_empty() { self.variants.len() } else { 2 * self.duets.len() };
        runs as u64
    }
}

impl Variant {
    /// The engine's settings in an experiment.
    ///
    /// # Errors
    /// As [`resolve_settings`].
    pub(crate) fn settings(
        &self,
        workload: &dyn AnyWorkload,
        parallelism: u32,
        at_max: bool,
    ) -> Result<Settings> {
        resolve_settings(&*self.engine, &self.own, &self.shared, workload, parallelism, at_max)
    }
}

impl SuiteRate {
    /// What runs at it measure.
    pub(crate) const fn measures(self) -> Measures {
        match self {
            Self::Fixed(Rate::Max) => Measures::Throughput,
            Self::Fixed(Rate::PerSecond(_)) | Self::AtMost(_) => Measures::Latency,
        }
    }
}

/// Engines of an experiment by their specs.
///
/// # Errors
/// If there is no engine of a name.
pub(super) fn variants(
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
