//! Compares the runs of an experiment: a ratio, an interval and a verdict for each metric.

use reports::schema::{Comparison, Metric, NoiseRow, RunResult, Verdict};
use reports::words::units;

use crate::analysis::decisive::decisive_settings;
use crate::analysis::statistics;
use crate::analysis::statistics::stopping::CONFIDENCE_LOOKED_AT;
use crate::analysis::statistics::{NoiseFloor, Ratio, bootstrap, without_core_effect};

/// The metrics that variants of an experiment are compared by.
const COMPARED: &[Metric] = &[Metric::THROUGHPUT, Metric::P50_LATENCY, Metric::P99_LATENCY];
/// Those of a duet: each side has a core, and shares with the other what slows the machine. In its
/// tail each has disturbances of its own.
const COMPARED_IN_DUETS: &[Metric] =
    &[Metric::THROUGHPUT, Metric::P50_LATENCY, Metric::P90_LATENCY, Metric::COST];

/// What is compared with what, and how sure an interval is.
#[derive(Copy, Clone, Debug, PartialEq)]
pub(crate) struct ComparisonRules {
    /// Only variants with their own repetitions (see [`repetition`]), and no two others.
    pub against_itself: bool,
    /// Confidence of the intervals, between 0 and 1.
    pub confidence: f64,
}

/// The name under which a variant is run against itself.
pub(crate) fn repetition(variant: &str) -> String {
    format!("{variant} (again)")
}

/// Every comparison of every experiment, by every metric that their runs measure.
pub(crate) fn all(runs: &[RunResult], how: ComparisonRules) -> Vec<Comparison> {
    paired(runs, how.against_itself).iter().map(|it| it.compare(how.confidence)).collect()
}

/// The log-ratios behind every comparison.
pub(crate) fn log_ratios(runs: &[RunResult], against_itself: bool) -> Vec<Vec<f64>> {
    paired(runs, against_itself).iter().map(|it| it.logs(CONFIDENCE_LOOKED_AT)).collect()
}

/// How much every variant differs from its repetition; empty where there are no repetitions.
pub(crate) fn noise(runs: &[RunResult], how: ComparisonRules) -> Vec<NoiseRow> {
    let paired = if how.against_itself { paired(runs, true) } else { Vec::new() };
    paired.iter().map(|it| it.noise(how.confidence)).collect()
}

/// Two variants of an experiment by one metric: the pairs of runs with the same repeat.
struct RunPairs<'a> {
    metric: &'static Metric,
    /// At least one pair.
    pairs: Vec<(&'a RunResult, &'a RunResult)>,
}

fn paired(runs: &[RunResult], against_itself: bool) -> Vec<RunPairs<'_>> {
    let experiments = distinct(runs.iter().map(|run| run.experiment.as_str()));
    let mut all = Vec::new();
    for name in experiments {
        let own: Vec<&RunResult> = runs.iter().filter(|run| run.experiment == name).collect();
        let variants = distinct(own.iter().map(|run| run.variant.as_str()));
        for (place, a) in variants.iter().enumerate() {
            for b in &variants[place + 1..] {
                if !against_itself || *b == repetition(a) {
                    let is_duet = own.iter().any(|run| run.duet.is_some());
                    let compared = if is_duet { COMPARED_IN_DUETS } else { COMPARED };
                    all.extend(compared.iter().filter_map(|metric| pair(metric, &own, a, b)));
                }
            }
        }
    }
    all
}

/// Every name once, in the order of their first.
fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut distinct = Vec::new();
    for name in names {
        if !distinct.contains(&name) {
            distinct.push(name);
        }
    }
    distinct
}

/// `None` when the runs do not measure this.
fn pair<'a>(
    metric: &'static Metric,
    runs: &[&'a RunResult],
    a: &str,
    b: &str,
) -> Option<RunPairs<'a>> {
    let of = |variant: &str, other: &str, repeat: u32| {
        let is_it = |run: &&&RunResult| {
            run.variant == variant
                && run.duet.as_ref().is_none_or(|duet| duet.beside == other)
                && run.repeat == repeat
                && metric.measured_by.includes(run)
                && !run.superseded
        };
        runs.iter().find(is_it).copied()
    };
    let last = runs.iter().map(|run| run.repeat).max()?;
    let pairs = (0..=last).filter_map(|repeat| Some((of(a, b, repeat)?, of(b, a, repeat)?)));
    let pairs: Vec<_> = pairs.collect();
    (!pairs.is_empty()).then_some(RunPairs { metric, pairs })
}

impl RunPairs<'_> {
    /// The log-ratios of the pairs in which both runs are valid; those of duets without what their
    /// cores differ by.
    fn logs(&self, confidence: f64) -> Vec<f64> {
        let valid = self.pairs.iter().filter(|(a, b)| a.valid && b.valid);
        let logs = valid.filter_map(|(a, b)| {
            let figures = (self.metric.of(a)?, self.metric.of(b)?);
            let log = statistics::log_ratios(&[figures]).first().copied()?;
            let is_swapped = matches!((&a.duet, &b.duet), (Some(a), Some(b)) if a.core > b.core);
            Some((log, is_swapped))
        });
        without_core_effect(&logs.collect::<Vec<_>>(), confidence)
    }

    fn compare(&self, confidence: f64) -> Comparison {
        let metric = self.metric;
        let (a, b) = self.pairs[0];
        let logs = self.logs(confidence);
        let ratio = Ratio::of_logs(&logs, confidence);
        let bootstrap = bootstrap::interval(&logs, confidence);
        let late = self.differently_late();
        let (mut verdict, mut reason) = if a.guarantee == b.guarantee {
            match &ratio {
                Some(ratio) => verdict(metric, ratio, bootstrap),
                None => (Verdict::None, self.why_no_ratio().to_owned()),
            }
        } else {
            let (a, b) = (&a.guarantee, &b.guarantee);
            let reason =
                format!("One promises {a} and the other {b}: no verdict between the two. ");
            (Verdict::None, reason)
        };
        if ratio.is_some() && self.lacks_a_core_order() {
            verdict = Verdict::None;
            reason =
                "Too few duets are valid in which the sides had the cores the other way round: \
                      two of each kind are needed. "
                    .to_owned();
        }
        if let Some(late) = late {
            reason.push_str(&late.sentence());
            if !late.is_little() {
                verdict = Verdict::None;
            }
        }
        Comparison {
            experiment: a.experiment.clone(),
            workload: a.workload.clone(),
            metric: metric.path.to_owned(),
            a: a.variant.clone(),
            b: b.variant.clone(),
            ratio: ratio.as_ref().map(|ratio| ratio.mean),
            interval: ratio.as_ref().map(|ratio| ratio.interval),
            bootstrap,
            repeats: logs.len() as u32,
            verdict,
            late: late.map(|late| (late.a, late.b)),
            why: format!(
                "{reason}{}Settings at work: {}; {}.",
                self.outlying(),
                decisive_settings(metric, a, b),
                decisive_settings(metric, b, a)
            ),
        }
    }

    /// Whether these are duets of which fewer than two are valid with the cores one way or the other:
    /// what the cores differ by would be in the ratio.
    fn lacks_a_core_order(&self) -> bool {
        let valid = self.pairs.iter().filter(|(a, b)| a.valid && b.valid);
        let duets = valid.filter_map(|(a, b)| Some(a.duet.as_ref()?.core > b.duet.as_ref()?.core));
        let (swapped, straight): (Vec<bool>, Vec<bool>) = duets.partition(|it| *it);
        let fewest = swapped.len().min(straight.len());
        swapped.len() + straight.len() > 0 && fewest < 2
    }

    /// The pair of valid runs that differ most in how many rows they have left out as late; `None`
    /// when all have left out the same ones.
    fn differently_late(&self) -> Option<DifferentlyLate> {
        let valid = self.pairs.iter().filter(|(a, b)| a.valid && b.valid);
        let is_unnoted =
            |run: &RunResult| run.output.late.as_ref().is_some_and(|it| it.unnoted > 0);
        let counted = valid.filter_map(|(a, b)| {
            let unchecked = is_unnoted(a) || is_unnoted(b);
            (unchecked || late_rows(a) != late_rows(b)).then(|| DifferentlyLate {
                a: late_rows(a).0,
                b: late_rows(b).0,
                events: a.records_in.max(b.records_in),
                unchecked,
            })
        });
        counted.max_by_key(|late| (late.unchecked, late.a.abs_diff(late.b)))
    }

    fn why_no_ratio(&self) -> &'static str {
        if self.pairs.iter().any(|(a, b)| a.valid && b.valid) {
            "The runs are too short for this percentile: it needs ten batches, checkpoints or \
             flushes, and ten results beyond it. "
        } else {
            "No pair of valid runs is left to compare. "
        }
    }

    fn noise(&self, confidence: f64) -> NoiseRow {
        let run = self.pairs[0].0;
        let logs = self.logs(confidence);
        let noise = NoiseFloor::of(&logs, confidence);
        NoiseRow {
            experiment: run.experiment.clone(),
            workload: run.workload.clone(),
            metric: self.metric.path.to_owned(),
            variant: run.variant.clone(),
            ratio: Ratio::of_logs(&logs, confidence).map(|ratio| ratio.mean),
            pairs: logs.len() as u32,
            floor: noise.as_ref().map(NoiseFloor::factor),
            suspicious: noise.is_some_and(|noise| noise.is_suspicious()),
        }
    }

    /// A sentence that names the runs that stand apart from the others of their variant.
    fn outlying(&self) -> String {
        let valid = self.pairs.iter().filter(|(a, b)| a.valid && b.valid);
        let (of_a, of_b): (Vec<_>, Vec<_>) = valid.copied().unzip();
        let mut named = self.outlying_of(&of_a);
        named.extend(self.outlying_of(&of_b));
        if named.is_empty() {
            return String::new();
        }
        format!("Far from the other runs, and kept: {}. ", named.join(", "))
    }

    fn outlying_of(&self, runs: &[&RunResult]) -> Vec<String> {
        let value = |run: &&RunResult| self.metric.of(run).filter(|value| *value > 0.0);
        let (measured, logs): (Vec<_>, Vec<_>) =
            runs.iter().filter_map(|run| Some((*run, value(run)?.ln()))).unzip();
        let name = |place: usize| {
            let run = measured[place];
            format!("repeat {} of {}", run.repeat, run.variant)
        };
        statistics::outliers(&logs).into_iter().map(name).collect()
    }
}

/// How many rows two runs have left out that did not leave out the same ones.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
struct DifferentlyLate {
    a: u64,
    b: u64,
    events: u64,
    /// More were late than are noted, so that the answer was not compared.
    unchecked: bool,
}

/// Two runs that differ by a larger share of the events did not do the same work.
const LITTLE: f64 = 0.01;

impl DifferentlyLate {
    fn is_little(self) -> bool {
        !self.unchecked && self.a.abs_diff(self.b) as f64 <= LITTLE * self.events as f64
    }

    fn sentence(self) -> String {
        let (a, b) = (units::count(self.a), units::count(self.b));
        if self.unchecked {
            return format!(
                "So many rows were late that not every answer was checked: {a} and {b}. "
            );
        }
        let none = if self.is_little() { "" } else { ", which is no longer the same work" };
        format!(
            "Each answer is right for its own records; different rows were late: {a} and {b}{none}. "
        )
    }
}

/// How many rows a run has left out, and which.
fn late_rows(run: &RunResult) -> (u64, &str) {
    let late = run.output.late.as_ref();
    late.map_or((0, ""), |late| {
        let digest = if late.left_out == 0 { "" } else { &late.digest };
        (late.left_out + late.unnoted, digest)
    })
}

fn verdict(metric: &Metric, ratio: &Ratio, bootstrap: Option<(f64, f64)>) -> (Verdict, String) {
    if !ratio.is_enough() {
        let pairs = ratio.pairs;
        return (Verdict::None, format!("Too few repeats for a verdict: {pairs} valid pairs. "));
    }
    let is_open = |(low, high): (f64, f64)| low <= 1.0 && 1.0 <= high;
    let disagrees = bootstrap.is_some_and(|interval| is_open(interval) != ratio.contains_one());
    let caution = match (disagrees, ratio.contains_one()) {
        (false, _) => "",
        (true, true) => "The bootstrap interval does not contain it. ",
        (true, false) => "The bootstrap interval contains 1, unlike Student's. ",
    };
    if ratio.is_tie(None) {
        let reason = "The interval contains 1: the difference is within the noise. ";
        return (Verdict::Tie, format!("{reason}{caution}"));
    }
    let a_is_better = metric.is_better(ratio.mean, 1.0) == Some(true);
    (if a_is_better { Verdict::A } else { Verdict::B }, caution.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use reports::schema::{LateCheck, Measures, RUN_SCHEMA};

    const HOW: ComparisonRules = ComparisonRules { against_itself: false, confidence: 0.95 };

    fn run(variant: &str, repeat: usize, throughput_per_s: f64) -> RunResult {
        RunResult {
            schema: RUN_SCHEMA.to_owned(),
            experiment: "x".to_owned(),
            workload: "forward".to_owned(),
            engine: "pipelined".to_owned(),
            variant: variant.to_owned(),
            guarantee: "none".to_owned(),
            repeat: repeat as u32,
            valid: true,
            throughput_per_s,
            ..RunResult::default()
        }
    }

    /// A variant with these throughputs, and one that always has a throughput of 1.
    fn against_one(throughputs: &[f64]) -> Vec<RunResult> {
        let pairs = throughputs.iter().enumerate();
        pairs.flat_map(|(repeat, it)| [run("a", repeat, *it), run("one", repeat, 1.0)]).collect()
    }

    #[test]
    fn a_run_that_stands_apart_is_named_and_kept() {
        let mut runs = against_one(&[2.0, 2.01, 9.0, 1.99, 2.02, 1.98]);
        let comparisons = all(&runs, HOW);
        assert_eq!(comparisons.len(), 1);
        assert_eq!((comparisons[0].repeats, comparisons[0].bootstrap), (6, None));
        let named = "Far from the other runs, and kept: repeat 2 of a. Settings";
        assert!(comparisons[0].why.contains(named), "{}", comparisons[0].why);
        // Invalid runs count in nothing, and are not named.
        runs[4].valid = false;
        let without = &all(&runs, HOW)[0];
        assert_eq!((without.repeats, without.verdict), (5, Verdict::A));
        assert!(without.why.starts_with("Settings"), "{}", without.why);
    }

    #[test]
    fn runs_that_are_valid_and_too_short_are_told_from_those_that_are_invalid() {
        let latency = |variant, valid| RunResult {
            measures: Measures::Latency,
            valid,
            ..run(variant, 0, 1.0)
        };
        let why = |valid| all(&[latency("a", valid), latency("b", true)], HOW)[0].why.clone();
        assert!(
            why(true).starts_with("The runs are too short for this percentile"),
            "{}",
            why(true)
        );
        assert!(why(false).starts_with("No pair of valid runs is left"), "{}", why(false));
    }

    #[test]
    fn different_late_rows_are_told_and_many_leave_no_verdict() {
        let late = |mut runs: Vec<RunResult>, of_a: (u64, &str)| {
            for run in &mut runs {
                let (left_out, digest) = if run.variant == "a" { of_a } else { (1_298, "b") };
                let digest = digest.to_owned();
                run.records_in = 100_000;
                run.output.late = Some(LateCheck { left_out, digest, ..LateCheck::default() });
            }
            all(&runs, HOW)[0].clone()
        };
        let runs = || against_one(&[2.0, 2.01, 2.02, 1.99, 2.02, 1.98]);
        let same = late(runs(), (1_298, "b"));
        assert_eq!((same.verdict, same.why.contains("late")), (Verdict::A, false));
        let little = late(runs(), (1_152, "a"));
        assert!(
            little.why.contains("different rows were late: 1,152 and 1,298."),
            "{}",
            little.why
        );
        assert_eq!(little.verdict, Verdict::A);
        let mut unchecked = runs();
        unchecked.iter_mut().for_each(|run| {
            run.output.late =
                Some(LateCheck { left_out: 100_000, unnoted: 9, ..LateCheck::default() });
        });
        let unchecked = &all(&unchecked, HOW)[0];
        assert!(unchecked.why.contains("not every answer was checked: 100,009 and 100,009"));
        assert_eq!(unchecked.verdict, Verdict::None);
        let many = late(runs(), (2_299, "a"));
        assert!(
            many.why.contains("2,299 and 1,298, which is no longer the same work."),
            "{}",
            many.why
        );
        assert_eq!(many.verdict, Verdict::None);
    }

    #[test]
    fn a_bootstrap_interval_that_says_otherwise_is_mentioned() {
        // Their intervals are 0.539 to 1.427 by Student and about 0.62 to 1.62 by bootstrap-t.
        let skewed = [
            0.025, 0.078, 0.134, 0.192, 0.255, 0.322, 0.393, 0.47, 0.553, 0.644, 0.744, 0.856,
            0.981, 1.124, 1.291, 1.492, 1.743, 2.079, 2.59, 3.689,
        ];
        for (shift, verdict, says) in [
            (0.0, Verdict::A, None),
            (0.58, Verdict::Tie, Some("The bootstrap interval does not contain it.")),
            (1.0, Verdict::Tie, None),
            (1.5, Verdict::B, Some("The bootstrap interval contains 1, unlike Student's.")),
        ] {
            let shifted = skewed.map(|log: f64| (log - shift).exp());
            let comparison = &all(&against_one(&shifted), HOW)[0];
            assert_eq!(comparison.verdict, verdict, "{shift}");
            let why = &comparison.why;
            assert_eq!(why.contains("bootstrap"), says.is_some(), "{shift}: {why}");
            assert!(why.contains(says.unwrap_or_default()), "{shift}: {why}");
        }
    }

    #[test]
    fn variants_meet_all_others_or_only_their_repetition() {
        let names = ["a", "b", "a (again)", "b (again)"];
        let mut runs = Vec::new();
        for repeat in 0..5 {
            runs.extend(names.map(|name| run(name, repeat, 2.0)));
        }
        assert_eq!(all(&runs, HOW).len(), 6);
        assert_eq!(noise(&runs, HOW), []);
        let how = ComparisonRules { against_itself: true, ..HOW };
        let pairs: Vec<_> = all(&runs, how).into_iter().map(|it| (it.a, it.b)).collect();
        let itself = |name: &str| (name.to_owned(), repetition(name));
        assert_eq!(pairs, [itself("a"), itself("b")]);
        let rows = noise(&runs, how);
        assert_eq!((rows.len(), rows[1].floor, rows[1].suspicious), (2, Some(1.0), false));
        assert_eq!(log_ratios(&runs, true), vec![vec![0.0; 5]; 2]);
    }
}
