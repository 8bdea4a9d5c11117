//! How long the runs of an experiment are. A few short sizing runs turn a duration into a number of
//! events, and a share of what the slowest engine takes into a rate.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::experiment::memory;
use crate::experiment::suite::{Experiment, Length, SuiteRate, Variant};
use crate::quantity::Rate;
use crate::run::answer::Answer;
use crate::run::clock::Clock;
use crate::run::executor::Runner;
use crate::run::spec::{Recovery, RunSpec};

/// Most events of a run whose number sizing has fixed.
pub(crate) const MOST_EVENTS: u64 = 100_000_000;
/// A sizing run that lasts this long tells a throughput.
const LONG_ENOUGH_NANOS: u64 = 50_000_000;
/// The same on a real system: one batch of a small run may take it a second.
const LONG_ENOUGH_ON_SYSTEM_NANOS: u64 = 2_000_000_000;
/// Events of the first sizing run.
const FIRST_EVENTS: u64 = 20_000;
/// Each sizing run has this many times the events of the one before.
const GROWTH: u64 = 8;
/// Share of the slowest engine's throughput at which latency is measured.
const SHARE_FOR_LATENCY: f64 = 0.5;

/// What all runs of an experiment have in common.
#[derive(Copy, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct RunSize {
    /// Planned events per second, or as fast as they are taken.
    pub rate: Rate,
    /// Number of events of every run.
    pub events: u64,
    /// Events at the start that are not timed.
    pub warm_up: u64,
    /// Events per second that the generator makes by itself; measured at a planned rate.
    pub generator_per_s: Option<f64>,
    /// What of this pilots have chosen, as results name it.
    pub piloted: Piloted,
}

/// Which of the sizes of a run pilots have chosen.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Piloted {
    pub rate: bool,
    pub events: bool,
    pub warm_up: bool,
}

impl Piloted {
    /// Of an experiment as it was asked for.
    pub(crate) fn of(experiment: &Experiment) -> Self {
        let rate = matches!(experiment.rate, SuiteRate::AtMost(_));
        // At a fixed rate a time is a number of events by itself.
        let counts = rate || experiment.rate == SuiteRate::Fixed(Rate::Max);
        let events = counts && matches!(experiment.length, Length::Duration(_));
        Self { rate, events, warm_up: counts && experiment.warm_up.is_some() }
    }

    /// The names of the fields of a result.
    pub(crate) fn names(self) -> Vec<String> {
        let all = [(self.rate, "rate"), (self.events, "events"), (self.warm_up, "warm_up_events")];
        all.iter().filter(|it| it.0).map(|it| it.1.to_owned()).collect()
    }
}

/// Fixes rate and number of events for all engines of an experiment.
///
/// # Errors
/// When an engine fails.
pub(crate) fn size(experiment: &Experiment, runner: &mut Runner<'_>) -> Result<RunSize> {
    // `taken` is what is taken per second: it turns times into numbers of events.
    let (rate, taken) = match experiment.rate {
        SuiteRate::Fixed(Rate::PerSecond(rate)) => (Rate::PerSecond(rate), rate),
        SuiteRate::AtMost(rate) => {
            let rate = rate.min(taken_per_s(experiment, runner)?.slowest * SHARE_FOR_LATENCY);
            (Rate::PerSecond(rate), rate)
        }
        SuiteRate::Fixed(Rate::Max) => match experiment.length {
            Length::Events(_) if experiment.warm_up.is_none() => (Rate::Max, 0.0),
            // The runs of a duet are timed while both go on: as long as the shorter one.
            _ if !experiment.duets.is_empty() => {
                (Rate::Max, taken_per_s(experiment, runner)?.fastest)
            }
            _ => (Rate::Max, taken_per_s(experiment, runner)?.slowest),
        },
    };
    let events = match experiment.length {
        Length::Events(events) => events,
        Length::Duration(duration) => events_in(duration, taken).clamp(1, MOST_EVENTS),
    };
    let warm_up = experiment.warm_up.map_or(0, |time| events_in(time, taken));
    let events = match &experiment.input {
        // Of a topic they are the first messages.
        Some(address) if warm_up >= events => {
            return Err(Error::Input(format!(
                "{}: the warm-up is {warm_up} events at this rate, and kafka:{address} has {events}: \
                 nothing is left to be timed; make it shorter, or fill the topic further",
                experiment.name
            )));
        }
        Some(_) => events,
        None => events.saturating_add(warm_up),
    };
    let piloted = Piloted::of(experiment);
    let size = RunSize { rate, events, warm_up, generator_per_s: None, piloted };
    let generator_per_s = match rate {
        // In virtual time generating costs nothing.
        Rate::PerSecond(_) if experiment.clock == Clock::Wall => {
            generator(experiment, size, runner)?
        }
        Rate::PerSecond(_) => None,
        Rate::Max => None,
    };
    Ok(RunSize { generator_per_s, ..size })
}

/// Events in a time, at so many a second.
pub(crate) fn events_in(time: Duration, per_s: f64) -> u64 {
    (per_s * time.as_secs_f64()) as u64
}

/// Events per second that the generator of an experiment makes by itself; `None` for an experiment
/// without a variant.
///
/// # Errors
/// When an event cannot be read.
pub(crate) fn generator(
    experiment: &Experiment,
    size: RunSize,
    runner: &mut Runner<'_>,
) -> Result<Option<f64>> {
    let Some(variant) = experiment.variants.first() else { return Ok(None) };
    let size = RunSize { rate: Rate::Max, warm_up: 0, ..size };
    runner.generator_per_s(&spec(experiment, variant, size, 0)?)
}

/// What engines take, in events per second.
struct TakenPerSecond {
    slowest: f64,
    fastest: f64,
}

/// What the engines of an experiment take.
fn taken_per_s(experiment: &Experiment, runner: &mut Runner<'_>) -> Result<TakenPerSecond> {
    let mut taken = TakenPerSecond { slowest: f64::INFINITY, fastest: 1.0 };
    for variant in &experiment.variants {
        let name = experiment.workload.name();
        runner.audience.say(&format!("pilot: {name} on {}", variant.name));
        let own = throughput(experiment, variant, experiment.clock, runner)?;
        taken = TakenPerSecond { slowest: taken.slowest.min(own), fastest: taken.fastest.max(own) };
        if runner.is_to_stop() {
            break;
        }
    }
    Ok(taken)
}

/// Throughput of an engine, in events per second.
///
/// # Errors
/// When it fails.
pub(crate) fn throughput(
    experiment: &Experiment,
    variant: &Variant,
    clock: Clock,
    runner: &mut Runner<'_>,
) -> Result<f64> {
    let is_system = variant.engine.system().is_some();
    let long_enough = if is_system { LONG_ENOUGH_ON_SYSTEM_NANOS } else { LONG_ENOUGH_NANOS };
    let mut events = FIRST_EVENTS;
    loop {
        let size = RunSize { events, ..RunSize::default() };
        let mut spec = spec(experiment, variant, size, 0)?;
        spec.clock = clock;
        spec.recovery = Recovery::default();
        // A sizing run measures nothing that is kept.
        let result = runner.quiet().run(&spec, Answer::Unchecked)?.result;
        if result.elapsed_ns == 0 && !result.interrupted {
            return Err(Error::Input(format!(
                "{}: nothing that {} does has a price, so that at max there is no end to what it takes; \
                 plan a rate, or set cost.record",
                experiment.name, variant.name
            )));
        }
        // A topic is read whole, however many are asked for.
        let is_whole = spec.topic.is_some() || events >= MOST_EVENTS;
        let enough = is_whole || result.elapsed_ns >= long_enough;
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
pub(crate) fn spec(
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
        .piloted(size.piloted.names())
        .seed(experiment.seed)
        .parallelism(experiment.parallelism)
        .clock(experiment.clock)
        .repeat(repeat)
        .topic(experiment.topic.clone())
        .recovery(Recovery { faults: experiment.faults.clone(), ..Recovery::default() })
        .resolve()
        .and_then(|spec| {
            if !experiment.force {
                memory::check(&spec)?;
            }
            Ok(spec)
        })
}

#[cfg(test)]
mod tests {
    use dataflow::StopSignal;

    use super::*;
    use crate::experiment::suite::Suite;
    use crate::registry::Registry;
    use crate::run::audience::Silent;
    use crate::run::mock::{MadeRun, Mock, Model};

    fn experiment(rate: &str, length: &str) -> Experiment {
        let text = format!(
            "[[experiment]]\nworkload = \"keyed-count\"\nengines = [\"pipelined\", \"microbatch\"]\n\
             rate = {rate}\n{length}\n"
        );
        let suite = Suite::parse(&text, "modelled.toml", &Registry::standard()).unwrap();
        suite.experiments.into_iter().next().unwrap()
    }

    /// The size for engines of 2 and 1 million events per second, and the runs that were made.
    fn sized(rate: &str, length: &str) -> (RunSize, Vec<MadeRun>) {
        sized_for(&experiment(rate, length))
    }

    fn sized_for(experiment: &Experiment) -> (RunSize, Vec<MadeRun>) {
        let mut mock = Mock::new(|spec: &RunSpec, _| {
            let capacity_per_s = if spec.variant == "pipelined" { 2e6 } else { 1e6 };
            Ok(Model { capacity_per_s, ..Model::default() })
        });
        let stop = StopSignal::default();
        let mut runner = Runner::new(&mut mock, &stop, &Silent);
        let size = size(experiment, &mut runner).unwrap();
        (size, mock.made)
    }

    #[test]
    fn numbers_need_no_sizing_runs() {
        let (size, made) = sized("\"max\"", "events = 7");
        assert_eq!(size, RunSize { events: 7, ..RunSize::default() });
        assert_eq!(made, []);
        let (size, made) = sized("3_000", "duration = \"2s\"\nwarm_up = \"500ms\"");
        assert_eq!((size.rate, size.events, size.warm_up), (Rate::PerSecond(3e3), 7_500, 1_500));
        assert!(size.generator_per_s.is_some(), "at a rate the generator is measured");
        assert_eq!(made, []);
    }

    #[test]
    fn a_time_at_max_is_a_number_of_events_of_the_slowest_engine() {
        let (size, made) = sized("\"max\"", "duration = \"2s\"");
        assert_eq!((size.rate, size.events), (Rate::Max, 2_000_000));
        // 20,000 events are over too soon to tell anything; eight times as many are not.
        let made: Vec<_> = made.iter().map(|run| (run.variant.as_str(), run.events)).collect();
        let (p, m) = ("pipelined", "microbatch");
        assert_eq!(made, [(p, 20_000), (p, 160_000), (m, 20_000), (m, 160_000)]);
    }

    #[test]
    fn a_sizing_run_on_a_real_system_is_longer_than_its_batches() {
        let text = "[[experiment]]\nworkload = \"keyed-count\"\nengines = [\"spark\"]\n\
                    rate = \"max\"\nduration = \"2s\"\n";
        let suite = Suite::parse(text, "systems.toml", &Registry::standard()).unwrap();
        // A million a second: 1,280,000 events are over in 1.3 s, and eight times as many are not.
        let (size, made) = sized_for(&suite.experiments[0]);
        assert_eq!(size.events, 2_000_000);
        let made: Vec<_> = made.iter().map(|run| run.events).collect();
        assert_eq!(made, [20_000, 160_000, 1_280_000, 10_240_000]);
    }

    #[test]
    fn a_time_of_duets_is_that_of_the_fastest_engine() {
        let mut duets = experiment("\"max\"", "duration = \"2s\"");
        duets.duets = vec![[0, 1]];
        assert_eq!(sized_for(&duets).0.events, 4_000_000);
    }

    #[test]
    fn at_most_is_half_of_what_the_slowest_engine_takes_or_less() {
        let rate = |limit: &str| {
            sized(&format!("{{ at_most = {limit} }}"), "events = 10").0.rate.per_second()
        };
        assert_eq!(rate("900_000"), Some(5e5));
        assert_eq!(rate("100_000"), Some(1e5));
    }
}
