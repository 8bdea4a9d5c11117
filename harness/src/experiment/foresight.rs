//! What can be known of runs before they are made: that none can be valid, or that a percentile will
//! be missing.

use std::time::Duration;

use dataflow::Guarantee;
use reports::schema::Measures;
use reports::words::units;
use workloads::spec::WindowPace;

use crate::error::{Error, Result};
use crate::experiment::sizing::{self, MOST_EVENTS, RunSize};
use crate::experiment::suite::{Experiment, Length, Suite, SuiteRate};
use crate::quantity::Rate;
use crate::run::spec::RunSpec;
use crate::run::validity::{FEWEST_WINDOWS, GENERATOR_HEADROOM};

/// Batches, checkpoints or flushes below which there is no percentile, and results beyond one.
const FEWEST_BEYOND: u64 = 10;
/// Timed events of which ten lie beyond the 99th percentile.
const FEWEST_FOR_P99: u64 = 1_000;

/// What is foreseen of the runs of an experiment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Foresight {
    /// Why none of them can be valid, each with the cure.
    pub(crate) impossible: Vec<String>,
    /// What will be missing, each with the cure.
    pub(crate) missing: Vec<String>,
}

impl Foresight {
    /// Of an experiment whose runs are of this size.
    ///
    /// # Errors
    /// If a setting or knob is invalid.
    pub(crate) fn of(experiment: &Experiment, size: RunSize) -> Result<Self> {
        let mut foreseen = Self::default();
        if experiment.input.is_some() {
            // Nobody knows the times of foreign events before they are read.
            return Ok(foreseen);
        }
        for variant in &experiment.variants {
            let spec = sizing::spec(experiment, variant, size, 0)?;
            push(&mut foreseen.impossible, few_windows(&spec));
            push(&mut foreseen.impossible, slow_generator(&spec));
            push(&mut foreseen.missing, few_emissions(&spec));
            push(&mut foreseen.missing, few_results(&spec));
        }
        push(&mut foreseen.missing, cut(experiment, size.rate));
        Ok(foreseen)
    }

    /// Of an experiment before its size has been measured, as far as it is known without.
    ///
    /// # Errors
    /// If a setting or knob is invalid.
    pub(crate) fn unmeasured(experiment: &Experiment) -> Result<Self> {
        size_before(experiment).map_or_else(|| Ok(Self::default()), |it| Self::of(experiment, it))
    }

    /// Refuses an experiment of which no run could be valid.
    ///
    /// # Errors
    /// Names it, and what to do.
    pub(crate) fn check(&self, name: &str) -> Result<()> {
        match self.impossible.first() {
            None => Ok(()),
            Some(because) => Err(Error::Input(format!("{name}: no run could be valid: {because}"))),
        }
    }
}

/// Refuses a suite with an experiment of which no run could be valid, as far as that is known before
/// anything is measured. Says what will be missing, a line for each.
///
/// # Errors
/// Names the experiment, and what to do.
pub(crate) fn check_suite(suite: &Suite) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for experiment in &suite.experiments {
        let foreseen = Foresight::unmeasured(experiment)?;
        foreseen.check(&experiment.name)?;
        let missing = foreseen.missing.iter().filter(|_| is_known(experiment));
        lines.extend(missing.map(|it| format!("{}: {it}", experiment.name)));
    }
    Ok(lines)
}

/// Whether the size of an experiment's runs is known before anything is measured.
pub(crate) fn is_known(experiment: &Experiment) -> bool {
    !matches!(experiment.rate, SuiteRate::AtMost(_)) && size_before(experiment).is_some()
}

/// Adds what is not there yet.
fn push(all: &mut Vec<String>, new: Option<String>) {
    all.extend(new.filter(|new| !all.contains(new)));
}

/// The size of runs before anything was measured: `None` where that is needed, and the highest rate
/// where that is a share of what an engine takes.
fn size_before(experiment: &Experiment) -> Option<RunSize> {
    let (rate, per_s) = match experiment.rate {
        SuiteRate::Fixed(rate) => (rate, rate.per_second()),
        // At a lower rate a duration has as much event time; so many events have more.
        SuiteRate::AtMost(rate) if matches!(experiment.length, Length::Duration(_)) => {
            (Rate::PerSecond(rate), Some(rate))
        }
        SuiteRate::AtMost(_) => return None,
    };
    let events = match experiment.length {
        Length::Events(events) => events,
        Length::Duration(duration) => sizing::events_in(duration, per_s?).clamp(1, MOST_EVENTS),
    };
    let warm_up = match experiment.warm_up {
        None => 0,
        Some(time) => sizing::events_in(time, per_s?),
    };
    let events = events.saturating_add(warm_up);
    Some(RunSize { rate, events, warm_up, ..RunSize::default() })
}

/// Windows close as event time passes: so many events reach so far.
fn few_windows(spec: &RunSpec) -> Option<String> {
    let WindowPace { knob, nanos } = spec.workload.window_pace(spec.knobs())?;
    let event_rate = spec.knobs().get_number("event_rate").filter(|rate| *rate > 0.0)?;
    let (every, bound) = (nanos as f64, spec.workload.bound_nanos(spec.knobs()) as f64);
    let has = spec.events as f64 / event_rate * 1e9;
    // The first one may have begun before the first event.
    let closes = ((has - bound) / every + 1.0).floor().max(0.0);
    if closes >= FEWEST_WINDOWS as f64 {
        return None;
    }
    let needs = every * (FEWEST_WINDOWS + 1) as f64 + bound;
    let events = (needs / 1e9 * event_rate).ceil();
    let longer = match spec.rate {
        Rate::Max => {
            let denser = (spec.events as f64 / needs * 1e9).floor();
            let denser = if denser >= 1.0 {
                format!(" or --set event_rate={denser}")
            } else {
                String::new()
            };
            format!("--events {events}{denser}")
        }
        Rate::PerSecond(rate) => format!("--duration {}", whole_duration(events / rate)),
    };
    let narrower = ((has - bound) / (FEWEST_WINDOWS + 1) as f64 / 1e6).floor();
    let narrower =
        if narrower >= 1.0 { format!(" or --set {knob}={narrower}") } else { String::new() };
    Some(format!(
        "{} windows close before the end of the input at most, and {FEWEST_WINDOWS} must; it needs {} \
         of event time and has {}: {longer}{narrower}",
        units::count(closes as u64),
        units::duration(needs),
        units::duration(has),
    ))
}

/// Seconds as a duration that options take, rounded up.
fn whole_duration(seconds: f64) -> String {
    let millis = (seconds * 1e3).ceil();
    let rounded = if millis > 1e4 { (millis / 1e3).ceil() * 1e3 } else { millis };
    humantime::format_duration(Duration::from_millis(rounded as u64)).to_string().replace(' ', "")
}

fn slow_generator(spec: &RunSpec) -> Option<String> {
    let (generator, rate) = (spec.generator_per_s?, spec.rate.per_second()?);
    (generator < rate * GENERATOR_HEADROOM).then(|| {
        format!(
            "by itself the generator makes {} events a second, less than twice the rate, and would be \
             what is measured: --rate {}",
            units::count(generator as u64),
            (generator / GENERATOR_HEADROOM) as u64
        )
    })
}

/// What comes out together is late together: a percentile needs batches or commits enough.
fn few_emissions(spec: &RunSpec) -> Option<String> {
    let rate = spec.rate.per_second().filter(|_| spec.measures == Measures::Latency)?;
    let settings = spec.settings();
    let (knob, what) = match settings.get_number("batch_interval_ms") {
        Some(_) => ("batch_interval_ms", "batches"),
        None if spec.guarantee() == Guarantee::ExactlyOnce => {
            ("checkpoint_interval_ms", "checkpoints")
        }
        None => return None,
    };
    let every = settings.get_number(knob).filter(|every| *every > 0.0)?;
    let timed_ms = spec.events.saturating_sub(spec.warm_up) as f64 / rate * 1e3;
    let made = (timed_ms / every).ceil() as u64;
    (made < FEWEST_BEYOND).then(|| {
        format!(
            "{} will have no percentiles: {made} {what} in {}, and it takes {FEWEST_BEYOND}: \
             --duration {} or --set {knob}={}",
            spec.variant,
            units::duration(timed_ms * 1e6),
            whole_duration(every * (FEWEST_BEYOND + 2) as f64 / 1e3),
            (timed_ms / (FEWEST_BEYOND + 2) as f64).floor().max(1.0)
        )
    })
}

/// Of a workload without windows every event may make a result, and no more.
fn few_results(spec: &RunSpec) -> Option<String> {
    let rate = spec.rate.per_second().filter(|_| spec.measures == Measures::Latency)?;
    let timed = spec.events.saturating_sub(spec.warm_up);
    (timed < FEWEST_FOR_P99 && !spec.workload.has_windows()).then(|| {
        format!(
            "there will be no 99th percentile: {} timed events, and it takes {}: --duration {}",
            units::count(timed),
            units::count(FEWEST_FOR_P99),
            whole_duration(FEWEST_FOR_P99 as f64 / rate)
        )
    })
}

/// A duration that makes more events than a run has.
fn cut(experiment: &Experiment, rate: Rate) -> Option<String> {
    let Length::Duration(duration) = experiment.length else { return None };
    let rate = rate.per_second()?;
    let asked = rate * duration.as_secs_f64();
    (asked > MOST_EVENTS as f64).then(|| {
        format!(
            "{} of events are {}, and a run has {} at most: it lasts {}; --events sets another number",
            humantime::format_duration(duration),
            units::count(asked as u64),
            units::count(MOST_EVENTS),
            units::duration(MOST_EVENTS as f64 / rate * 1e9)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::suite::SHIPPED;
    use crate::registry::Registry;

    fn foreseen(experiment: &str) -> (Result<()>, Vec<String>) {
        let text = format!("[[experiment]]\n{experiment}\n");
        let suite = Suite::parse(&text, "foreseen.toml", &Registry::standard()).unwrap();
        let foreseen = Foresight::unmeasured(&suite.experiments[0]).unwrap();
        (foreseen.check("it"), foreseen.missing)
    }

    #[test]
    fn windows_that_cannot_close_are_refused_with_what_to_do() {
        let windows = |query: &str, length: &str, knobs: &str| {
            foreseen(&format!(
                "workload = \"{query}\"\nengines = [\"pipelined\"]\n{length}\nknobs = {{ {knobs} }}"
            ))
            .0
        };
        let short = "rate = 20_000\nduration = \"200ms\"";
        let refused = windows("nexmark-q8", short, "").unwrap_err().to_string();
        assert!(refused.starts_with("it: no run could be valid: 1 windows close"), "{refused}");
        for cure in ["--duration 3m30s", "--set window_ms=9"] {
            assert!(refused.contains(cure), "`{cure}` is not in: {refused}");
        }
        // The cures cure.
        assert!(windows("nexmark-q8", "rate = 20_000\nduration = \"210s\"", "").is_ok());
        assert!(windows("nexmark-q8", short, "window_ms = 9").is_ok());
        // As fast as it goes, events say how far event time reaches.
        let refused = windows("nexmark-q5", "rate = \"max\"\nevents = 1000", "event_rate = 1000.0");
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("--events 42000 or --set event_rate=23"), "{refused}");
        assert!(refused.contains("slide_ms=47"), "{refused}");
        assert!(
            windows("nexmark-q5", "rate = \"max\"\nevents = 42000", "event_rate = 1000.0").is_ok()
        );
        // At a lower rate so many events have more event time: that is known once it is sized.
        let at_most = "rate = { at_most = 1_000_000 }\nevents = 1_000";
        assert!(windows("nexmark-q5", at_most, "").is_ok());
        assert!(
            windows("nexmark-q5", "rate = { at_most = 1_000 }\nduration = \"1s\"", "").is_err()
        );
        // How many sessions close hangs on the events.
        assert!(windows("nexmark-q11", short, "").is_ok());
        assert!(windows("forward", short, "").is_ok());
    }

    #[test]
    fn percentiles_that_will_be_missing_are_told() {
        let at_rate = |engine: &str, length: &str| {
            foreseen(&format!(
                "workload = \"keyed-count\"\nengines = [\"{engine}\"]\nrate = 10_000\n{length}"
            ))
            .1
        };
        let batches = "microbatch,batch_interval_ms=100";
        let told = at_rate(batches, "duration = \"500ms\"").join(" ");
        assert!(
            told.contains("5 batches in 500 ms") && told.contains("--duration 1s200ms"),
            "{told}"
        );
        assert!(told.contains("--set batch_interval_ms=41"), "{told}");
        assert_eq!(at_rate(batches, "duration = \"1200ms\""), [""; 0]);
        let told = at_rate(
            "pipelined,guarantee=exactly-once,checkpoint_interval_ms=500",
            "duration = \"2s\"",
        );
        assert!(told[0].contains("4 checkpoints in 2.00 s"), "{told:?}");
        let told = at_rate("pipelined", "events = 900").join(" ");
        assert!(told.contains("no 99th percentile: 900 timed events"), "{told}");
        assert!(told.contains("--duration 100ms"), "{told}");
        let told = foreseen(
            "workload = \"forward\"\nengines = [\"pipelined\"]\nrate = 10_000_000\nduration = \"60s\"",
        );
        assert!(told.1[0].contains("600,000,000") && told.1[0].contains("10.0 s"), "{told:?}");
    }

    #[test]
    fn a_generator_that_would_be_measured_is_refused() {
        let text = "[[experiment]]\nworkload = \"forward\"\nengines = [\"pipelined\"]\nrate = 1_000\nevents = 5000\n";
        let suite = Suite::parse(text, "foreseen.toml", &Registry::standard()).unwrap();
        let experiment = &suite.experiments[0];
        let at = |generator| {
            let size = size_before(experiment).unwrap();
            let size = RunSize { generator_per_s: Some(generator), ..size };
            Foresight::of(experiment, size).unwrap().check("it")
        };
        assert!(at(2_000.0).is_ok());
        let refused = at(1_999.0).unwrap_err().to_string();
        assert!(refused.contains("--rate 999"), "{refused}");
    }

    #[test]
    fn every_shipped_experiment_can_be_valid() {
        let registry = Registry::standard();
        for (name, _) in SHIPPED {
            let suite = Suite::open(name, &registry).unwrap();
            check_suite(&suite).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}
