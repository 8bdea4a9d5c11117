//! The searches for the rates that engines sustain, probe by probe.

use std::time::Duration;

use reports::schema::RunResult;
use reports::words::units;
use serde_json::Value;

use super::row::{Bracket, SustainRow, row};
use super::search::Search;
use crate::error::{Error, Result};
use crate::experiment::sizing;
use crate::experiment::sizing::RunSize;
use crate::experiment::suite::{Experiment, Length};
use crate::quantity::Rate;
use crate::run::answer::{Answer, Oracle, is_wrong};
use crate::run::clock::Clock;
use crate::run::executor::Runner;
use crate::run::validity;

/// What counts as keeping up, and how closely the rate is found.
#[derive(Clone, Copy, Debug)]
pub(super) struct SustainTarget {
    /// Longest p99 latency from the planned time; any if `None`.
    pub(super) latency: Option<Duration>,
    /// How closely the rate is found, as a share of it.
    pub(super) precision: f64,
    /// Which clock probes run on.
    pub(super) clock: Clock,
}

/// How a search has come out.
enum SearchEnd {
    /// With both ends of the bracket, if there are both.
    Ended(Option<Bracket>),
    /// The user stopped it.
    Stopped,
}

/// The searches of an experiment's engines.
pub(super) struct SustainSession<'a> {
    runner: Runner<'a>,
    target: SustainTarget,
    oracle: Oracle,
    /// Every probe that has ended.
    runs: Vec<RunResult>,
    /// Events of every probe.
    events: u64,
}

impl<'a> SustainSession<'a> {
    pub(super) fn new(runner: Runner<'a>, target: SustainTarget) -> Self {
        Self { runner, target, oracle: Oracle::default(), runs: Vec::new(), events: 0 }
    }

    /// Every probe that has ended.
    pub(super) fn into_runs(self) -> Vec<RunResult> {
        self.runs
    }

    /// Every engine in turn, as often as there are repeats, until the user stops it: no row, if that
    /// was before the first search.
    ///
    /// # Errors
    /// When an engine fails and when its answer is wrong.
    pub(super) fn search_all(&mut self, experiment: &Experiment) -> Result<Vec<SustainRow>> {
        let mut experiment = experiment.clone();
        let mut at_max = Vec::new();
        for place in 0..experiment.variants.len() {
            at_max.push(self.throughput(&experiment, place)?);
        }
        if self.runner.is_to_stop() {
            // Of a pilot that was cut short there is no throughput.
            return Ok(Vec::new());
        }
        let fastest = at_max.iter().copied().fold(0.0, f64::max);
        self.events = match experiment.length {
            Length::Events(events) => events,
            Length::Duration(duration) => {
                ((fastest * duration.as_secs_f64()) as u64).clamp(1, sizing::MOST_EVENTS)
            }
        };
        // The same events at every rate: event time must not follow it.
        if experiment.workload.knobs().iter().any(|knob| knob.name == "event_rate") {
            experiment.knobs.entry("event_rate".to_owned()).or_insert(Value::from(fastest));
        }
        let size = RunSize { events: self.events, ..RunSize::default() };
        let generator_per_s = sizing::generator(&experiment, size, &mut self.runner)?;
        let found = self.search_in_turn(&experiment, &at_max)?;
        let rows = experiment.variants.iter().zip(&found).zip(&at_max);
        Ok(rows
            .map(|((variant, ended), at_max)| {
                row(variant.name.clone(), ended, *at_max, generator_per_s)
            })
            .collect())
    }

    /// What each search has found, by engine, until the user stops it.
    fn search_in_turn(
        &mut self,
        experiment: &Experiment,
        at_max: &[f64],
    ) -> Result<Vec<Vec<Option<Bracket>>>> {
        let mut found: Vec<Vec<Option<Bracket>>> = vec![Vec::new(); at_max.len()];
        for repeat in 0..experiment.repeats {
            for (place, first) in at_max.iter().enumerate() {
                let precision = self.target.precision;
                let search = match found[place].iter().flatten().last() {
                    Some((low, high)) => Search::near((low * high).sqrt(), precision),
                    None => Search::new(*first, precision),
                };
                match self.search(experiment, place, repeat, search)? {
                    SearchEnd::Ended(bracket) => found[place].push(bracket),
                    SearchEnd::Stopped => return Ok(found),
                }
            }
        }
        Ok(found)
    }

    fn throughput(&mut self, experiment: &Experiment, place: usize) -> Result<f64> {
        let variant = &experiment.variants[place];
        let name = experiment.workload.name();
        self.runner.audience.say(&format!("pilot: {name} on {}", variant.name));
        sizing::throughput(experiment, variant, self.target.clock, &mut self.runner)
    }

    fn search(
        &mut self,
        experiment: &Experiment,
        place: usize,
        repeat: u32,
        mut search: Search,
    ) -> Result<SearchEnd> {
        while let Some(rate) = search.next() {
            if self.runner.is_to_stop() {
                return Ok(SearchEnd::Stopped);
            }
            let mut run = self.probe(experiment, place, repeat, rate)?;
            if validity::is_disturbed(&run) && !run.interrupted {
                // Once more: what the machine does is not the engine's limit.
                run = self.probe(experiment, place, repeat, rate)?;
            }
            if run.interrupted {
                return Ok(SearchEnd::Stopped);
            }
            let sustained = self.is_sustained(&run);
            self.runner.audience.note(&format!(
                "{}: {} {}",
                run.variant,
                units::planned_rate(Some(rate.round())),
                match (sustained, validity::is_disturbed(&run)) {
                    (true, _) => "sustained",
                    (false, false) => "not sustained",
                    (false, true) => "not sustained, on a machine that was disturbed twice",
                }
            ));
            self.runs.push(run);
            search.probed(sustained);
        }
        Ok(SearchEnd::Ended(search.bracket()))
    }

    fn probe(
        &mut self,
        experiment: &Experiment,
        place: usize,
        repeat: u32,
        rate: f64,
    ) -> Result<RunResult> {
        let mut at = experiment.clone();
        at.name = format!("rate={rate:.0}");
        let warm_up = experiment.warm_up.map_or(0, |time| (rate * time.as_secs_f64()) as u64);
        let events = self.events.saturating_add(warm_up);
        let rate_of_run = Rate::PerSecond(rate);
        let size = RunSize { rate: rate_of_run, events, warm_up, ..RunSize::default() };
        let mut spec = sizing::spec(&at, &experiment.variants[place], size, repeat)?;
        spec.clock = self.target.clock;
        let run = self.runner.run(&spec, Answer::Remembered(&mut self.oracle))?.result;
        if is_wrong(&run) {
            let (engine, rate) = (&run.variant, units::planned_rate(Some(rate)));
            return Err(Error::Run(format!("{engine} gave a wrong answer at {rate}")));
        }
        Ok(run)
    }

    /// The rule, the same for every engine: it kept up, nothing was clipped, and the latency is
    /// within the limit, if there is one.
    fn is_sustained(&self, run: &RunResult) -> bool {
        let limit = self.target.latency.map(|limit| limit.as_nanos());
        let p99 = run.latency_ns.from_planned.p99.or(run.latency_ns.from_planned.max);
        let within = limit.is_none_or(|limit| p99.is_some_and(|p99| u128::from(p99) <= limit));
        validity::kept_up(run) && run.latency_ns.from_planned.clipped == 0 && within
    }
}

#[cfg(test)]
mod tests {
    use dataflow::StopSignal;

    use super::*;
    use crate::experiment::suite::Suite;
    use crate::registry::Registry;
    use crate::run::mock::{Mock, Model};
    use crate::run::spec::RunSpec;

    /// Events per second that the modelled engines sustain.
    const PIPELINED: f64 = 123_456.0;
    const MICRO_BATCH: f64 = 40_000.0;
    const TARGET: SustainTarget =
        SustainTarget { latency: None, precision: 0.02, clock: Clock::Wall };

    /// Probes of 100,000 events.
    fn experiment(repeats: u32) -> Experiment {
        let text = format!(
            "[[experiment]]\nworkload = \"keyed-count\"\nengines = [\"pipelined\", \"microbatch\"]\n\
             rate = \"max\"\nevents = 100_000\nrepeats = {repeats}\n"
        );
        let suite = Suite::parse(&text, "modelled.toml", &Registry::standard()).unwrap();
        suite.experiments.into_iter().next().unwrap()
    }

    fn model(spec: &RunSpec) -> Model {
        let capacity_per_s = if spec.variant == "pipelined" { PIPELINED } else { MICRO_BATCH };
        Model { capacity_per_s, ..Model::default() }
    }

    /// What searches come to, and every probe.
    fn search_all(
        repeats: u32,
        target: SustainTarget,
        mut model: impl FnMut(&RunSpec, usize) -> Model,
    ) -> (Result<Vec<SustainRow>>, Vec<RunResult>) {
        let stop = StopSignal::default();
        let mut mock = Mock::new(|spec: &RunSpec, nth| Ok(model(spec, nth)));
        let listener = mock.listener();
        let mut session = SustainSession::new(Runner::new(&mut mock, &stop, &listener), target);
        let rows = session.search_all(&experiment(repeats));
        (rows, session.into_runs())
    }

    /// Whether a rate is the capacity, as closely as it was asked for. A backlog of 1 % at the end
    /// still counts as keeping up.
    fn is_capacity(rate: f64, capacity: f64) -> bool {
        (0.98..=1.03).contains(&(rate / capacity))
    }

    #[test]
    fn the_capacity_of_every_engine_is_found() {
        let (rows, runs) = search_all(3, TARGET, |spec, _| model(spec));
        let rows = rows.unwrap();
        for (row, capacity) in rows.iter().zip([PIPELINED, MICRO_BATCH]) {
            let rate = row.rate_per_s.unwrap();
            assert!(is_capacity(rate, capacity), "{}: {rate}", row.variant);
            assert_eq!(row.searches.len(), 3);
            let (low, high) = row.interval.unwrap();
            assert!(low <= rate && rate <= high && high / low < 1.05, "{low} to {high}");
            assert_eq!(row.throughput_at_max_per_s, capacity);
        }
        // Each probe has the same events at its own rate.
        assert!(runs.iter().all(|run| run.events == 100_000 && run.rate.is_some()));
        assert!(runs.iter().all(|run| run.knobs["event_rate"] == PIPELINED));
    }

    #[test]
    fn a_closer_precision_takes_more_probes() {
        let probes = |precision| {
            let target = SustainTarget { precision, ..TARGET };
            search_all(1, target, |spec, _| model(spec)).1.len()
        };
        assert!(probes(0.001) > probes(0.05));
    }

    #[test]
    fn with_a_limit_the_latency_decides() {
        // Latency rises with the rate: 10 ms at 20,000 a second, well below what either takes.
        let with_latency = |spec: &RunSpec| {
            let p99_ns = (spec.rate.per_second().unwrap_or(0.0) * 500.0) as u64;
            Model { p99_ns, ..model(spec) }
        };
        let target = SustainTarget { latency: Some(Duration::from_millis(10)), ..TARGET };
        for row in search_all(1, target, |spec, _| with_latency(spec)).0.unwrap() {
            let rate = row.rate_per_s.unwrap();
            assert!(is_capacity(rate, 20_000.0), "{}: {rate}", row.variant);
        }
    }

    #[test]
    fn what_is_never_sustained_has_no_rate() {
        let target = SustainTarget { latency: Some(Duration::from_nanos(1)), ..TARGET };
        let (rows, runs) = search_all(1, target, |spec, _| model(spec));
        assert!(rows.unwrap().iter().all(|row| row.rate_per_s.is_none()));
        assert!(!runs.is_empty(), "it was tried");
    }

    #[test]
    fn a_wrong_answer_ends_the_search() {
        // The first runs are sizing, whose answers are not looked at.
        let (rows, runs) = search_all(1, TARGET, |spec, _| Model {
            right: spec.rate.is_max() || spec.variant == "pipelined",
            ..model(spec)
        });
        let error = rows.unwrap_err().to_string();
        assert!(error.starts_with("microbatch gave a wrong answer at"), "{error}");
        assert!(!runs.is_empty() && runs.iter().all(|run| run.variant == "pipelined"));
    }

    #[test]
    fn whoever_stops_it_keeps_what_was_found() {
        let mut probes = 0;
        let (rows, runs) = search_all(3, TARGET, |spec, _| {
            probes += u32::from(!spec.rate.is_max());
            Model { stopped: probes == 12, ..model(spec) }
        });
        let rows = rows.unwrap();
        assert_eq!(runs.len(), 11, "a probe that was stopped says nothing");
        assert!(rows.iter().map(|row| row.searches.len()).sum::<usize>() < 6);
        // The first probe of the second engine is not the end of its search, and none has no rate.
        assert!(rows.iter().map(|row| row.ended).sum::<u32>() < 6);
        assert!(rows.iter().all(|row| row.ended as usize == row.searches.len()), "{rows:?}");
    }

    #[test]
    fn a_probe_that_was_disturbed_is_made_once_more() {
        let (rows, runs) = search_all(1, TARGET, |spec, nth| {
            let busy = (nth % 2 == 0 && !spec.rate.is_max()).then_some("others");
            let capacity_per_s = if busy.is_some() { 1.0 } else { model(spec).capacity_per_s };
            Model { capacity_per_s, disturbed_because: busy, ..model(spec) }
        });
        let rows = rows.unwrap();
        let found = rows[0].rate_per_s.unwrap();
        assert!((found / PIPELINED - 1.0).abs() < 0.03, "{found}");
        assert!(runs.iter().all(|run| run.machine.is_none()), "the disturbed ones are not kept");
    }
}
