//! Makes the runs of a calibration, and counts the work of their models.

use std::collections::BTreeMap;
use std::time::Duration;

use dataflow::job::runtime::CostKind;
use reports::schema::{KindCost, RunResult};
use runtime::Place;
use serde_json::{Value, json};

use super::design::{Design, Response, Unknown};
use crate::error::{Error, Result};
use crate::registry::Registry;
use crate::run::answer::{Answer, is_wrong};
use crate::run::clock::Clock;
use crate::run::executor::Runner;
use crate::run::spec::RunSpec;

/// Events of the run that tells how many a longer one has, and of that which counts.
const FIRST_EVENTS: u64 = 100_000;
const COUNTED_EVENTS: u64 = 200_000;
const NANOS_PER_SECOND: f64 = 1e9;
/// A run of a design has at most this many times the events of the one that told how fast it goes.
const LONGEST_GUESS: f64 = 10.0;

/// How runs of a calibration are made.
#[derive(Copy, Clone)]
pub(crate) struct Manner<'a> {
    pub(crate) registry: &'a Registry,
    pub(crate) seed: u64,
    pub(crate) parallelism: u32,
    /// Of each run.
    pub(crate) duration: Duration,
}

impl Manner<'_> {
    fn spec(
        &self,
        (engine, design): (&str, &Design),
        events: u64,
        (settings, knobs): (BTreeMap<String, Value>, BTreeMap<String, Value>),
        clock: Clock,
    ) -> Result<RunSpec> {
        RunSpec::new(self.registry, engine, design.workload)?
            .experiment("calibrate")
            .settings(settings)
            .knobs(knobs)
            .seed(self.seed)
            .rate(design.rate)
            .events(events)
            .parallelism(self.parallelism)
            .clock(clock)
            .resolve()
    }

    /// A run by what is measured.
    fn measured(&self, design: &Design, events: u64) -> Result<RunSpec> {
        let given = (named(&design.settings), named(&design.knobs));
        self.spec((design.engine, design), events, given, Clock::Wall)
    }

    /// A run by its model, which counts.
    fn modelled(&self, design: &Design) -> Result<RunSpec> {
        let mut settings = named(&design.model_settings);
        // Whatever it costs: what has a price is counted.
        settings.extend(CostKind::ALL.map(|kind| (format!("cost.{kind}"), json!(1))));
        let mut knobs = named(&design.knobs);
        knobs.extend(named(&design.model_knobs));
        let events = self.planned(design).unwrap_or(COUNTED_EVENTS);
        self.spec((design.model, design), events, (settings, knobs), Clock::Virtual)
    }

    /// Events of a run at a planned rate.
    fn planned(&self, design: &Design) -> Option<u64> {
        let per_s = design.rate.per_second()?;
        Some(((per_s * self.duration.as_secs_f64()) as u64).max(1))
    }

    /// How many events a run of a design has, so that it takes the time that it should.
    ///
    /// # Errors
    /// When a first run fails.
    pub(crate) fn events(&self, design: &Design, runner: &mut Runner<'_>) -> Result<u64> {
        if let Some(planned) = self.planned(design) {
            return Ok(planned);
        }
        let mut events = FIRST_EVENTS;
        loop {
            let spec = self.measured(design, events)?;
            let first = runner.quiet().run(&spec, Answer::Unchecked)?.result;
            let seconds = first.elapsed_ns as f64 / NANOS_PER_SECOND;
            let wanted = self.duration.as_secs_f64();
            // A run that is much shorter tells too little of how fast it goes.
            if seconds >= wanted / LONGEST_GUESS || runner.is_to_stop() {
                return Ok(((first.throughput_per_s.max(1.0) * wanted) as u64).max(1));
            }
            events = events.saturating_mul(LONGEST_GUESS as u64);
        }
    }

    /// What a run of a design takes, in nanoseconds per record or per batch.
    ///
    /// # Errors
    /// When the run fails, or its answer is wrong.
    pub(crate) fn took(
        &self,
        design: &Design,
        events: u64,
        runner: &mut Runner<'_>,
    ) -> Result<f64> {
        let result = runner.quiet().run(&self.measured(design, events)?, Answer::Evaluated)?.result;
        let Design { name, engine, .. } = design;
        if is_wrong(&result) {
            return Err(Error::Run(format!("{engine} gave a wrong answer at `{name}`")));
        }
        let took = match design.response {
            Response::ProcessorTime => result.cpu_ns_per_record,
            Response::BatchTime => mean_batch(&result),
        };
        took.filter(|nanos| *nanos > 0.0).ok_or_else(|| {
            let unit = design.response.unit();
            let seconds = result.elapsed_ns as f64 / NANOS_PER_SECOND;
            Error::Run(format!(
                "nothing tells what a {unit} took {engine} at `{name}` ({seconds:.3} s): without it \
                 nothing can be calibrated"
            ))
        })
    }

    /// How often the model of a design does what each of the unknowns is the price of, per record; or
    /// per batch, where cores work side by side.
    ///
    /// # Errors
    /// When the model cannot run it.
    pub(crate) fn counts(
        &self,
        design: &Design,
        unknowns: &[Unknown],
        runner: &mut Runner<'_>,
    ) -> Result<Vec<f64>> {
        let result = runner.quiet().run(&self.modelled(design)?, Answer::Unchecked)?.result;
        let of = |(kind, keys): &Unknown| {
            let applies = keys.is_none() || *keys == design.keys;
            if applies { self.counted(&result, *kind, design.response) } else { 0.0 }
        };
        Ok(unknowns.iter().map(of).collect())
    }

    /// How much of a kind of work a run has done.
    fn counted(&self, result: &RunResult, kind: CostKind, response: Response) -> f64 {
        let kinds = result.costs.iter().flat_map(|costs| &costs.kinds);
        let own = kinds.filter(|it| it.kind == kind.name());
        let units = match response {
            Response::ProcessorTime => result.records_in,
            Response::BatchTime => result.batches.iter().filter(|it| it.records > 0).count() as u64,
        };
        let of = |it: &KindCost| {
            let side_by_side = match response {
                Response::BatchTime if it.place == Place::Core.name() => {
                    f64::from(self.parallelism)
                }
                _ => 1.0,
            };
            it.count as f64 / side_by_side
        };
        own.map(of).sum::<f64>() / units.max(1) as f64
    }
}

/// The mean length of a batch with records, but for the first, which finds nothing warm, and the last.
fn mean_batch(result: &RunResult) -> Option<f64> {
    let with_records: Vec<_> = result.batches.iter().filter(|it| it.records > 0).collect();
    let inner = with_records.get(1..with_records.len().checked_sub(1)?)?;
    let sum: f64 = inner.iter().map(|batch| batch.total_ns as f64).sum();
    (!inner.is_empty()).then(|| sum / inner.len() as f64)
}

fn named(given: &[(&'static str, Value)]) -> BTreeMap<String, Value> {
    given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}
