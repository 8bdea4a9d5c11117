//! `recover`: the same failure under every guarantee of every engine, side by side.

pub mod row_multiset;
mod trial;

use std::collections::BTreeMap;
use std::sync::Arc;

use dataflow::job::engine::GUARANTEES;
use dataflow::job::settings::Settings;
use dataflow::{Engine, StopSignal};
use reports::schema::recovery::{RECOVER_SCHEMA, RecoverOutput, RecoverResult, RecoverRun};
use serde_json::Value;
use workloads::registry::AnyWorkload;

use crate::cli::RecoverArgs;
use crate::commands::runs::compare;
use crate::error::{Error, Outcome, Result};
use crate::experiment::registry::{EngineSpec, Given, Registry, key_value};
use crate::experiment::sizing::MOST_EVENTS;
use crate::experiment::suite::Variant;
use crate::files::result_folder::ResultFolder;
use crate::run::clock::Clock;
use crate::run::environment;
use crate::run::fault::FaultSpec;
use crate::terminal::progress::Progress;
use crate::terminal::table;

/// Engines when nobody says.
const DEFAULT_ENGINES: [&str; 2] = ["pipelined", "microbatch"];
/// Settings when nobody says: some checkpoints and batches before the failure and after it.
const DEFAULT_SETTINGS: [(&str, u64); 2] =
    [("checkpoint_interval_ms", 200), ("batch_interval_ms", 200)];
/// Faults when nobody says: by engine, and of any other.
const DEFAULT_FAULT: (&str, &str, &str) = ("microbatch", "kill:task@45%", "kill:subtask@45%");

/// Runs the command.
///
/// # Errors
/// For bad usage, and when a job cannot be run; what was measured until then is saved.
pub fn recover(args: &RecoverArgs, registry: &Registry, stop: &StopSignal) -> Result<Outcome> {
    let disturbed = Disturbed::new(args, registry)?;
    let folder = ResultFolder::make(args.out.as_deref(), "recover")?;

    let progress = Progress::new(disturbed.trials(), args.json);
    let mut runs = Vec::new();
    let ended = disturbed.run_all(&mut runs, stop, &progress);
    progress.finish();

    let result = RecoverResult {
        schema: RECOVER_SCHEMA.to_owned(),
        started: folder.started.clone(),
        command: compare::command_line(),
        interrupted: stop.is_requested(),
        fault: disturbed.fault(),
        runs,
        environment: environment::describe(),
    };
    let filled = folder.fill(&result)?;
    ended?;
    filled.print(args.json, || table::recovery(&result));
    Ok(outcome(&result))
}

/// How the command ends: badly, if a guarantee was broken or no run has kept it to the end.
fn outcome(result: &RecoverResult) -> Outcome {
    let kept = |run: &RecoverRun| {
        run.keeps_its_promise()
            && (run.guarantee == "none" || run.output != RecoverOutput::EndedByTheFailure)
    };
    if result.interrupted {
        Outcome::Interrupted
    } else if result.runs.iter().all(kept) {
        Outcome::Good
    } else {
        Outcome::Failed
    }
}

/// A workload on some engines, and what fails on each.
pub struct Disturbed {
    registry: Registry,
    workload: Arc<dyn AnyWorkload>,
    knobs: Settings,
    engines: Vec<(Variant, Vec<FaultSpec>)>,
    rate: f64,
    events: u64,
    parallelism: u32,
    seed: u64,
    clock: Clock,
}

impl Disturbed {
    /// Checks what was asked for.
    ///
    /// # Errors
    /// For names and values that are none.
    pub fn new(args: &RecoverArgs, registry: &Registry) -> Result<Self> {
        let workload = registry.workload(&args.workload)?;
        let rate = args.rate.per_second().ok_or_else(|| {
            Error::Input(
                "`--rate max` has no plan to fall behind of; write events per second".to_owned(),
            )
        })?;
        let specs: Vec<EngineSpec> = match args.engines.as_slice() {
            [] => DEFAULT_ENGINES.iter().map(|it| EngineSpec::parse(it)).collect::<Result<_>>()?,
            given => given.iter().map(|it| EngineSpec::parse(it)).collect::<Result<_>>()?,
        };
        let engines: Vec<Arc<dyn Engine>> =
            specs.iter().map(|spec| registry.engine(&spec.name)).collect::<Result<_>>()?;
        let set: BTreeMap<String, Value> =
            args.set.iter().map(|it| key_value(it)).collect::<Result<_>>()?;
        if set.contains_key("guarantee")
            || specs.iter().any(|spec| spec.settings.contains_key("guarantee"))
        {
            return Err(Error::Input("recover runs every guarantee; leave it out".to_owned()));
        }
        let mut given = Given::part(&set, &*workload, &engines)?;
        for (name, millis) in DEFAULT_SETTINGS {
            given.settings.entry(name.to_owned()).or_insert(millis.into());
        }
        let knobs = workload.resolve(&given.knobs, Some(rate)).map_err(Error::input)?;
        let events = (rate * args.duration.as_secs_f64()) as u64;
        let variants = engines.into_iter().zip(specs).map(|(engine, spec)| {
            let faults = match args.faults.as_slice() {
                [] => vec![default_fault(&spec.name)],
                given => given.to_vec(),
            };
            let (name, own, shared) = (spec.to_string(), spec.settings, given.settings.clone());
            (Variant { engine, name, own, shared }, faults)
        });
        let disturbed = Self {
            registry: registry.clone(),
            workload,
            knobs,
            engines: variants.collect(),
            rate,
            events: events.clamp(1, MOST_EVENTS),
            parallelism: args.parallelism,
            seed: args.seed,
            clock: args.clock,
        };
        // Whatever is wrong with settings is said before anything runs.
        for (variant, _) in &disturbed.engines {
            for guarantee in GUARANTEES {
                disturbed.settings(variant, guarantee)?;
            }
        }
        Ok(disturbed)
    }

    fn settings(&self, variant: &Variant, guarantee: &str) -> Result<Settings> {
        let mut variant = variant.clone();
        variant.own.insert("guarantee".to_owned(), guarantee.into());
        variant.settings(&*self.workload, self.parallelism, false)
    }

    /// Number of runs that are shown.
    pub fn trials(&self) -> u64 {
        (self.engines.len() * GUARANTEES.len()) as u64
    }

    /// What fails, and on which engine.
    pub fn fault(&self) -> String {
        let joined = |faults: &[FaultSpec]| {
            faults.iter().map(ToString::to_string).collect::<Vec<String>>().join(" and ")
        };
        let each = self.engines.iter();
        let each = each.map(|(variant, faults)| format!("{} on {}", joined(faults), variant.name));
        each.collect::<Vec<String>>().join(", ")
    }

    /// Runs every engine under every guarantee, until it is stopped.
    ///
    /// # Errors
    /// When a job cannot be run; `runs` holds what had ended by then.
    pub fn run_all(
        &self,
        runs: &mut Vec<RecoverRun>,
        stop: &StopSignal,
        progress: &Progress,
    ) -> Result<()> {
        let Some(wanted) = trial::undisturbed(self, stop, progress)? else { return Ok(()) };
        for (variant, faults) in &self.engines {
            for guarantee in GUARANTEES {
                if stop.is_requested() {
                    return Ok(());
                }
                let trial = trial::Trial { disturbed: self, variant, faults, guarantee };
                runs.push(trial.run(&wanted, stop, progress)?);
                progress.step();
            }
        }
        Ok(())
    }
}

fn default_fault(engine: &str) -> FaultSpec {
    let (batches, of_batches, of_others) = DEFAULT_FAULT;
    let text = if engine == batches { of_batches } else { of_others };
    text.parse().expect("a default is sound")
}
