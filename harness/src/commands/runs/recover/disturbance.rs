//! What `recover` runs: a workload on several engines, and the faults of each.

use std::collections::BTreeMap;
use std::sync::Arc;

use dataflow::job::engine::GUARANTEES;
use serde_json::Value;
use workloads::registry::AnyWorkload;

use crate::cli::RecoverArgs;
use crate::commands::runs::guarantees::Contenders;
use crate::error::{Error, Result};
use crate::experiment::sizing::MOST_EVENTS;
use crate::experiment::suite::Variant;
use crate::files::uri::InputUri;
use crate::quantity::Rate;
use crate::registry::Registry;
use crate::run::clock::Clock;
use crate::run::fault::FaultSpec;
use crate::run::spec::{Recovery, RunDraft, RunSpec};
use crate::run::topic_input::{TopicInput, check_knobs};
use crate::terminal::out;

/// The engine that the undisturbed run is on.
const YARDSTICK: &str = "sequential";
/// Default settings: some checkpoints and batches before the failure and after it.
const DEFAULT_SETTINGS: [(&str, u64); 2] =
    [("checkpoint_interval_ms", 200), ("batch_interval_ms", 200)];
/// Default faults: an engine, its fault, and the fault of any other.
const DEFAULT_FAULT: (&str, &str, &str) = ("microbatch", "kill:task@45%", "kill:subtask@45%");

/// A workload on some engines, and what fails on each.
pub struct Disturbance {
    registry: Registry,
    workload: Arc<dyn AnyWorkload>,
    /// Knobs of the workload, as given.
    knobs: BTreeMap<String, Value>,
    /// The engines, each with what fails on it.
    pub(super) engines: Vec<(Variant, Vec<FaultSpec>)>,
    rate: f64,
    events: u64,
    parallelism: u32,
    seed: u64,
    clock: Clock,
    /// The topic that every run reads, if any.
    topic: Option<Arc<TopicInput>>,
}

impl Disturbance {
    /// Checks what was asked for.
    ///
    /// # Errors
    /// For unknown names and invalid values.
    pub fn new(args: &RecoverArgs, registry: &Registry) -> Result<Self> {
        let workload = registry.workload(&args.workload)?;
        let rate = args.rate.per_second().ok_or_else(|| {
            Error::Input(
                "`--rate max` has no plan to fall behind of; write events per second".to_owned(),
            )
        })?;
        let given = (args.engines.as_slice(), args.set.as_slice());
        let contenders =
            Contenders::new("recover", given, &DEFAULT_SETTINGS, &*workload, registry)?;
        if let Some(address) = &args.topic.input {
            check_knobs(&InputUri::Kafka(address.clone()), &contenders.knobs)?;
        }
        let topic = topic(args)?;
        let messages = topic.as_ref().and_then(|topic| topic.most());
        let planned = ((rate * args.duration.as_secs_f64()) as u64).clamp(1, MOST_EVENTS);
        let engines = contenders.variants.into_iter().map(|variant| {
            let faults = match args.faults.as_slice() {
                [] => vec![default_fault(variant.engine.name())],
                given => given.to_vec(),
            };
            (variant, faults)
        });
        let disturbed = Self {
            registry: registry.clone(),
            workload,
            knobs: contenders.knobs,
            engines: engines.collect(),
            rate,
            events: messages.unwrap_or(planned),
            parallelism: args.parallelism,
            seed: args.seed,
            clock: args.clock,
            topic,
        };
        // Whatever is wrong with settings is said before anything runs.
        for (variant, faults) in &disturbed.engines {
            for guarantee in GUARANTEES {
                disturbed.spec(variant, faults, guarantee)?;
            }
        }
        Ok(disturbed)
    }

    /// A run of one of its engines under a guarantee, to its end or to its failure.
    ///
    /// # Errors
    /// If a setting or knob is invalid.
    pub(super) fn spec(
        &self,
        variant: &Variant,
        faults: &[FaultSpec],
        guarantee: &str,
    ) -> Result<RunSpec> {
        let mut own = variant.own.clone();
        own.insert("guarantee".to_owned(), guarantee.into());
        let faults = faults.to_vec();
        let draft = RunSpec::of(Arc::clone(&variant.engine), Arc::clone(&self.workload));
        self.with_events(draft)
            .variant(&variant.name)
            .settings(own)
            .shared_settings(variant.shared.clone())
            .rate(Rate::PerSecond(self.rate))
            .clock(self.clock)
            .recovery(Recovery { faults, keeps_failed: true, ..Recovery::default() })
            .resolve()
    }

    /// The same events on the sequential engine as fast as it goes, with nothing that fails.
    ///
    /// # Errors
    /// If there is no such engine.
    pub(super) fn undisturbed(&self) -> Result<RunSpec> {
        let draft = RunSpec::of(self.registry.engine(YARDSTICK)?, Arc::clone(&self.workload));
        self.with_events(draft).tuned_for(Rate::PerSecond(self.rate)).resolve()
    }

    /// What all runs have in common.
    fn with_events(&self, draft: RunDraft) -> RunDraft {
        draft
            .experiment("recover")
            .knobs(self.knobs.clone())
            .events(self.events)
            .seed(self.seed)
            .parallelism(self.parallelism)
            .topic(self.topic.clone())
    }

    /// Number of runs that are shown.
    pub(super) fn trials(&self) -> u64 {
        (self.engines.len() * GUARANTEES.len()) as u64
    }

    /// What fails, and on which engine.
    pub(super) fn fault(&self) -> String {
        let joined = |faults: &[FaultSpec]| {
            faults.iter().map(ToString::to_string).collect::<Vec<String>>().join(" and ")
        };
        let each = self.engines.iter();
        let each = each.map(|(variant, faults)| format!("{} on {}", joined(faults), variant.name));
        each.collect::<Vec<String>>().join(", ")
    }
}

/// The topic that every run reads; where it ends is settled now.
fn topic(args: &RecoverArgs) -> Result<Option<Arc<TopicInput>>> {
    let settings = args.topic.settings()?;
    let Some(address) = &args.topic.input else {
        return match settings {
            Some(_) => Err(Error::Input(
                "--kafka-config goes with --input kafka:HOST:PORT/TOPIC; leave it out".to_owned(),
            )),
            None => Ok(None),
        };
    };
    if args.clock == Clock::Virtual {
        return Err(Error::Input(format!(
            "kafka:{address} has no virtual time; leave --input out, or --clock virtual"
        )));
    }
    TopicInput::open_filled(address, &settings.unwrap_or_default(), out::tell()).map(Some)
}

fn default_fault(engine: &str) -> FaultSpec {
    let (batches, of_batches, of_others) = DEFAULT_FAULT;
    let text = if engine == batches { of_batches } else { of_others };
    text.parse().expect("a default is sound")
}
