//! `doctor`: what this machine does to results, measured, and what to make of it.

mod advice;
mod probe;

use std::collections::BTreeMap;

use dataflow::{Digest, StopSignal};
use reports::schema::NoiseRow;
use serde::Serialize;
use serde_json::Value;

pub use advice::{Advice, Level};

use crate::analysis::comparisons;
use crate::analysis::comparisons::Comparing;
use crate::analysis::statistics::CONFIDENCE;
use crate::cli::DoctorArgs;
use crate::error::{Outcome, Result};
use crate::experiment::registry::Registry;
use crate::experiment::sizing::{fix, spec};
use crate::experiment::suite::{Length, Overrides, Suite};
use crate::run::clock::{Clock, clock};
use crate::run::environment;
use crate::run::execute::{Surroundings, execute};
use crate::terminal::progress::Progress;
use crate::terminal::{out, table};

/// Schema tag of [`Diagnosis`].
pub const DOCTOR_SCHEMA: &str = "streamgauge.doctor/1";
/// The workload that engines run to be compared with themselves.
const WORKLOAD: &str = "keyed-count";

/// What was measured, and what to make of it.
#[derive(Clone, Debug, Serialize)]
pub struct Diagnosis {
    /// Always [`DOCTOR_SCHEMA`].
    pub schema: &'static str,
    /// The machine and the build.
    pub environment: BTreeMap<String, Value>,
    /// The clock that runs are timed with.
    pub clock: ClockFigures,
    /// How late the timers of engines fire, in nanoseconds.
    pub timer_late_ns: TimerFigures,
    /// How often the machine takes the processor away.
    pub stalls: StallFigures,
    /// How much each engine differs from itself.
    pub noise: Vec<NoiseRow>,
    /// What that means for results.
    pub advice: Vec<Advice>,
}

/// The clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct ClockFigures {
    /// Reading it, in nanoseconds: the quickest of several series.
    pub cost_ns: f64,
    /// Smallest step between two readings that differ, in nanoseconds.
    pub step_ns: u64,
}

/// How late timers fire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TimerFigures {
    /// Timers.
    pub count: usize,
    /// Median.
    pub p50: u64,
    /// 99th percentile.
    pub p99: u64,
    /// Latest.
    pub max: u64,
}

/// What a thread per core, which does nothing but read the clock, has seen of others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct StallFigures {
    /// Time watched on every core, in nanoseconds.
    pub watched_ns: u64,
    /// Longest time between two readings, in nanoseconds.
    pub longest_ns: u64,
    /// Share of the time that went away in stalls of 20 µs and more, from 0 to 1.
    pub lost_share: f64,
}

/// Runs the command.
///
/// # Errors
/// When an engine fails.
pub fn doctor(args: &DoctorArgs, registry: &Registry, stop: &StopSignal) -> Result<Outcome> {
    let environment = environment::describe();
    let run_clock = clock(Clock::Wall, 0, 1, false)?;
    let runtime = run_clock.runtime();
    let mut diagnosis = Diagnosis {
        schema: DOCTOR_SCHEMA,
        environment,
        clock: probe::clock(&*runtime),
        timer_late_ns: probe::timers(&runtime)?,
        stalls: probe::stalls(&*runtime),
        noise: noise(args, registry, stop)?,
        advice: Vec::new(),
    };
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

/// Engines against themselves.
fn noise(args: &DoctorArgs, registry: &Registry, stop: &StopSignal) -> Result<Vec<NoiseRow>> {
    let overrides = Overrides {
        repeats: Some(args.repeats),
        length: Some(Length::Duration(args.duration)),
        ..Overrides::default()
    };
    let suite = Suite::of_workloads(&[WORKLOAD.to_owned()], registry)?;
    let suite = suite.with(&overrides, registry)?.against_itself();
    let mut runs = Vec::new();
    for experiment in &suite.experiments {
        let progress = Progress::new(experiment.runs(), args.json);
        let fixed = fix(experiment, stop, &progress)?;
        for repeat in 0..experiment.repeats {
            let mut variants: Vec<_> = experiment.variants.iter().collect();
            if repeat % 2 == 1 {
                variants.reverse();
            }
            for variant in variants {
                if stop.is_requested() {
                    return Ok(Vec::new());
                }
                let spec = spec(experiment, variant, fixed, repeat)?;
                let events = spec.workload.generate(&spec.knobs, spec.seed);
                let run_clock = clock(Clock::Wall, spec.seed, spec.parallelism, false)?;
                let around = Surroundings::of(&*events, stop, &progress, &run_clock);
                // Nobody looks at the answers: the same events go through the same engine.
                let mut result = execute(&spec, around, &mut Digest::default)?.result;
                result.valid = !result.interrupted;
                runs.push(result);
                progress.step();
            }
        }
        progress.finish();
    }
    let how = Comparing { against_itself: true, confidence: CONFIDENCE };
    Ok(comparisons::noise(&runs, how))
}
