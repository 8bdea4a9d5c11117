//! What `consistency` runs: workloads on several engines, and every prefix of their input.

use std::collections::BTreeMap;
use std::sync::Arc;

use dataflow::job::engine::GUARANTEES;
use serde_json::Value;
use workloads::registry::AnyWorkload;

use crate::cli::ConsistencyArgs;
use crate::commands::runs::guarantees::Contenders;
use crate::error::{Error, Result};
use crate::experiment::suite::Variant;
use crate::quantity::Rate;
use crate::registry::Registry;
use crate::run::clock::Clock;
use crate::run::spec::{RunDraft, RunSpec};

/// The engine that answers prefixes.
const YARDSTICK: &str = "sequential";
/// Default workloads: an invariant over all accounts, and two queries with changes of changes.
const DEFAULT_WORKLOADS: [&str; 3] = ["transfers", "nexmark-q4", "nexmark-q9"];
/// Default settings: some checkpoints and batches in a run.
const DEFAULT_SETTINGS: [(&str, u64); 2] =
    [("checkpoint_interval_ms", 100), ("batch_interval_ms", 100)];
/// Most events of a run: every prefix of them is run by itself.
const MOST_EVENTS: u64 = 10_000;

/// Workloads on some engines, and what all their runs have in common.
pub struct ConsistencyPlan {
    registry: Registry,
    pub(super) cases: Vec<Case>,
    rate: f64,
    /// Events of each run.
    pub(super) events: u64,
    pub(super) parallelism: u32,
    /// Of the runs, in order.
    pub(super) seeds: Vec<u64>,
    pub(super) clock: Clock,
}

/// A workload and the engines that it runs on.
pub(super) struct Case {
    pub(super) workload: Arc<dyn AnyWorkload>,
    pub(super) variants: Vec<Variant>,
    knobs: BTreeMap<String, Value>,
}

impl ConsistencyPlan {
    /// Checks what was asked for.
    ///
    /// # Errors
    /// For unknown names and invalid values, for a workload that waits for watermarks, and for more
    /// events than prefixes can be run of.
    pub fn new(args: &ConsistencyArgs, registry: &Registry) -> Result<Self> {
        let rate = args.rate.per_second().ok_or_else(|| {
            Error::Input(
                "`--rate max` hands over everything at once; write events per second".to_owned(),
            )
        })?;
        let events = (rate * args.duration.as_secs_f64()) as u64;
        if !(1..=MOST_EVENTS).contains(&events) {
            return Err(Error::Input(format!(
                "--rate and --duration make {events} events; consistency runs every prefix of \
                 them, so write 1 to {MOST_EVENTS}"
            )));
        }
        let named: Vec<&str> = args.workloads.iter().map(String::as_str).collect();
        let names = if named.is_empty() { DEFAULT_WORKLOADS.as_slice() } else { &named };
        let cases = names.iter().map(|name| Case::new(name, args, registry));
        let plan = Self {
            registry: registry.clone(),
            cases: cases.collect::<Result<_>>()?,
            rate,
            events,
            parallelism: args.parallelism,
            seeds: (0..args.seeds.into()).map(|number| args.seed.wrapping_add(number)).collect(),
            clock: args.clock,
        };
        // Whatever is wrong with settings is said before anything runs.
        for case in &plan.cases {
            plan.prefix(case, args.seed, 1)?;
            for variant in &case.variants {
                for guarantee in GUARANTEES {
                    plan.spec(case, variant, guarantee, args.seed)?;
                }
            }
        }
        Ok(plan)
    }

    /// A run of one of its engines under a guarantee.
    ///
    /// # Errors
    /// If a setting or knob is invalid.
    pub(super) fn spec(
        &self,
        case: &Case,
        variant: &Variant,
        guarantee: &str,
        seed: u64,
    ) -> Result<RunSpec> {
        let mut own = variant.own.clone();
        own.insert("guarantee".to_owned(), guarantee.into());
        let draft = RunSpec::of(Arc::clone(&variant.engine), Arc::clone(&case.workload));
        self.with_events(draft, case, seed)
            .variant(&variant.name)
            .settings(own)
            .shared_settings(variant.shared.clone())
            .rate(Rate::PerSecond(self.rate))
            .parallelism(self.parallelism)
            .events(self.events)
            .clock(self.clock)
            .resolve()
    }

    /// The first events on the engine that takes one after the other, as fast as it goes.
    ///
    /// # Errors
    /// If there is no such engine.
    pub(super) fn prefix(&self, case: &Case, seed: u64, events: u64) -> Result<RunSpec> {
        let draft = RunSpec::of(self.registry.engine(YARDSTICK)?, Arc::clone(&case.workload));
        let draft = self.with_events(draft, case, seed).tuned_for(Rate::PerSecond(self.rate));
        draft.events(events).clock(Clock::Virtual).resolve()
    }

    /// What all runs have in common.
    fn with_events(&self, draft: RunDraft, case: &Case, seed: u64) -> RunDraft {
        draft.experiment("consistency").knobs(case.knobs.clone()).seed(seed)
    }

    /// Number of runs that are shown.
    pub(super) fn trials(&self) -> u64 {
        let cells = self.cases.iter().map(|case| case.variants.len() * GUARANTEES.len());
        (cells.sum::<usize>() * self.seeds.len()) as u64
    }
}

impl Case {
    fn new(name: &str, args: &ConsistencyArgs, registry: &Registry) -> Result<Self> {
        let workload = registry.workload(name)?;
        if workload.waits_for_watermarks() {
            return Err(Error::Input(format!(
                "{name} emits once event time has passed (a window closes, an auction expires), and \
                 until then its result is the answer to no prefix; take a workload whose result \
                 follows every record, such as {}",
                DEFAULT_WORKLOADS.join(", ")
            )));
        }
        let given = (args.engines.as_slice(), args.set.as_slice());
        let Contenders { variants, mut knobs } =
            Contenders::new("consistency", given, &DEFAULT_SETTINGS, &*workload, registry)?;
        // A prefix is one of a single split.
        match knobs.insert("splits".to_owned(), 1.into()) {
            Some(given) if given != 1 => Err(Error::Input(format!(
                "consistency reads one split, whose prefixes it answers; leave splits={given} out"
            ))),
            _ => Ok(Self { workload, variants, knobs }),
        }
    }
}
