//! `recover`: the same failure under every guarantee of every engine, side by side.

pub(crate) mod disturbance;
pub(crate) mod row_multiset;
mod table;
mod trial;

use dataflow::StopSignal;
use dataflow::job::engine::GUARANTEES;
use reports::schema::recovery::{RECOVER_SCHEMA, RecoverOutput, RecoverResult, RecoverRun};

use crate::cli::RecoverArgs;
use crate::error::{Outcome, Result};
use crate::files::invocation::command_line;
use crate::files::result_folder::ResultFolder;
use crate::registry::Registry;
use crate::run::environment;
use crate::run::executor::Runner;
use crate::run::real::Real;
use crate::terminal::out;
use crate::terminal::progress::Progress;

use disturbance::Disturbance;
use trial::RecoverTrial;

/// Runs the command.
///
/// # Errors
/// For bad usage, and when a job cannot be run; what was measured until then is saved.
pub(crate) fn recover(
    args: &RecoverArgs,
    registry: &Registry,
    stop: &StopSignal,
) -> Result<Outcome> {
    let disturbed = Disturbance::new(args, registry)?;
    let folder = ResultFolder::make(args.out.folder(), "recover")?;

    let progress = Progress::new(disturbed.trials(), args.json);
    let mut runs = Vec::new();
    let mut real = Real;
    let ended = run_all(&disturbed, &mut runs, &mut Runner::new(&mut real, stop, &progress));
    progress.finish();

    let result = RecoverResult {
        schema: RECOVER_SCHEMA.to_owned(),
        started: folder.started.clone(),
        command: command_line(),
        interrupted: stop.is_requested(),
        fault: disturbed.fault(),
        runs,
        environment: environment::describe(),
    };
    let filled = folder.fill(&result)?;
    ended?;
    out::results(&filled, args.json, || table::recovery(&result));
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

/// Runs every engine under every guarantee, until it is stopped.
///
/// # Errors
/// When a job cannot be run; `runs` holds what had ended by then.
pub fn run_all(
    disturbed: &Disturbance,
    runs: &mut Vec<RecoverRun>,
    runner: &mut Runner<'_>,
) -> Result<()> {
    let Some(wanted) = trial::undisturbed(disturbed, runner)? else { return Ok(()) };
    for (variant, faults) in &disturbed.engines {
        for guarantee in GUARANTEES {
            if runner.is_to_stop() {
                return Ok(());
            }
            let trial = RecoverTrial { disturbed, variant, faults, guarantee };
            runs.push(trial.run(&wanted, runner)?);
            runner.audience.step();
        }
    }
    Ok(())
}
