//! The pilot: a few short runs that turn a duration into a number of events, and a share of what
//! the slowest engine takes into a rate.

use std::collections::BTreeMap;
use std::time::Duration;

use dataflow::StopSignal;
use reports::result::Measures;

use crate::error::Result;
use crate::execute::{Recovery, RunSpec, Surroundings, execute};
use crate::progress::Progress;
use crate::run_clock::{Clock, clock};
use crate::suite::{Experiment, Length, SuiteRate, Variant};

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

/// What an experiment's runs have in common.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Fixed {
    /// Planned events per second, or as fast as they are taken.
    pub rate: Option<f64>,
    /// Number of events of every run.
    pub events: u64,
    /// Events at the start that are not timed.
    pub warm_up: u64,
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
    Ok(Fixed { rate, events: events.saturating_add(warm_up), warm_up })
}

/// Throughput of the slowest engine, in events per second.
fn slowest(experiment: &Experiment, stop: &StopSignal, progress: &Progress) -> Result<f64> {
    let mut slowest = f64::INFINITY;
    for variant in &experiment.variants {
        progress.say(format!("pilot: {} on {}", experiment.workload.name(), variant.name));
        slowest = slowest.min(throughput(experiment, variant, stop)?);
        if stop.is_requested() {
            break;
        }
    }
    Ok(slowest)
}

fn throughput(experiment: &Experiment, variant: &Variant, stop: &StopSignal) -> Result<f64> {
    let hidden = Progress::new(0, true);
    let mut events = FIRST_EVENTS;
    loop {
        let fixed = Fixed { rate: None, events, warm_up: 0 };
        let spec = spec(experiment, variant, fixed, 0)?;
        let generated = spec.workload.generate(&spec.knobs, spec.seed);
        let run_clock = clock(Clock::Wall, spec.seed, spec.parallelism, false)?;
        let around = Surroundings {
            events: &*generated,
            rows: None,
            folder: None,
            stop,
            progress: &hidden,
            clock: &run_clock,
        };
        // The pilot's answer is not looked at: it measures nothing that is kept.
        let result = execute(&spec, around, &mut dataflow::Digest::default)?;
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
        recovery: Recovery::default(),
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
