//! What passes between the process of a comparison and those of the sides of a duet: a line of JSON
//! each way.

use std::collections::BTreeMap;

use dataflow::Digest;
use reports::schema::{DuetSide, RunResult};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::experiment::sizing::{RunSize, spec};
use crate::experiment::suite::{Experiment, Length, SuiteRate, Variant};
use crate::measure::machine::progress::Progress;
use crate::registry::Registry;
use crate::run::clock::Clock;
use crate::run::spec::RunSpec;

/// A side says this once it is ready to run.
pub(crate) const READY: &str = "ready";
/// And begins when it is told this.
pub(crate) const GO: &str = "go";

/// A run that a process of its own is to make.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SideOrder {
    experiment: String,
    workload: String,
    knobs: BTreeMap<String, Value>,
    engine: String,
    pub(super) variant: String,
    own: BTreeMap<String, Value>,
    shared: BTreeMap<String, Value>,
    size: RunSize,
    seed: u64,
    repeat: u32,
    force: bool,
    /// The core that it is pinned to.
    pub(crate) core: usize,
    /// The variant on the other core; `None` if it runs alone.
    pub(super) beside: Option<String>,
    /// Records and hash of the right answer: the lower half of the hash first.
    right: (i64, [u64; 2]),
}

impl SideOrder {
    /// Of one variant of an experiment, whose right answer is known.
    pub(super) fn new(
        experiment: &Experiment,
        variant: &Variant,
        (size, repeat): (RunSize, u32),
        right: Digest,
    ) -> Self {
        Self {
            experiment: experiment.name.clone(),
            workload: experiment.workload.name().to_owned(),
            knobs: experiment.knobs.clone(),
            engine: variant.engine.name().to_owned(),
            variant: variant.name.clone(),
            own: variant.own.clone(),
            shared: variant.shared.clone(),
            size,
            seed: experiment.seed,
            repeat,
            force: experiment.force,
            core: 0,
            beside: None,
            right: (right.records, [right.sum as u64, (right.sum >> 64) as u64]),
        }
    }

    /// The same on this core, beside that variant or alone.
    pub(super) fn on(self, core: usize, beside: Option<&str>) -> Self {
        Self { core, beside: beside.map(str::to_owned), ..self }
    }

    /// The run.
    ///
    /// # Errors
    /// If this program does not know engine or workload, or a setting is invalid.
    pub(super) fn spec(&self, registry: &Registry) -> Result<RunSpec> {
        let variant = Variant {
            engine: registry.engine(&self.engine)?,
            name: self.variant.clone(),
            own: self.own.clone(),
            shared: self.shared.clone(),
        };
        let experiment = Experiment {
            name: self.experiment.clone(),
            workload: registry.workload(&self.workload)?,
            variants: Vec::new(),
            rate: SuiteRate::Fixed(self.size.rate),
            length: Length::Events(self.size.events),
            warm_up: None,
            repeats: 1,
            parallelism: 1,
            clock: Clock::Wall,
            seed: self.seed,
            knobs: self.knobs.clone(),
            faults: Vec::new(),
            duets: Vec::new(),
            force: self.force,
            input: None,
            topic: None,
        };
        let mut spec = spec(&experiment, &variant, self.size, self.repeat)?;
        let side = |beside: &String| DuetSide {
            core: self.core,
            beside: beside.clone(),
            slices: Vec::new(),
        };
        spec.duet = self.beside.as_ref().map(side);
        Ok(spec)
    }

    /// The digest of the right answer.
    pub(super) fn right(&self) -> Digest {
        let (records, [low, high]) = self.right;
        Digest { records, sum: u128::from(high) << 64 | u128::from(low) }
    }
}

/// What a side answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum SideReport {
    /// The run is over.
    Ended {
        /// What was measured.
        result: Box<RunResult>,
        /// How far it had come when; `None` where the system does not tell.
        progress: Option<Progress>,
    },
    /// The run could not be made, as what was asked for is invalid.
    Refused(String),
    /// The run has failed.
    Failed(String),
}

impl SideReport {
    /// From how a run has ended.
    pub(super) fn of(ended: Result<(RunResult, Option<Progress>)>) -> Self {
        match ended {
            Ok((result, progress)) => Self::Ended { result: Box::new(result), progress },
            Err(Error::Input(message)) => Self::Refused(message),
            Err(Error::Run(message)) => Self::Failed(message),
        }
    }

    /// How the run has ended.
    ///
    /// # Errors
    /// Those of the run.
    pub(super) fn ended(self) -> Result<(RunResult, Option<Progress>)> {
        match self {
            Self::Ended { result, progress } => Ok((*result, progress)),
            Self::Refused(message) => Err(Error::Input(message)),
            Self::Failed(message) => Err(Error::Run(message)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::suite::Suite;
    use crate::quantity::Rate;

    #[test]
    fn a_side_makes_the_run_that_the_experiment_describes() {
        let registry = Registry::standard();
        let text = "[[experiment]]\nworkload = \"keyed-count\"\nrate = 5_000\nevents = 900\nseed = 7\n\
                    parallelism = 1\nengines = [\"microbatch,batch_interval_ms=20\"]\n\
                    knobs = { keys = 12 }\nsettings = { guarantee = \"at-least-once\" }\n";
        let suite = Suite::parse(text, "duet.toml", &registry).unwrap();
        let experiment = &suite.experiments[0];
        let rate = Rate::PerSecond(5_000.0);
        let size = RunSize { rate, events: 900, warm_up: 100, ..RunSize::default() };
        let right = Digest { records: -3, sum: u128::MAX - 5 };
        let order = SideOrder::new(experiment, &experiment.variants[0], (size, 4), right);
        let order = order.on(1, Some("pipelined"));
        let sent = serde_json::to_string(&order).unwrap();
        let taken: SideOrder = serde_json::from_str(&sent).unwrap();
        assert_eq!(taken, order);
        assert_eq!(taken.right(), right);
        let (made, asked) = (
            taken.spec(&registry).unwrap(),
            spec(experiment, &experiment.variants[0], size, 4).unwrap(),
        );
        let mut alone = made.clone();
        alone.duet = None;
        assert_eq!(alone.configuration(), asked.configuration());
        assert_eq!((made.seed, made.repeat, &made.variant), (7, 4, &asked.variant));
        assert_eq!(made.duet.unwrap().beside, "pipelined");
        assert_eq!(asked.duet, None);
    }
}
