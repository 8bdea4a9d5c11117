//! Cases hold, are recomputed from their files, and turn red when the engine is not what it says.

use std::path::Path;
use std::sync::Arc;

use dataflow::job::engine::BoxFuture;
use dataflow::job::runtime::Runtime;
use dataflow::job::settings::{Setting, Settings};
use dataflow::{Completion, Control, Engine, EngineError, Job, StopSignal};
use reports::formulas::{Case, CaseVerdict};
use serde_json::Value;

use super::{CaseRunner, partitioning, placement};
use crate::error::Result;
use crate::files::result_folder::{NamedFolder, ResultFolder};
use crate::registry::Registry;
use crate::run::audience::Silent;
use crate::run::executor::Runner;
use crate::run::real::Real;

/// An engine that does not place keys as its settings say.
struct Faulty {
    inner: Arc<dyn Engine>,
    spoil: fn(&mut Settings, u32),
}

impl Engine for Faulty {
    fn name(&self) -> &'static str {
        self.inner.name()
    }
    fn describe(&self) -> &'static str {
        self.inner.describe()
    }
    fn settings(&self) -> &'static [Setting] {
        self.inner.settings()
    }
    fn run(
        &self,
        mut job: Job,
        runtime: Arc<dyn Runtime>,
        control: Control,
    ) -> BoxFuture<std::result::Result<Completion, EngineError>> {
        (self.spoil)(&mut job.settings, job.parallelism);
        self.inner.run(job, runtime, control)
    }
}

fn faulty(spoil: fn(&mut Settings, u32)) -> Registry {
    let mut registry = Registry::standard();
    let engines = registry.engines.into_iter();
    let spoiled = |inner: Arc<dyn Engine>| Arc::new(Faulty { inner, spoil }) as Arc<dyn Engine>;
    registry.engines = engines.map(spoiled).collect();
    registry
}

/// Measures a part in a folder of its own, and looks at every file that a case names.
fn measured(
    registry: &Registry,
    part: impl FnOnce(&mut CaseRunner<'_>) -> Result<Vec<Case>>,
) -> Vec<Case> {
    let folder = tempfile::tempdir().unwrap();
    let result_folder = ResultFolder::make(NamedFolder::at(folder.path()), "formulas").unwrap();
    let (stop, mut real) = (StopSignal::default(), Real);
    let runner = Runner::new(&mut real, &stop, &Silent);
    let mut runner = CaseRunner::new(registry, runner, &result_folder, 42).unwrap();
    let cases = part(&mut runner).unwrap();
    cases.iter().for_each(|case| recompute(case, folder.path()));
    cases
}

/// A measured value is what its file says, and a file that says something else is noticed.
fn recompute(case: &Case, folder: &Path) {
    let text = std::fs::read_to_string(folder.join(&case.run)).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(case.reading.read(&file).unwrap(), case.measured, "{case:?}");
    assert!(case.reading.read(&Value::Null).is_err(), "{case:?}");
}

fn verdicts(cases: &[Case], verdict: CaseVerdict) -> Vec<String> {
    let with = cases.iter().filter(|case| case.verdict == verdict);
    with.map(|case| {
        format!("{} on {}: {} for {}", case.case, case.engine, case.measured, case.predicted)
    })
    .collect()
}

#[track_caller]
fn all_hold(cases: &[Case]) {
    assert_eq!(verdicts(cases, CaseVerdict::DoesNotHold), [""; 0]);
    let errors = cases.iter().filter(|case| case.relative_error.is_some());
    assert!(
        errors.clone().all(|it| it.verdict == CaseVerdict::Holds && !it.tolerance.is_bound()),
        "an error is shown in the range of a form that is no bound"
    );
}

#[test]
fn the_fullest_partition_is_as_predicted_and_a_biased_placement_is_noticed() {
    let sound = measured(&Registry::standard(), partitioning::spread);
    all_hold(&sound);
    assert!(sound.iter().any(|it| it.engine == "pipelined"));
    assert!(sound.iter().any(|it| it.engine == "microbatch"));
    // One key group more than partitions: one of them has two.
    let biased = faulty(|settings, partitions| {
        settings.set("placement", "key-groups");
        settings.set("max_parallelism", partitions + 1);
    });
    let red = verdicts(&measured(&biased, partitioning::spread), CaseVerdict::DoesNotHold);
    let uniform = red.iter().filter(|case| case.contains("s = 0,")).count();
    assert_eq!(uniform, 3, "{red:?}");
}

#[test]
fn moved_shares_are_as_predicted_and_a_wrong_hash_is_noticed() {
    let sound = measured(&Registry::standard(), |runner| {
        let mut cases = placement::changes_of(runner, "jump", "pipelined")?;
        cases.extend(placement::changes_of(runner, "rendezvous", "microbatch")?);
        cases.extend(placement::changes_of(runner, "key-groups", "microbatch")?);
        Ok(cases)
    });
    all_hold(&sound);
    let outside = verdicts(&sound, CaseVerdict::OutsideItsRange);
    assert_eq!(outside.len(), 1, "jump hash loses none but its last: {outside:?}");
    let wrong = faulty(|settings, _| settings.set("placement", "modulo"));
    let cases = measured(&wrong, |runner| placement::changes_of(runner, "jump", "pipelined"));
    // From 8 to 16 a remainder moves a half too.
    let red = verdicts(&cases, CaseVerdict::DoesNotHold);
    assert_eq!(red.len(), 4, "{red:?}");
}

#[test]
fn key_groups_move_to_the_group_as_counted_and_not_as_most_texts_say() {
    let cases =
        measured(&Registry::standard(), |runner| super::key_groups::few(runner, "placement"));
    all_hold(&cases);
    let counted: Vec<f64> = cases.iter().map(|case| (case.measured * 1e3).round() / 1e3).collect();
    assert_eq!(counted, [0.523, 0.523, 0.469, 0.469, 0.555, 0.555]);
    assert_eq!(verdicts(&cases, CaseVerdict::OutsideItsRange).len(), 2, "7 and 15 are no powers");
}

#[test]
fn one_key_and_fewer_keys_than_partitions_are_outside() {
    let cases = measured(&Registry::standard(), partitioning::placements);
    all_hold(&cases);
    let outside = verdicts(&cases, CaseVerdict::OutsideItsRange);
    assert_eq!(outside.len(), 2, "{outside:?}");
    assert!(cases.iter().all(|case| case.relative_error.is_none()), "bounds, or outside");
}
