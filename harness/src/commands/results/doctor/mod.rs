//! `doctor`: measures what this machine does to results, and gives advice.

mod advice;
mod diagnosis;
mod probe;
mod table;

use dataflow::StopSignal;
use reports::schema::NoiseRow;

use crate::analysis::comparisons;
use crate::analysis::comparisons::ComparisonRules;
use crate::analysis::statistics::CONFIDENCE;
use crate::cli::{DoctorArgs, defaults};
use crate::error::{Outcome, Result};
use crate::experiment::rounds;
use crate::experiment::sizing::{size, spec};
use crate::experiment::suite::{Length, Suite, SuiteOverrides};
use crate::registry::Registry;
use crate::run::answer::Answer;
use crate::run::audience::Audience;
use crate::run::clock::{Clock, clock};
use crate::run::environment;
use crate::run::executor::Runner;
use crate::run::real::Real;
use crate::systems::what_is_there;
use crate::terminal::out;
use crate::terminal::progress::Progress;

use diagnosis::{DOCTOR_SCHEMA, Diagnosis};

/// Runs the command.
///
/// # Errors
/// When an engine fails.
pub(crate) fn doctor(args: &DoctorArgs, registry: &Registry, stop: &StopSignal) -> Result<Outcome> {
    let environment = environment::describe();
    let run_clock = clock(Clock::Wall, 0, 1, false)?;
    let runtime = run_clock.runtime();
    let mut diagnosis = Diagnosis {
        schema: DOCTOR_SCHEMA,
        environment,
        clock: probe::clock(&*runtime),
        timer_late_ns: probe::timers(&runtime)?,
        stalls: probe::stalls(&*runtime),
        noise: Vec::new(),
        noise_events: 0,
        systems: what_is_there(),
        advice: Vec::new(),
    };
    (diagnosis.noise, diagnosis.noise_events) = noise(args, registry, stop)?;
    if stop.is_requested() {
        return Ok(Outcome::Interrupted);
    }
    diagnosis.advice = advice::advice(&diagnosis);
    if args.json {
        out::json(&diagnosis);
    } else {
        out::line(&table::diagnosis(&diagnosis));
    }
    Ok(Outcome::Good)
}

/// Engines against themselves, and the events of each run.
fn noise(
    args: &DoctorArgs,
    registry: &Registry,
    stop: &StopSignal,
) -> Result<(Vec<NoiseRow>, u64)> {
    let overrides = SuiteOverrides {
        repeats: Some(args.repeats),
        length: Some(Length::Duration(args.duration)),
        ..SuiteOverrides::default()
    };
    let suite = Suite::of_workloads(&[defaults::WORKLOAD.to_owned()], registry)?;
    let suite = suite.with(&overrides, registry)?.against_itself();
    let (mut runs, mut events) = (Vec::new(), 0);
    for experiment in &suite.experiments {
        let (progress, mut real) = (Progress::new(experiment.runs(), args.json), Real);
        let mut runner = Runner::new(&mut real, stop, &progress);
        let size = size(experiment, &mut runner)?;
        events = size.events;
        for repeat in 0..experiment.repeats {
            for place in rounds::order(experiment.variants.len(), experiment.seed, repeat) {
                if stop.is_requested() {
                    return Ok((Vec::new(), events));
                }
                let spec = spec(experiment, &experiment.variants[place], size, repeat)?;
                // Answers are not compared: the same events go through the same engine.
                let mut result = runner.run(&spec, Answer::Unchecked)?.result;
                result.valid = !result.interrupted;
                runs.push(result);
                progress.step();
            }
        }
        progress.finish();
    }
    let how = ComparisonRules { against_itself: true, confidence: CONFIDENCE };
    Ok((comparisons::noise(&runs, how), events))
}
