//! Tests of comparing on modelled engines. Nothing runs, and nothing waits.

use std::path::Path;
use std::time::Duration;

use reports::schema::{Measures, RunResult, Verdict};

use super::*;
use crate::cli::BaselineArgs;
use crate::files::result_folder::NamedFolder;
use crate::run::mock::{Listener, MadeRun, Mock, Model};
use crate::run::spec::RunSpec;

/// One experiment of `pipelined` and `microbatch` for each `rate`, `length` and number of repeats.
fn suite(experiments: &[(&str, &str, u32)]) -> Suite {
    let text: String = (1..)
        .zip(experiments)
        .map(|(number, (rate, length, repeats))| {
            format!(
                "[[experiment]]\nname = \"x{number}\"\nworkload = \"keyed-count\"\n\
                 engines = [\"pipelined\", \"microbatch\"]\nrate = {rate}\n{length}\n\
                 repeats = {repeats}\n"
            )
        })
        .collect();
    Suite::parse(&text, "modelled.toml", &Registry::standard()).unwrap()
}

/// At `max`, of a million events.
fn at_max(repeats: u32) -> Suite {
    suite(&[("\"max\"", "events = 1_000_000", repeats)])
}

fn options(until: Option<Stopping>) -> CompareOptions<'static> {
    CompareOptions {
        sweep: None,
        against_itself: false,
        duet: false,
        until,
        baselines: Baselines::default(),
        thresholds: &[],
        json: false,
        live: false,
    }
}

/// What came of a comparison.
struct Compared {
    result: CompareResult,
    ended: Result<()>,
    made: Vec<MadeRun>,
    listener: Listener,
    /// Names of the files of runs.
    files: Vec<String>,
    /// Numbers of the runs whose files say that another was made in their place.
    superseded: Vec<usize>,
    /// Why experiments were not run.
    refused: Vec<String>,
}

impl Compared {
    /// Variants and repeats in the order in which they ran.
    fn order(&self) -> Vec<(&str, u32)> {
        self.made.iter().map(|made| (made.variant.as_str(), made.repeat)).collect()
    }

    fn notes(&self) -> Vec<String> {
        self.listener.notes.borrow().clone()
    }
}

fn compare_modelled(
    suite: &Suite,
    options: &CompareOptions<'_>,
    model: impl FnMut(&RunSpec, usize) -> Result<Model>,
) -> Compared {
    let directory = tempfile::tempdir().unwrap();
    let folder = ResultFolder::make(NamedFolder::at(directory.path()), "modelled").unwrap();
    let stop = StopSignal::default();
    let mut mock = Mock::new(model);
    let listener = mock.listener();
    let runner = Runner::new(&mut mock, &stop, &listener);
    let Measured { result, refused, ended } = measure(suite, &folder, options, runner).unwrap();
    let entries = std::fs::read_dir(directory.path().join("runs")).unwrap();
    let mut files: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    files.sort_unstable();
    let is_superseded = |file: &&String| {
        let text = std::fs::read_to_string(directory.path().join("runs").join(file)).unwrap();
        text.contains("\"superseded\": true")
    };
    let superseded = files.iter().filter(is_superseded);
    let superseded = superseded.map(|file| file[..4].parse().unwrap()).collect();
    Compared { result, ended, made: mock.made, listener, files, superseded, refused }
}

/// An engine that takes this many events per second.
fn taking(capacity_per_s: f64) -> Result<Model> {
    Ok(Model { capacity_per_s, ..Model::default() })
}

fn is_pipelined(spec: &RunSpec) -> bool {
    spec.variant == "pipelined"
}

#[test]
fn variants_alternate_and_every_other_round_runs_the_other_way() {
    let compared = compare_modelled(&at_max(3), &options(None), |_, _| taking(1e6));
    let (p, m) = ("pipelined", "microbatch");
    assert_eq!(compared.order()[..4], [(p, 0), (m, 0), (m, 1), (p, 1)]);
    let mut third = compared.order()[4..].to_vec();
    third.sort_unstable();
    assert_eq!(third, [(m, 2), (p, 2)], "in an order that the seed draws");
    assert_eq!(compared.listener.steps.get(), 6);
    assert_eq!(
        compared.files[..2],
        ["0000-keyed-count-pipelined-0.json", "0001-keyed-count-microbatch-0.json"]
    );
    assert_eq!(compared.files.len(), 6, "a file for every run");
}

#[test]
fn the_faster_engine_wins_and_equal_ones_tie() {
    let verdict = |factor: f64| {
        let model = |spec: &RunSpec, nth: usize| {
            // A noise of 1 %, with a period that is not that of the rounds.
            let noise = 1.0 + 0.01 * (nth % 3) as f64;
            taking(if is_pipelined(spec) { factor * 1e6 * noise } else { 1e6 * noise })
        };
        let compared = compare_modelled(&at_max(6), &options(None), model);
        let [comparison] = compared.result.comparisons.as_slice() else { panic!("one metric") };
        assert_eq!((comparison.a.as_str(), comparison.repeats), ("pipelined", 6));
        let ratio = comparison.ratio.unwrap();
        assert!((ratio / factor - 1.0).abs() < 0.02, "{ratio} of {factor}");
        comparison.verdict
    };
    assert_eq!(verdict(2.0), Verdict::A);
    assert_eq!(verdict(0.5), Verdict::B);
    assert_eq!(verdict(1.0), Verdict::Tie);
}

#[test]
fn at_a_rate_the_engine_with_less_latency_wins() {
    let suite = suite(&[("10_000", "events = 10_000", 5)]);
    let compared = compare_modelled(&suite, &options(None), |spec, _| {
        let p99_ns = if is_pipelined(spec) { 9_000_000 } else { 3_000_000 };
        Ok(Model { p99_ns, ..Model::default() })
    });
    let verdicts: Vec<_> =
        compared.result.comparisons.iter().map(|it| (it.metric.as_str(), it.verdict)).collect();
    assert_eq!(
        verdicts,
        [
            ("latency_ns.from_planned.p50", Verdict::Tie),
            ("latency_ns.from_planned.p99", Verdict::B)
        ]
    );
}

/// Within 3 % either way.
fn until(budget: Option<Duration>) -> CompareOptions<'static> {
    options(Some(Stopping { target: 0.03, budget }))
}

/// Ratios that never settle: a factor of 1.5 up and down.
fn unsteady(spec: &RunSpec, _: usize) -> Result<Model> {
    taking(if is_pipelined(spec) && spec.repeat.is_multiple_of(2) { 1.5e6 } else { 1e6 })
}

#[test]
fn repeating_stops_once_the_interval_is_narrow() {
    let compared = compare_modelled(&at_max(MOST_REPEATS), &until(None), |spec, _| {
        let noise = 1.0 + 0.001 * f64::from(spec.repeat % 2);
        taking(if is_pipelined(spec) { 2e6 * noise } else { 1e6 })
    });
    assert_eq!(compared.made.len(), 10, "five repeats are the fewest");
    assert_eq!(compared.listener.skipped.get(), 2 * u64::from(MOST_REPEATS) - 10);
    assert_eq!(compared.notes(), [""; 0], "nothing is amiss");
    let comparison = &compared.result.comparisons[0];
    let (low, high) = comparison.interval.unwrap();
    assert!(high / low < 1.03 * 1.03, "{low} to {high}");
}

#[test]
fn a_noisier_engine_is_repeated_more_often() {
    let repeats = |noise: f64| {
        let model = |spec: &RunSpec, _: usize| {
            let up = is_pipelined(spec) && spec.repeat.is_multiple_of(2);
            taking(if up { 1e6 * (1.0 + noise) } else { 1e6 })
        };
        compare_modelled(&at_max(MOST_REPEATS), &until(None), model).made.len() / 2
    };
    let (little, some, much) = (repeats(0.01), repeats(0.05), repeats(0.10));
    assert!(5 == little && little < some && some < much, "{little}, {some}, {much}");
    assert!(much < MOST_REPEATS as usize, "{much}");
}

#[test]
fn repeating_stops_after_the_most_repeats_and_says_so() {
    let compared = compare_modelled(&at_max(MOST_REPEATS), &until(None), unsteady);
    assert_eq!(compared.made.len(), 2 * MOST_REPEATS as usize);
    assert_eq!(
        compared.notes(),
        ["x1: 50 repeats, and not every interval is within 3 %: no more are made"]
    );
}

#[test]
fn repeating_stops_when_the_budget_is_spent_and_experiments_share_it() {
    let two = [("\"max\"", "events = 1_000_000", MOST_REPEATS); 2];
    // A run takes 1 s, or two thirds of one: a round takes 1 2/3 s or 2 s, and six of them 11 s.
    let budget = Some(Duration::from_millis(21_900));
    let compared = compare_modelled(&suite(&two), &until(budget), unsteady);
    let made = |name: &str| compared.made.iter().filter(|made| made.experiment == name).count();
    assert_eq!((made("x1"), made("x2")), (12, 12));
    let because = "6 repeats, and not every interval is within 3 %: the budget is spent";
    assert_eq!(compared.notes(), [format!("x1: {because}"), format!("x2: {because}")]);
    // However little there is, there are five.
    let none = Some(Duration::from_nanos(1));
    let compared = compare_modelled(&at_max(MOST_REPEATS), &until(none), unsteady);
    assert_eq!(compared.made.len(), 10);
}

#[test]
fn what_one_experiment_leaves_of_the_budget_is_the_next_ones() {
    let two = [("\"max\"", "events = 1_000_000", MOST_REPEATS); 2];
    let budget = Some(Duration::from_millis(21_900));
    let compared =
        compare_modelled(&suite(&two), &until(budget), |spec, nth| match &*spec.experiment {
            "x1" => taking(1e6),
            _ => unsteady(spec, nth),
        });
    let made = |name: &str| compared.made.iter().filter(|made| made.experiment == name).count();
    // The first is narrow after five rounds of 2 s; the second has 11.9 s: seven rounds, not six.
    assert_eq!((made("x1"), made("x2")), (10, 14));
}

/// Whether each run of a result is valid and superseded.
fn fates(runs: &[RunResult]) -> Vec<(bool, bool)> {
    runs.iter().map(|run| (run.valid, run.superseded)).collect()
}

/// The runs of these numbers fall into a time when others take the cores.
fn disturbed_at(disturbed: &'static [usize]) -> impl FnMut(&RunSpec, usize) -> Result<Model> {
    move |_, nth| {
        let busy = disturbed.contains(&nth).then_some("other programs took 34 % of the cores");
        Ok(Model { disturbed_because: busy, ..Model::default() })
    }
}

#[test]
fn a_round_that_was_disturbed_is_made_once_more_and_both_are_kept() {
    // The third run, which is the first of the second round; its repetition is not.
    let compared = compare_modelled(&at_max(5), &options(None), disturbed_at(&[2]));
    let (p, m) = ("pipelined", "microbatch");
    assert_eq!(compared.order()[2..6], [(m, 1), (p, 1), (m, 1), (p, 1)]);
    assert_eq!(
        fates(&compared.result.runs[2..6]),
        [(false, true), (false, true), (true, false), (true, false)],
        "the run beside it falls with it"
    );
    assert_eq!(compared.listener.steps.get(), 10, "it was announced once");
    assert_eq!((compared.result.runs.len(), compared.files.len()), (12, 12));
    assert_eq!(compared.superseded, [2, 3], "as the files say");
    let experiments = reports::words::summary::experiments(&compared.result);
    let valid = experiments[0].variants.iter().map(|variant| variant.valid().count());
    assert_eq!(valid.collect::<Vec<_>>(), [5, 5], "each repeat counts once");
    assert!(compared.result.comparisons.iter().all(|it| it.repeats == 5), "all pairs are valid");
    assert_eq!(left_out::lines(&compared.result.runs), [""; 0]);
    assert_eq!(outcome(&compared.result), Outcome::Good);
}

#[test]
fn a_round_that_is_disturbed_again_is_left_out_as_a_whole() {
    let compared = compare_modelled(&at_max(5), &options(None), disturbed_at(&[2, 5]));
    assert_eq!(compared.made.len(), 12, "it is not made a third time");
    assert!(compared.result.comparisons.iter().all(|it| it.repeats == 4));
    assert_eq!(
        left_out::lines(&compared.result.runs),
        [
            "x1 on pipelined: 1 of 5 runs left out. The machine was disturbed: other programs took \
             34 % of the cores; see `doctor`.",
            "x1 on microbatch: 1 of 5 runs left out. It is left out with the run of pipelined beside \
             it, which was disturbed.",
        ]
    );
    let all: Vec<usize> = (0..20).collect();
    let compared = compare_modelled(&at_max(5), &options(None), disturbed_at(all.leak()));
    assert_eq!(outcome(&compared.result), Outcome::Failed, "no pair is left");
    assert_eq!(left_out::lines(&compared.result.runs).len(), 2);
}

#[test]
fn a_reason_that_would_repeat_is_not_run_again() {
    let suite = suite(&[("10_000", "events = 10_000", 5)]);
    let compared = compare_modelled(&suite, &options(None), |spec, _| {
        taking(if is_pipelined(spec) { 5_000.0 } else { 1e6 })
    });
    assert_eq!(compared.made.len(), 10);
    assert!(compared.result.comparisons.iter().all(|it| it.repeats == 0));
    let lines = left_out::lines(&compared.result.runs);
    assert!(lines.len() == 1 && lines[0].contains("did not keep up"), "{lines:?}");
    assert_eq!(outcome(&compared.result), Outcome::Failed, "no pair is left");
}

#[test]
fn a_wrong_answer_is_no_chance_and_fails_the_comparison() {
    let compared = compare_modelled(&at_max(5), &options(None), |spec, _| {
        let right = !(is_pipelined(spec) && spec.repeat == 2);
        Ok(Model { right, ..Model::default() })
    });
    assert_eq!(compared.made.len(), 10, "it is not made again");
    assert_eq!(compared.result.runs.iter().filter(|run| !run.valid).count(), 1);
    assert_eq!(outcome(&compared.result), Outcome::Failed);
    assert_eq!(
        left_out::lines(&compared.result.runs),
        ["x1 on pipelined: 1 of 5 runs left out. The output differs from the evaluator's."]
    );
}

#[test]
fn too_few_windows_make_a_run_of_a_comparison_invalid() {
    let closed = |windows: u64| {
        compare_modelled(&at_max(1), &options(None), move |_, _| {
            Ok(Model { windows_closed: Some(windows), ..Model::default() })
        })
    };
    assert!(closed(20).result.runs.iter().all(|run| run.valid));
    let few = closed(19);
    assert_eq!(few.made.len(), 2, "it is not made again");
    assert!(few.result.runs.iter().all(|run| !run.valid));
    let lines = left_out::lines(&few.result.runs);
    assert!(lines[0].contains("Only 19 windows closed"), "{lines:?}");
}

/// How many events a time at `max` comes to is known once it was sized.
#[test]
fn an_experiment_that_cannot_be_valid_is_passed_over_and_the_others_are_run() {
    let windows = "[[experiment]]\nname = \"windows\"\nworkload = \"windowed-count\"\n\
                   engines = [\"pipelined\", \"microbatch\"]\nrate = \"max\"\nduration = \"500ms\"\n\
                   repeats = 5\n";
    let registry = Registry::standard();
    let mut suite = Suite::parse(windows, "modelled.toml", &registry).unwrap();
    let alone = compare_modelled(&suite, &options(None), |_, _| taking(1e6));
    let because = "windows: no run could be valid: 1 windows close";
    assert!(alone.ended.unwrap_err().to_string().starts_with(because));
    suite.experiments.extend(at_max(5).experiments);
    let compared = compare_modelled(&suite, &options(None), |_, _| taking(1e6));
    assert!(compared.ended.is_ok());
    assert!(compared.refused.len() == 1 && compared.refused[0].starts_with(because));
    assert_eq!((compared.result.runs.len(), compared.listener.skipped.get()), (10, 10));
}

#[test]
fn an_interrupted_run_is_kept_and_nothing_follows_it() {
    let compared = compare_modelled(&at_max(5), &options(None), |_, nth| {
        Ok(Model { stopped: nth == 2, ..Model::default() })
    });
    assert!(compared.ended.is_ok());
    assert_eq!(compared.order(), [("pipelined", 0), ("microbatch", 0), ("microbatch", 1)]);
    let last = compared.result.runs.last().unwrap();
    assert!(last.interrupted && !last.valid);
    assert_eq!(compared.files.len(), 3);
    assert!(compared.result.interrupted);
    assert_eq!(outcome(&compared.result), Outcome::Interrupted);
}

#[test]
fn what_had_ended_when_an_engine_fails_is_there() {
    let compared = compare_modelled(&at_max(5), &options(None), |_, nth| {
        if nth == 3 { Err(Error::run("it broke")) } else { taking(1e6) }
    });
    assert_eq!(compared.ended.unwrap_err().to_string(), "it broke");
    assert_eq!((compared.result.runs.len(), compared.files.len()), (3, 3));
}

#[test]
fn against_itself_every_variant_meets_its_repetition_and_no_other() {
    let options = CompareOptions { against_itself: true, ..options(None) };
    let suite = at_max(5).against_itself();
    let compared = compare_modelled(&suite, &options, |spec, _| {
        // What comes second is always a twentieth slower.
        taking(if spec.variant.ends_with("(again)") { 0.95e6 } else { 1e6 })
    });
    assert_eq!(compared.made.len(), 20);
    let pairs: Vec<_> = compared.result.comparisons.iter().map(|it| (&*it.a, &*it.b)).collect();
    assert_eq!(pairs, [("pipelined", "pipelined (again)"), ("microbatch", "microbatch (again)")]);
    assert!(compared.result.noise.iter().all(|row| row.suspicious), "they always differ");
}

/// A baseline of modelled runs in a folder, and what `compare` is told about it.
fn baseline_args(folder: &Path, allowed: Option<f64>) -> BaselineArgs {
    BaselineArgs {
        save_baseline: None,
        baseline: Some("old".to_owned()),
        baseline_dir: Some(folder.to_owned()),
        fail_on_regression: allowed,
    }
}

fn save_baseline(folder: &Path, result: &CompareResult) {
    let text = serde_json::to_string(result).unwrap();
    crate::files::write_whole(&folder.join("old.json"), text.as_bytes()).unwrap();
}

/// Lines about regressions of runs at this factor of the baseline's speed.
fn regressions(factor: f64, allowed: f64) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let noise = |nth: usize| 1.0 + 0.002 * (nth % 3) as f64;
    let old = compare_modelled(&at_max(5), &options(None), |_, nth| taking(1e6 * noise(nth)));
    save_baseline(folder.path(), &old.result);
    let stop = StopSignal::default();
    let mut mock = Mock::new(|_: &RunSpec, _| taking(1e6));
    let mut runner = Runner::new(&mut mock, &stop, &Silent);
    let args = baseline_args(folder.path(), Some(allowed));
    let baselines = Baselines::open(&args, &at_max(5), &mut runner).unwrap();
    let options = CompareOptions { baselines, ..options(None) };
    let new = compare_modelled(&at_max(5), &options, |spec, nth| {
        taking(if is_pipelined(spec) { 1e6 * factor * noise(nth) } else { 1e6 * noise(nth) })
    });
    let diff = options.baselines.diff(&new.result);
    options.baselines.regressions(diff.as_ref())
}

#[test]
fn a_regression_is_found_when_it_is_larger_than_allowed() {
    let found = regressions(0.8, 0.05);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("x1 on pipelined: throughput_per_s was"), "{found:?}");
    assert_eq!(regressions(0.8, 0.25), [""; 0], "so much is allowed");
    assert_eq!(regressions(1.0, 0.05), [""; 0], "nothing has changed");
    assert_eq!(regressions(1.3, 0.05), [""; 0], "faster is no regression");
}

#[test]
fn what_sizing_would_choose_is_the_baselines() {
    let folder = tempfile::tempdir().unwrap();
    let sized = suite(&[("{ at_most = 600_000 }", "duration = \"1s\"", 5)]);
    // Half of the slower engine's million is planned.
    let old = compare_modelled(&sized, &options(None), |spec, _| {
        taking(if is_pipelined(spec) { 2e6 } else { 1e6 })
    });
    let planned = |compared: &Compared| compared.made.last().unwrap().clone();
    assert_eq!((planned(&old).rate.per_second(), planned(&old).events), (Some(5e5), 500_000));
    assert!(old.made.len() > 10, "there were sizing runs");
    save_baseline(folder.path(), &old.result);
    // A machine of half the speed would be given half the rate.
    let model = |spec: &RunSpec, _: usize| taking(if is_pipelined(spec) { 1e6 } else { 0.5e6 });
    let stop = StopSignal::default();
    let mut mock = Mock::new(model);
    let args = baseline_args(folder.path(), None);
    let opened = Baselines::open(&args, &sized, &mut Runner::new(&mut mock, &stop, &Silent));
    let options = CompareOptions { baselines: opened.unwrap(), ..options(None) };
    let new = compare_modelled(&sized, &options, |spec, _| {
        taking(if is_pipelined(spec) { 1e6 } else { 0.5e6 })
    });
    assert_eq!(new.made.len(), 10, "there are no sizing runs");
    assert_eq!((planned(&new).rate.per_second(), planned(&new).events), (Some(5e5), 500_000));
    assert!(new.result.runs.iter().all(|run| run.measures == Measures::Latency));
}

#[test]
fn a_suite_with_another_configuration_is_refused_before_anything_runs() {
    let folder = tempfile::tempdir().unwrap();
    let old = compare_modelled(&at_max(5), &options(None), |_, _| taking(1e6));
    save_baseline(folder.path(), &old.result);
    let other = suite(&[("\"max\"", "events = 2_000_000", 5)]);
    let stop = StopSignal::default();
    let mut mock = Mock::new(|_: &RunSpec, _| -> Result<Model> { panic!("nothing is to run") });
    let args = baseline_args(folder.path(), None);
    let opened = Baselines::open(&args, &other, &mut Runner::new(&mut mock, &stop, &Silent));
    let refusal = opened.err().unwrap().to_string();
    assert!(refusal.contains("events is 1000000 in A and 2000000 in B"), "{refusal}");
}
