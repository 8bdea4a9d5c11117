//! The pilot: a few short runs that turn a duration into a number of events, and a share of what
//! the slowest engine takes into a rate.

use std::collections::BTreeMap;
use std::time::Duration;

use dataflow::{ProcessingTime, StampUnit, StopSignal};
use reports::schema::Measures;
use workloads::schedule::arrival::Schedule;
use workloads::schedule::load_shape::LoadShape;

use crate::error::Result;
use crate::experiment::suite::{Experiment, Length, SuiteRate, Variant};
use crate::measure::sink::measuring;
use crate::run::clock::{Clock, clock};
use crate::run::execute::{Recovery, RunSpec, Surroundings, execute};
use crate::terminal::progress::Progress;

/// Most events of a run whose number a pilot has fixed.
pub const MOST_EVENTS: u64 = 100_000_000;
/// A pilot run that lasts this long tells a throughput.
const LONG_ENOUGH_NANOS: u64 = 50_000_000;
/// Events of the first pilot run.
const FIRST_EVENTS: u64 = 20_000;
/// Each pilot run has this many times the events of the one before.
const GROWTH: u64 = 8;
/// Share of the slowest engine's throughput at which latency is measured.
const SHARE_FOR_LATENCY: f64 = 0.5;
/// Events that a generator is asked for at a time, as engines do.
const CHUNK: u64 = 256;

/// What an experiment's runs have in common.
#[derive(Copy, Clone, Debug, Default, PartialEq)]
pub struct Fixed {
    /// Planned events per second, or as fast as they are taken.
    pub rate: Option<f64>,
    /// Number of events of every run.
    pub events: u64,
    /// Events at the start that are not timed.
    pub warm_up: u64,
    /// Events per second that the generator makes by itself; measured where there is a rate.
    pub generator_per_s: Option<f64>,
}

impl Fixed {
    /// What the runs measure.
    pub const fn measures(&self) -> Measures {
        if self.rate.is_some() { Measures::Latency } else { Measures::Throughput }
    }
}

/// Fixes rate and number of events for all engines of an experiment.
///
/// # Errors
/// When an engine fails.
pub fn fix(experiment: &Experiment, stop: &StopSignal, progress: &Progress) -> Result<Fixed> {
    let slowest = || slowest(experiment, stop, progress);
    let (rate, taken) = match experiment.rate {
        SuiteRate::Fixed(rate) => (Some(rate), rate),
        SuiteRate::AtMost(rate) => {
            let rate = rate.min(slowest()? * SHARE_FOR_LATENCY);
            (Some(rate), rate)
        }
        SuiteRate::Max => match experiment.length {
            Length::Events(_) if experiment.warm_up.is_none() => (None, 0.0),
            _ => (None, slowest()?),
        },
    };
    let in_time = |time: Duration| (taken * time.as_secs_f64()) as u64;
    let events = match experiment.length {
        Length::Events(events) => events,
        Length::Duration(duration) => in_time(duration).clamp(1, MOST_EVENTS),
    };
    let warm_up = experiment.warm_up.map_or(0, in_time);
    let events = events.saturating_add(warm_up);
    let fixed = Fixed { rate, events, warm_up, generator_per_s: None };
    let generator_per_s = match rate {
        Some(_) => generator(experiment, fixed)?,
        None => None,
    };
    Ok(Fixed { generator_per_s, ..fixed })
}

/// Events per second that the generator makes on one core when nobody does anything with them;
/// `None` for an experiment without a variant.
///
/// # Errors
/// When an event cannot be read.
pub fn generator(experiment: &Experiment, fixed: Fixed) -> Result<Option<f64>> {
    let Some(variant) = experiment.variants.first() else { return Ok(None) };
    let spec = spec(experiment, variant, Fixed { rate: None, warm_up: 0, ..fixed }, 0)?;
    let generated = spec.workload.generate(&spec.knobs, spec.seed);
    let run_clock = clock(Clock::Wall, spec.seed, spec.parallelism, false)?;
    let schedule = Schedule {
        rate: None,
        events: fixed.events,
        warm_up: 0,
        start: ProcessingTime::ZERO,
        unit: StampUnit::MICROSECOND,
        shape: LoadShape::CONSTANT,
    };
    let source = generated.plan(schedule, measuring(None, None).0).source;
    let (mut reader, splits) = (source.reader(), u64::from(source.splits.splits()));
    let mut batch = reader.batch();
    let runtime = run_clock.runtime();
    let (began, mut read) = (runtime.now(), 0);
    let per_split = fixed.events / splits;
    for from in (0..per_split).step_by(CHUNK as usize) {
        let upto = per_split.min(from + CHUNK);
        for split in 0..splits {
            reader.read(split as u32, from..upto, &mut batch).map_err(crate::error::Error::run)?;
            read += upto - from;
        }
        if runtime.now().since(began) >= LONG_ENOUGH_NANOS {
            break;
        }
    }
    let nanos = runtime.now().since(began);
    Ok((read > 0 && nanos > 0).then(|| read as f64 * 1e9 / nanos as f64))
}

/// Throughput of the slowest engine, in events per second.
fn slowest(experiment: &Experiment, stop: &StopSignal, progress: &Progress) -> Result<f64> {
    let mut slowest = f64::INFINITY;
    for variant in &experiment.variants {
        progress.say(format!("pilot: {} on {}", experiment.workload.name(), variant.name));
        slowest = slowest.min(throughput(experiment, variant, Clock::Wall, stop)?);
        if stop.is_requested() {
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
    which: Clock,
    stop: &StopSignal,
) -> Result<f64> {
    let hidden = Progress::new(0, true);
    let mut events = FIRST_EVENTS;
    loop {
        let fixed = Fixed { rate: None, events, warm_up: 0, generator_per_s: None };
        let mut spec = spec(experiment, variant, fixed, 0)?;
        spec.clock = which;
        spec.recovery = Recovery::default();
        let generated = spec.workload.generate(&spec.knobs, spec.seed);
        let run_clock = clock(which, spec.seed, spec.parallelism, false)?;
        let around = Surroundings::of(&*generated, stop, &hidden, &run_clock);
        // The pilot's answer is not looked at: it measures nothing that is kept.
        let result = execute(&spec, around, &mut dataflow::Digest::default)?.result;
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
/// When a setting or knob is none.
pub fn spec(
    experiment: &Experiment,
    variant: &Variant,
    fixed: Fixed,
    repeat: u32,
) -> Result<RunSpec> {
    let at_max = fixed.rate.is_none();
    let workload = &*experiment.workload;
    let settings = variant.settings(workload, experiment.parallelism, at_max)?;
    let knobs =
        workload.resolve(&experiment.knobs, fixed.rate).map_err(crate::error::Error::input)?;
    Ok(RunSpec {
        experiment: experiment.name.clone(),
        workload: std::sync::Arc::clone(&experiment.workload),
        engine: std::sync::Arc::clone(&variant.engine),
        variant: variant.name.clone(),
        settings,
        knobs,
        seed: experiment.seed,
        rate: fixed.rate,
        events: fixed.events,
        warm_up: fixed.warm_up,
        parallelism: experiment.parallelism,
        clock: Clock::Wall,
        repeat,
        measures: fixed.measures(),
        recovery: Recovery { faults: experiment.faults.clone(), ..Recovery::default() },
        generator_per_s: fixed.generator_per_s,
    })
}

/// Digests of evaluators, computed once per workload, knobs, seed and number of events.
#[derive(Default)]
pub struct Oracle(BTreeMap<(String, String, u64, u64), dataflow::Digest>);

impl Oracle {
    /// The expected digest of a run over generated events.
    pub fn expected(
        &mut self,
        spec: &RunSpec,
        events: &dyn workloads::registry::AnyEvents,
        progress: &Progress,
    ) -> dataflow::Digest {
        let knobs = format!("{:?}", spec.knobs.values());
        let cell = (spec.workload.name().to_owned(), knobs, spec.seed, spec.events);
        *self.0.entry(cell).or_insert_with(|| {
            progress.say(format!("evaluating {}", spec.workload.name()));
            events.expected(spec.events)
        })
    }
}
