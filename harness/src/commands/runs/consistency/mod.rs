//! `consistency`: which states of a result that somebody can see are the answer to no prefix of the
//! input, and how long they last. (After "internal consistency in streaming systems", 2021.)

pub(crate) mod plan;
pub(crate) mod states;
mod table;
pub(crate) mod trial;

use std::collections::HashSet;

use dataflow::StopSignal;
use dataflow::job::engine::GUARANTEES;
use reports::schema::consistency::{
    CONSISTENCY_SCHEMA, ConsistencyCell, ConsistencyResult, ConsistencySeed,
};

use crate::cli::ConsistencyArgs;
use crate::error::{Outcome, Result};
use crate::experiment::suite::Variant;
use crate::files::invocation::command_line;
use crate::files::result_folder::ResultFolder;
use crate::registry::Registry;
use crate::run::environment;
use crate::run::executor::Runner;
use crate::run::real::Real;
use crate::terminal::out;
use crate::terminal::progress::Progress;

use plan::{Case, ConsistencyPlan};
use states::{JudgedStates, TableState};

/// Runs the command.
///
/// # Errors
/// For bad usage, and when a job cannot be run; what was measured until then is saved.
pub(crate) fn consistency(
    args: &ConsistencyArgs,
    registry: &Registry,
    stop: &StopSignal,
) -> Result<Outcome> {
    let plan = ConsistencyPlan::new(args, registry)?;
    let folder = ResultFolder::make(args.out.folder(), "consistency")?;

    let progress = Progress::new(plan.trials(), args.json);
    let mut cells = Vec::new();
    let mut real = Real;
    let ended = run_all(&plan, &mut cells, &mut Runner::new(&mut real, stop, &progress));
    progress.finish();

    let result = ConsistencyResult {
        schema: CONSISTENCY_SCHEMA.to_owned(),
        started: folder.started.clone(),
        command: command_line(),
        interrupted: stop.is_requested(),
        events: plan.events,
        rate: args.rate.per_second().unwrap_or_default(),
        parallelism: plan.parallelism,
        clock: plan.clock.name().to_owned(),
        cells,
        environment: environment::describe(),
    };
    let filled = folder.fill(&result)?;
    ended?;
    out::results(&filled, args.json, || table::consistency(&result));
    Ok(outcome(&result))
}

/// How the command ends: badly, if an answer was wrong or a commit showed what no prefix justifies.
fn outcome(result: &ConsistencyResult) -> Outcome {
    if result.interrupted {
        Outcome::Interrupted
    } else if result.cells.iter().all(ConsistencyCell::keeps_its_promise) {
        Outcome::Good
    } else {
        Outcome::Failed
    }
}

/// Runs every workload on every engine under every guarantee, seed by seed, until it is stopped.
///
/// # Errors
/// When a job cannot be run; `cells` holds what had ended by then.
pub fn run_all(
    plan: &ConsistencyPlan,
    cells: &mut Vec<ConsistencyCell>,
    runner: &mut Runner<'_>,
) -> Result<()> {
    for case in &plan.cases {
        let first = cells.len();
        for &seed in &plan.seeds {
            runner.audience.say(&format!("{}, seed {seed}: prefixes", case.workload.name()));
            let Some(prefixes) = trial::prefixes(plan, case, seed, runner)? else { return Ok(()) };
            let trials = case
                .variants
                .iter()
                .flat_map(|variant| GUARANTEES.iter().map(move |guarantee| (variant, *guarantee)));
            for (place, (variant, guarantee)) in trials.enumerate() {
                let trial = Trial { plan, case, variant, guarantee, seed };
                let Some(cell) = trial.run(&prefixes, runner)? else { return Ok(()) };
                match cells.get_mut(first + place) {
                    Some(known) => known.seeds.extend(cell.seeds),
                    None => cells.push(cell),
                }
                runner.audience.step();
            }
        }
    }
    Ok(())
}

/// One engine under one guarantee, over the events of one seed.
struct Trial<'a> {
    plan: &'a ConsistencyPlan,
    case: &'a Case,
    variant: &'a Variant,
    guarantee: &'a str,
    seed: u64,
}

impl Trial<'_> {
    /// Runs it; `None` when that was interrupted.
    fn run(
        &self,
        prefixes: &HashSet<TableState>,
        runner: &mut Runner<'_>,
    ) -> Result<Option<ConsistencyCell>> {
        if runner.is_to_stop() {
            return Ok(None);
        }
        let spec = self.plan.spec(self.case, self.variant, self.guarantee, self.seed)?;
        let Some(watched) = trial::watch(&spec, runner)? else { return Ok(None) };
        let judged = JudgedStates::of(&watched.steps, watched.ended, prefixes);
        let run = watched.run;
        let seed = ConsistencySeed {
            seed: self.seed,
            states: judged.states,
            unjustified: judged.unjustified,
            until_consistent_ns: judged.until_consistent_ns,
            right: !run.output.is_wrong() && judged.ends_justified,
        };
        Ok(Some(ConsistencyCell {
            workload: run.workload,
            engine: run.engine,
            variant: run.variant,
            guarantee: self.guarantee.to_owned(),
            seeds: vec![seed],
            settings: run.settings,
            knobs: run.knobs,
        }))
    }
}
