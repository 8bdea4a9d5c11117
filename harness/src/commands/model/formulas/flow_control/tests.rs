//! What the cases of flow control must do: hold, be recomputable, and be refuted when the engine is
//! not what it says it is.

use std::path::Path;
use std::sync::Arc;

use dataflow::job::engine::BoxFuture;
use dataflow::job::runtime::Runtime;
use dataflow::job::settings::Setting;
use dataflow::{Completion, Control, Engine, EngineError, Job, StopSignal};
use pipelined::Pipelined;
use reports::formulas::CaseVerdict;
use reports::formulas::CaseVerdict::{DoesNotHold, Holds, OutsideItsRange};
use reports::formulas::Reading;
use sequential::Sequential;
use serde_json::Value;

use super::experiment::{MICRO_BATCH, PIPELINED, Repeats, mean_wait};
use super::trial::FlowTrial;
use super::*;
use crate::files::result_folder::{NamedFolder, ResultFolder};
use crate::registry::Registry;
use crate::run::audience::Silent;
use crate::run::clock::Clock;
use crate::run::executor::Runner;
use crate::run::real::Real;

/// Seeds of the flusher's cases here; one test takes all of them.
const FEW_SEEDS: u64 = 8;

/// Carries out experiments and hands over their cases with the folder that they are in.
fn carried_out(
    registry: &Registry,
    faults: &[&str],
    experiments: impl FnOnce(&CaseRunner<'_>) -> Vec<FlowExperiment>,
    check: impl FnOnce(&[Case], &Path),
) {
    let directory = tempfile::tempdir().expect("a folder can be made");
    let folder = ResultFolder::make(NamedFolder::at(&directory.path().join("results")), "formulas");
    let folder = folder.expect("it is empty");
    let (stop, mut real) = (StopSignal::default(), Real);
    let runner = Runner::new(&mut real, &stop, &Silent);
    let mut runner = CaseRunner::new(registry, runner, &folder, 42).expect("the folder is there");
    let experiments = experiments(&runner);
    let faults: Vec<FaultSpec> = faults.iter().map(|it| it.parse().expect("a fault")).collect();
    let cases = carry_out(&mut runner, experiments, &faults).expect("runs come to their end");
    check(&cases, folder.path());
}

fn in_virtual_time(runner: &CaseRunner<'_>) -> Vec<FlowExperiment> {
    let mut experiments = flusher::experiments(runner, FEW_SEEDS).expect("the engines are there");
    let others = [
        buffers::experiments(runner),
        links::experiments(runner),
        bursts::experiments(runner),
        batches::experiments(runner),
        speeds::experiments(runner),
    ];
    experiments.extend(others.into_iter().flat_map(|it| it.expect("the engines are there")));
    experiments
}

fn verdicts(cases: &[Case]) -> Vec<(&str, CaseVerdict)> {
    cases.iter().map(|case| (case.case.as_str(), case.verdict)).collect()
}

#[test]
fn cases_hold_in_virtual_time_and_are_read_from_the_files_that_they_name() {
    carried_out(&Registry::standard(), &[], in_virtual_time, |cases, folder| {
        assert!(cases.iter().all(|case| case.verdict != DoesNotHold), "{:#?}", verdicts(cases));
        for engine in [PIPELINED, MICRO_BATCH] {
            let own = |case: &&Case| case.engine == engine && case.verdict == Holds;
            let held = cases.iter().filter(own).count();
            assert!(held >= 12, "{held} cases of {engine} hold");
        }
        let exact = cases.iter().filter(|case| case.relative_error.is_some()).count();
        assert!(exact >= 30, "{exact} of them are no bounds");
        let outside: Vec<_> = cases.iter().filter(|case| case.verdict == OutsideItsRange).collect();
        assert_eq!(outside.len(), 2, "an overload of each engine: {:#?}", verdicts(cases));
        assert!(outside.iter().all(|case| case.relative_error.is_none()));
        // Outside their range the forms are far from what is measured, and that is no refutation.
        assert!(outside.iter().all(|case| case.measured > 1.5 * case.predicted));
        for case in cases {
            let text = std::fs::read_to_string(folder.join(&case.run)).expect("the file is there");
            let file: Value = serde_json::from_str(&text).expect("it is JSON");
            assert_eq!(case.reading.read(&file).ok(), Some(case.measured), "{}", case.case);
            if let Reading::At { pointer, factor } = &case.reading {
                // By hand, without the code that reads.
                let found = pointer.split('/').skip(1).fold(&file, |at, name| &at[name]);
                let found = found.as_f64().expect("a number");
                assert_eq!(found * factor, case.measured, "{}", case.case);
            }
        }
    });
}

#[test]
fn a_flusher_makes_records_wait_as_long_as_the_form_says_over_200_seeds() {
    let experiments = |runner: &CaseRunner<'_>| {
        let engine = runner.registry.engine(PIPELINED).expect("it is there");
        // The second pair is about as close as the form allows, 10 % apart.
        let pairs = [(20.0, 100.0, 64), (115.0, 100.0, 24)];
        let experiment = |(fill_ms, interval_ms, records)| FlowExperiment {
            name: "flusher",
            trial: flusher::trial(FlowTrial::new(&engine, 1_000), fill_ms, interval_ms, records),
            repeats: Repeats::Seeds(flusher::SEEDS, mean_wait()),
            asked: vec![flusher::draft((fill_ms, interval_ms), records, Reading::MeanOfSamples)],
        };
        pairs.into_iter().map(experiment).collect()
    };
    carried_out(&Registry::standard(), &[], experiments, |cases, _| {
        let errors: Vec<_> = cases.iter().map(|case| case.relative_error).collect();
        assert!(cases.iter().all(|case| case.verdict == Holds), "{errors:?}");
    });
}

#[test]
fn a_lost_credit_refutes_the_cases_that_it_limits() {
    let experiments =
        |runner: &CaseRunner<'_>| links::experiments(runner).expect("the engines are there");
    carried_out(&Registry::standard(), &["lose:credit@5"], experiments, |cases, _| {
        for case in cases {
            // Where the link is the limit, one credit of 32 is not missed.
            let spare = case.number("credits") == Some(32.0);
            let expected = if spare { Holds } else { DoesNotHold };
            assert_eq!(case.verdict, expected, "{}: {:?}", case.case, case.relative_error);
        }
        assert_eq!(cases.len(), 5);
    });
}

/// Has the name and the settings of the pipelined engine, and no buffers: what it says is buffered
/// is not, so the time from in to out is not what is buffered over the rate.
struct Unbuffered;

impl Engine for Unbuffered {
    fn name(&self) -> &'static str {
        PIPELINED
    }
    fn describe(&self) -> &'static str {
        "no buffers"
    }
    fn settings(&self) -> &'static [Setting] {
        Pipelined.settings()
    }
    fn run(
        &self,
        job: Job,
        runtime: Arc<dyn Runtime>,
        control: Control,
    ) -> BoxFuture<std::result::Result<Completion, EngineError>> {
        Sequential.run(job, runtime, control)
    }
}

#[test]
fn an_engine_that_violates_little_s_law_is_refuted() {
    let mut registry = Registry::standard();
    registry.engines.retain(|engine| engine.name() != PIPELINED);
    registry.engines.push(Arc::new(Unbuffered));
    let experiments = |runner: &CaseRunner<'_>| {
        let mut experiments = buffers::experiments(runner).expect("the engines are there");
        experiments.retain(|it| it.name == "full-buffers");
        experiments
    };
    carried_out(&registry, &[], experiments, |cases, _| {
        assert!(cases.len() >= 5);
        for case in cases {
            assert_eq!(case.verdict, DoesNotHold, "{}: {}", case.case, case.measured);
            assert_eq!(case.verdict.words(), "does not hold");
        }
    });
}

#[test]
fn a_case_of_the_wall_clock_says_how_often_it_was_measured_and_how_surely() {
    let experiments = |runner: &CaseRunner<'_>| {
        let mut experiments = wall::experiments(runner).expect("the engines are there");
        assert!(experiments.iter().all(|it| it.trial.clock == Clock::Wall));
        experiments.truncate(1);
        experiments
    };
    carried_out(&Registry::standard(), &[], experiments, |cases, folder| {
        let case = &cases[0];
        let at = |name: &str| case.number(name).expect("it is there");
        assert_eq!(at("repeats"), 3.0);
        assert!(at("interval_low") <= case.measured && case.measured <= at("interval_high"));
        let text = std::fs::read_to_string(folder.join(&case.run)).expect("the file is there");
        let file: Value = serde_json::from_str(&text).expect("it is JSON");
        let runs = file["runs"].as_array().expect("several runs");
        let means = runs.iter().map(|run| run["latency_ns"]["from_planned"]["mean"].as_f64());
        let sum: f64 = means.map(|mean| mean.expect("timed") / 1e6).sum();
        assert!((sum / 3.0 / case.measured - 1.0).abs() < 1e-9);
    });
}
