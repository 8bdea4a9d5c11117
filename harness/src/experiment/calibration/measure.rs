//! Makes the runs of a calibration, and counts the work of their models.

use std::collections::BTreeMap;
use std::time::Duration;

use dataflow::job::runtime::CostKind;
use reports::schema::RunResult;
use serde_json::{Value, json};

use super::design::{Design, Response, Unknown};
use crate::error::{Error, Result};
use crate::quantity::Rate;
use crate::registry::Registry;
use crate::run::answer::{Answer, is_wrong};
use crate::run::clock::Clock;
use crate::run::executor::Runner;
use crate::run::spec::RunSpec;

/// Events of the run that tells how many a longer one has, and of that which counts.
const FIRST_EVENTS: u64 = 100_000;
const COUNTED_EVENTS: u64 = 200_000;
const NANOS_PER_SECOND: f64 = 1e9;

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
    fn spec(&self, design: &Design, engine: &str, events: u64, clock: Clock) -> Result<RunSpec> {
        let mut settings = named(&design.settings);
        if clock == Clock::Virtual {
            // Whatever it costs: what has a price is counted.
            settings.extend(CostKind::ALL.map(|kind| (format!("cost.{kind}"), json!(1))));
        }
        RunSpec::new(self.registry, engine, design.workload)?
            .experiment("calibrate")
            .settings(settings)
            .knobs(named(&design.knobs))
            .seed(self.seed)
            .rate(Rate::Max)
            .events(events)
            .parallelism(self.parallelism)
            .clock(clock)
            .resolve()
    }

    /// How many events a run of a design has, so that it takes the time that it should.
    pub(crate) fn events(&self, design: &Design, runner: &mut Runner<'_>) -> Result<u64> {
        let spec = self.spec(design, design.engine, FIRST_EVENTS, Clock::Wall)?;
        let first = runner.quiet().run(&spec, Answer::Unchecked)?.result;
        let per_s = first.throughput_per_s.max(1.0);
        Ok(((per_s * self.duration.as_secs_f64()) as u64).max(1))
    }

    /// What a run of a design takes, in nanoseconds per record.
    ///
    /// # Errors
    /// When the run fails, or its answer is wrong.
    pub(crate) fn took(
        &self,
        design: &Design,
        events: u64,
        runner: &mut Runner<'_>,
    ) -> Result<f64> {
        let spec = self.spec(design, design.engine, events, Clock::Wall)?;
        let result = runner.quiet().run(&spec, Answer::Evaluated)?.result;
        if is_wrong(&result) {
            let Design { name, engine, .. } = design;
            return Err(Error::Run(format!("{engine} gave a wrong answer at `{name}`")));
        }
        let took = match design.response {
            Response::ProcessorTime => result.cpu_ns_per_record,
        };
        took.filter(|nanos| *nanos > 0.0).ok_or_else(|| {
            let seconds = result.elapsed_ns as f64 / NANOS_PER_SECOND;
            Error::Run(format!(
                "the system tells no processor time of `{}` ({seconds:.3} s): without it nothing can \
                 be calibrated",
                design.name
            ))
        })
    }

    /// How often the model of a design does what each of the unknowns is the price of, per record.
    ///
    /// # Errors
    /// When the model cannot run it.
    pub(crate) fn counts(
        &self,
        design: &Design,
        unknowns: &[Unknown],
        runner: &mut Runner<'_>,
    ) -> Result<Vec<f64>> {
        let spec = self.spec(design, design.model, COUNTED_EVENTS, Clock::Virtual)?;
        let result = runner.quiet().run(&spec, Answer::Unchecked)?.result;
        let of = |(kind, keys): &Unknown| {
            let applies = keys.is_none() || *keys == design.keys;
            if applies { counted(&result, *kind) } else { 0.0 }
        };
        Ok(unknowns.iter().map(of).collect())
    }
}

/// How much of a kind of work a run has done, per record.
fn counted(result: &RunResult, kind: CostKind) -> f64 {
    let kinds = result.costs.iter().flat_map(|costs| &costs.kinds);
    let count = kinds.filter(|it| it.kind == kind.name()).map(|it| it.count).sum::<u64>();
    count as f64 / result.records_in.max(1) as f64
}

fn named(given: &[(&'static str, Value)]) -> BTreeMap<String, Value> {
    given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}
