//! `sustain`: the highest rate that an engine keeps up with, by the same rule for every engine.

mod search;

use dataflow::StopSignal;
use reports::schema::{
    COMPARE_SCHEMA, CompareResult, Measures, RunResult, Sweep, SweepAxis, SweepPoint,
};
use reports::words::units;
use serde::Serialize;
use serde_json::Value;

use crate::analysis::statistics::{CONFIDENCE, Ratio};
use crate::cli::SustainArgs;
use crate::commands::runs::compare;
use crate::error::{Error, Outcome, Result};
use crate::experiment::registry::{EngineSpec, Registry};
use crate::experiment::sizing as pilot;
use crate::experiment::sizing::{Fixed, Oracle};
use crate::experiment::suite::{Experiment, Length, Overrides, Suite};
use crate::files;
use crate::files::result_folder::ResultFolder;
use crate::run::clock::clock;
use crate::run::execute::{Surroundings, execute};
use crate::run::{environment, validity};
use crate::terminal::progress::Progress;
use crate::terminal::{out, table};

pub use search::Search;

/// Searches for each engine when nobody says.
const DEFAULT_REPEATS: u32 = 3;
/// File of the rates that were found, beside the results of every probe.
const SUSTAIN_FILE: &str = "sustain.json";

/// What was found for an engine.
#[derive(Clone, Debug, Serialize)]
pub struct SustainRow {
    /// The engine with its settings.
    pub variant: String,
    /// Highest sustained rate, events per second: the geometric mean over searches; `null` when no
    /// rate was sustained.
    pub rate_per_s: Option<f64>,
    /// 95 % interval by Student's t from five searches on, else the range of their brackets.
    pub interval: Option<(f64, f64)>,
    /// What each search found: the middle of its bracket.
    pub searches: Vec<f64>,
    /// Events per second when they are taken as fast as the engine can.
    pub throughput_at_max_per_s: f64,
    /// Events per second that the generator makes by itself; it decides what it cannot double.
    pub generator_per_s: Option<f64>,
}

/// Runs the command.
///
/// # Errors
/// For bad usage, when an engine fails and when its answer is wrong.
pub fn sustain(args: &SustainArgs, registry: &Registry, stop: &StopSignal) -> Result<Outcome> {
    let experiment = experiment(args, registry)?;
    let folder = ResultFolder::make(args.out.as_deref(), "sustain")?;
    let progress = Progress::new(0, args.json);
    let mut session = Session {
        args,
        stop,
        progress: &progress,
        oracle: Oracle::default(),
        runs: Vec::new(),
        events: 0,
    };
    let rows = session.search_all(&experiment);
    progress.finish();
    let result = session.result(&folder, &experiment);
    let filled = folder.fill(&result)?;
    let rows = rows?;
    let text = serde_json::to_string_pretty(&rows).map_err(Error::run)?;
    let path = folder.inner("")?.join(SUSTAIN_FILE);
    files::write_whole(&path, text.as_bytes())
        .map_err(|error| Error::Run(format!("cannot write {}: {error}", path.display())))?;
    if args.json {
        out::line(&text);
    } else {
        filled.print(false, || table::sustained(experiment.workload.name(), &rows));
    }
    Ok(if stop.is_requested() {
        Outcome::Interrupted
    } else if rows.iter().all(|row| row.rate_per_s.is_none()) {
        Outcome::Failed
    } else {
        Outcome::Good
    })
}

fn experiment(args: &SustainArgs, registry: &Registry) -> Result<Experiment> {
    let shared = &args.shared;
    if shared.rate.is_some() {
        return Err(Error::Input("sustain looks for the rate: leave --rate out".to_owned()));
    }
    let length = match (shared.events, shared.duration) {
        (Some(events), _) => Some(Length::Events(events)),
        (None, duration) => Some(Length::Duration(duration.unwrap_or(args.default_duration()))),
    };
    let overrides = Overrides {
        engines: args.engines.iter().map(|it| EngineSpec::parse(it)).collect::<Result<_>>()?,
        workloads: Vec::new(),
        repeats: Some(shared.repeats.unwrap_or(DEFAULT_REPEATS)),
        warm_up: shared.warm_up,
        rate: None,
        length,
        parallelism: shared.parallelism,
        seed: shared.seed,
        set: shared.settings()?,
    };
    let suite = Suite::of_workloads(std::slice::from_ref(&args.workload), registry)?;
    let mut suite = suite.with(&overrides, registry)?;
    suite.experiments.pop().ok_or_else(|| Error::run("a suite of one workload has an experiment"))
}

struct Session<'a> {
    args: &'a SustainArgs,
    stop: &'a StopSignal,
    progress: &'a Progress,
    oracle: Oracle,
    runs: Vec<RunResult>,
    /// Events of every probe.
    events: u64,
}

impl Session<'_> {
    /// Every engine in turn, as often as there are repeats.
    fn search_all(&mut self, experiment: &Experiment) -> Result<Vec<SustainRow>> {
        let mut experiment = experiment.clone();
        let mut at_max = Vec::new();
        for place in 0..experiment.variants.len() {
            at_max.push(self.throughput(&experiment, place)?);
        }
        let fastest = at_max.iter().copied().fold(0.0, f64::max);
        self.events = match experiment.length {
            Length::Events(events) => events,
            Length::Duration(duration) => {
                ((fastest * duration.as_secs_f64()) as u64).clamp(1, pilot::MOST_EVENTS)
            }
        };
        // The same events at every rate: event time must not follow it.
        if experiment.workload.knobs().iter().any(|knob| knob.name == "event_rate") {
            experiment.knobs.entry("event_rate".to_owned()).or_insert(Value::from(fastest));
        }
        let fixed = Fixed { events: self.events, ..Fixed::default() };
        let generator_per_s = pilot::generator(&experiment, fixed)?;
        let mut found: Vec<Vec<(f64, f64)>> = vec![Vec::new(); experiment.variants.len()];
        for repeat in 0..experiment.repeats {
            for (place, first) in at_max.iter().enumerate() {
                let precision = self.args.precision;
                let search = match found[place].last() {
                    Some((low, high)) => Search::near((low * high).sqrt(), precision),
                    None => Search::new(*first, precision),
                };
                found[place].extend(self.search(&experiment, place, repeat, search)?);
                if self.stop.is_requested() {
                    break;
                }
            }
        }
        let rows = experiment.variants.iter().zip(&found).zip(&at_max);
        Ok(rows
            .map(|((variant, brackets), at_max)| {
                row(variant.name.clone(), brackets, *at_max, generator_per_s)
            })
            .collect())
    }

    fn throughput(&self, experiment: &Experiment, place: usize) -> Result<f64> {
        let variant = &experiment.variants[place];
        self.progress.say(format!("pilot: {} on {}", experiment.workload.name(), variant.name));
        pilot::throughput(experiment, variant, self.args.clock, self.stop)
    }

    /// One search; `None` when nothing was sustained or the user stopped it.
    fn search(
        &mut self,
        experiment: &Experiment,
        place: usize,
        repeat: u32,
        mut search: Search,
    ) -> Result<Option<(f64, f64)>> {
        while let Some(rate) = search.next() {
            if self.stop.is_requested() {
                return Ok(None);
            }
            let run = self.probe(experiment, place, repeat, rate)?;
            if run.interrupted {
                return Ok(None);
            }
            let sustained = self.is_sustained(&run);
            self.progress.note(&format!(
                "{}: {} {}",
                run.variant,
                units::planned_rate(Some(rate.round())),
                if sustained { "sustained" } else { "not sustained" }
            ));
            self.runs.push(run);
            search.probed(sustained);
        }
        Ok(search.bracket())
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
        let fixed = Fixed { rate: Some(rate), events, warm_up, ..Fixed::default() };
        let mut spec = pilot::spec(&at, &experiment.variants[place], fixed, repeat)?;
        spec.clock = self.args.clock;
        spec.measures = Measures::Latency;
        let generated = spec.workload.generate(&spec.knobs, spec.seed);
        let run_clock = clock(spec.clock, spec.seed, spec.parallelism, false)?;
        let around = Surroundings::of(&*generated, self.stop, self.progress, &run_clock);
        let mut expected = || self.oracle.expected(&spec, &*generated, self.progress);
        let run = execute(&spec, around, &mut expected)?.result;
        if compare::wrong_output(&run) {
            let (engine, rate) = (&run.variant, units::planned_rate(Some(rate)));
            return Err(Error::Run(format!("{engine} gave a wrong answer at {rate}")));
        }
        Ok(run)
    }

    /// The rule, the same for every engine: it kept up, nothing was clipped, and the latency is
    /// within the limit, if there is one.
    fn is_sustained(&self, run: &RunResult) -> bool {
        let limit = self.args.latency.map(|limit| limit.as_nanos());
        let p99 = run.latency_ns.from_planned.p99.or(run.latency_ns.from_planned.max);
        let within = limit.is_none_or(|limit| p99.is_some_and(|p99| u128::from(p99) <= limit));
        validity::kept_up(run) && run.latency_ns.from_planned.clipped == 0 && within
    }

    /// Every probe, as a sweep over the rate.
    fn result(&mut self, folder: &ResultFolder, experiment: &Experiment) -> CompareResult {
        let mut runs = std::mem::take(&mut self.runs);
        let rate = |run: &RunResult| run.rate.unwrap_or(0.0).round();
        runs.sort_by(|a, b| rate(a).total_cmp(&rate(b)));
        let mut points: Vec<SweepPoint> = Vec::new();
        for run in &runs {
            if points.last().is_none_or(|last| last.experiment != run.experiment) {
                let at = vec![Value::from(rate(run))];
                points.push(SweepPoint { experiment: run.experiment.clone(), at });
            }
        }
        let values = points.iter().map(|point| point.at[0].clone()).collect();
        let axes = vec![SweepAxis { name: "rate".to_owned(), values }];
        CompareResult {
            schema: COMPARE_SCHEMA.to_owned(),
            suite: format!("sustained rate of {}", experiment.workload.name()),
            started: folder.started.clone(),
            command: compare::command_line(),
            interrupted: self.stop.is_requested(),
            runs,
            sweep: Some(Sweep { axes, points }),
            environment: environment::describe(),
            ..CompareResult::default()
        }
    }
}

/// What the brackets of an engine's searches come to.
fn row(
    variant: String,
    brackets: &[(f64, f64)],
    throughput_at_max_per_s: f64,
    generator_per_s: Option<f64>,
) -> SustainRow {
    let searches: Vec<f64> = brackets.iter().map(|(low, high)| (low * high).sqrt()).collect();
    let logs: Vec<f64> = searches.iter().map(|rate| rate.ln()).collect();
    let mean = Ratio::of_logs(&logs, CONFIDENCE);
    let range = || {
        let low = brackets.iter().map(|it| it.0).fold(f64::INFINITY, f64::min);
        (low, brackets.iter().map(|it| it.1).fold(0.0, f64::max))
    };
    let interval = mean.as_ref().map(|mean| if mean.is_enough() { mean.interval } else { range() });
    SustainRow {
        variant,
        rate_per_s: mean.map(|mean| mean.mean),
        interval,
        searches,
        throughput_at_max_per_s,
        generator_per_s,
    }
}
