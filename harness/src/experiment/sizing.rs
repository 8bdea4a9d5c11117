//! How long the runs of an experiment are. A few short sizing runs turn a duration into a number of
//! events, and a share of what the slowest engine takes into a rate.

use std::time::Duration;

use crate::error::Result;
use crate::experiment::suite::{Experiment, Length, SuiteRate, Variant};
use crate::quantity::Rate;
use crate::run::answer::Answer;
use crate::run::clock::Clock;
use crate::run::executor::Runner;
use crate::run::spec::{Recovery, RunSpec};

/// Most events of a run whose number sizing has fixed.
pub const MOST_EVENTS: u64 = 100_000_000;
/// A sizing run that lasts this long tells a throughput.
const LONG_ENOUGH_NANOS: u64 = 50_000_000;
/// Events of the first sizing run.
const FIRST_EVENTS: u64 = 20_000;
/// Each sizing run has this many times the events of the one before.
const GROWTH: u64 = 8;
/// Share of the slowest engine's throughput at which latency is measured.
const SHARE_FOR_LATENCY: f64 = 0.5;

/// What all runs of an experiment have in common.
#[derive(Copy, Clone, Debug, Default, PartialEq)]
pub struct RunSize {
    /// Planned events per second, or as fast as they are taken.
    pub rate: Rate,
    /// Number of events of every run.
    pub events: u64,
    /// Events at the start that are not timed.
    pub warm_up: u64,
    /// Events per second that the generator makes by itself; measured at a planned rate.
    pub generator_per_s: Option<f64>,
}

/// Fixes rate and number of events for all engines of an experiment.
///
/// # Errors
/// When an engine fails.
pub fn size(experiment: &Experiment, runner: &mut Runner<'_>) -> Result<RunSize> {
    // `taken` is what is taken per second: it turns times into numbers of events.
    let (rate, taken) = match experiment.rate {
        SuiteRate::Fixed(Rate::PerSecond(rate)) => (Rate::PerSecond(rate), rate),
        SuiteRate::AtMost(rate) => {
            let rate = rate.min(slowest(experiment, runner)? * SHARE_FOR_LATENCY);
            (Rate::PerSecond(rate), rate)
        }
        SuiteRate::Fixed(Rate::Max) => match experiment.length {
            Length::Events(_) if experiment.warm_up.is_none() => (Rate::Max, 0.0),
            _ => (Rate::Max, slowest(experiment, runner)?),
        },
    };
    let in_time = |time: Duration| (taken * time.as_secs_f64()) as u64;
    let events = match experiment.length {
        Length::Events(events) => events,
        Length::Duration(duration) => in_time(duration).clamp(1, MOST_EVENTS),
    };
    let warm_up = experiment.warm_up.map_or(0, in_time);
    let events = events.saturating_add(warm_up);
    let size = RunSize { rate, events, warm_up, generator_per_s: None };
    let generator_per_s = match rate {
        Rate::PerSecond(_) => generator(experiment, size, runner)?,
        Rate::Max => None,
    };
    Ok(RunSize { generator_per_s, ..size })
}

/// Events per second that the generator of an experiment makes by itself; `None` for an experiment
/// without a variant.
///
/// # Errors
/// When an event cannot be read.
pub fn generator(
    experiment: &Experiment,
    size: RunSize,
    runner: &mut Runner<'_>,
) -> Result<Option<f64>> {
    let Some(variant) = experiment.variants.first() else { return Ok(None) };
    let size = RunSize { rate: Rate::Max, warm_up: 0, ..size };
    runner.generator_per_s(&spec(experiment, variant, size, 0)?)
}

/// Throughput of the slowest engine, in events per second.
fn slowest(experiment: &Experiment, runner: &mut Runner<'_>) -> Result<f64> {
    let mut slowest = f64::INFINITY;
    for variant in &experiment.variants {
        let name = experiment.workload.name();
        runner.audience.say(&format!("pilot: {name} on {}", variant.name));
        slowest = slowest.min(throughput(experiment, variant, Clock::Wall, runner)?);
        if runner.is_to_stop() {
            break;
        }
    }
    Ok(slowest)
}

/// Throughput of an engine, in events per second.
///
/// # Errors
/// When it fails.
pub fn throughput(
    experiment: &Experiment,
    variant: &Variant,
    clock: Clock,
    runner: &mut Runner<'_>,
) -> Result<f64> {
    let mut events = FIRST_EVENTS;
    loop {
        let size = RunSize { events, ..RunSize::default() };
        let mut spec = spec(experiment, variant, size, 0)?;
        spec.clock = clock;
        spec.recovery = Recovery::default();
        // A sizing run measures nothing that is kept.
        let result = runner.quiet().run(&spec, Answer::Unchecked)?.result;
        let enough = result.elapsed_ns >= LONG_ENOUGH_NANOS || events >= MOST_EVENTS;
        if enough || result.interrupted {
            return Ok(result.throughput_per_s.max(1.0));
        }
        events *= GROWTH;
    }
}

/// A run of an experiment.
///
/// # Errors
/// If a setting or knob is invalid.
pub fn spec(
    experiment: &Experiment,
    variant: &Variant,
    size: RunSize,
    repeat: u32,
) -> Result<RunSpec> {
    RunSpec::of(variant.engine.clone(), experiment.workload.clone())
        .experiment(&experiment.name)
        .variant(&variant.name)
        .settings(variant.own.clone())
        .shared_settings(variant.shared.clone())
        .knobs(experiment.knobs.clone())
        .rate(size.rate)
        .events(size.events)
        .warm_up(size.warm_up)
        .generator_per_s(size.generator_per_s)
        .seed(experiment.seed)
        .parallelism(experiment.parallelism)
        .repeat(repeat)
        .recovery(Recovery { faults: experiment.faults.clone(), ..Recovery::default() })
        .resolve()
}
