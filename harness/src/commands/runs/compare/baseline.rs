//! Baselines: results of `compare` kept under a name, to compare later ones with.

use std::path::{Path, PathBuf};

use reports::schema::{CompareResult, RunResult};

use crate::analysis::diff::configuration::Configuration;
use crate::analysis::diff::row::{Row, Verdict};
use crate::analysis::diff::welch::FEWEST_RUNS;
use crate::analysis::diff::{Diff, Difference, refused, source};
use crate::cli::{BaselineArgs, defaults};
use crate::error::{Error, Result};
use crate::experiment::sizing;
use crate::experiment::sizing::{Piloted, RunSize, spec};
use crate::experiment::suite::{Experiment, Length, Suite, SuiteRate};
use crate::files;
use crate::quantity::Rate;
use crate::run::executor::Runner;

/// What `compare` does with baselines; by default nothing.
#[derive(Debug, Default)]
pub(crate) struct Baselines {
    /// What it compares with.
    former: Option<NamedResult>,
    /// Where it keeps its own results.
    save_as: Option<PathBuf>,
    /// How much worse a metric may be, as a share.
    allowed: Option<f64>,
}

/// An earlier result and the name it goes by.
#[derive(Debug)]
struct NamedResult {
    name: String,
    result: CompareResult,
}

impl Baselines {
    /// Reads the baseline and checks, before anything is run, that the suite can be compared with
    /// it and that the results can be kept.
    ///
    /// # Errors
    /// When there is no such baseline, the suite's configuration differs from it, no variant of it
    /// can get a verdict that was asked for, or the name cannot be the name of a file.
    pub(crate) fn open(
        args: &BaselineArgs,
        suite: &Suite,
        runner: &mut Runner<'_>,
    ) -> Result<Self> {
        if args.baseline_dir.is_some() && args.save_baseline.is_none() && args.baseline.is_none() {
            return Err(Error::Input(
                "--baseline-dir says where baselines are kept: it goes with --save-baseline or \
                 --baseline; leave it out"
                    .to_owned(),
            ));
        }
        let folder = args.baseline_dir.as_deref().unwrap_or(Path::new(defaults::BASELINE_DIR));
        let save_as = args.save_baseline.as_deref().map(|name| kept(folder, name)).transpose()?;
        let former = match &args.baseline {
            Some(named) => {
                let path = find(folder, named)?;
                let former = NamedResult { name: named.clone(), result: source::open(&path)? };
                former.check(suite, runner)?;
                Some(former)
            }
            None => None,
        };
        if args.fail_on_regression.is_some()
            && suite.experiments.iter().all(|it| (it.repeats as usize) < FEWEST_RUNS)
        {
            return Err(Error::Input(format!(
                "--fail-on-regression needs {FEWEST_RUNS} runs of a variant for a verdict; add \
                 --repeats {FEWEST_RUNS}"
            )));
        }
        Ok(Self { former, save_as, allowed: args.fail_on_regression })
    }

    /// Fixes rate and number of events of an experiment: what sizing runs would choose is taken from
    /// the baseline, if that has the experiment.
    ///
    /// # Errors
    /// When an engine fails in a sizing run.
    pub(crate) fn size(&self, experiment: &Experiment, runner: &mut Runner<'_>) -> Result<RunSize> {
        let former = self.former.as_ref().and_then(|it| it.run_of(experiment));
        match former {
            Some(run) => size_as(run, experiment, runner),
            None => sizing::size(experiment, runner),
        }
    }

    /// From the baseline to this result; `None` without a baseline.
    pub(crate) fn diff(&self, result: &CompareResult) -> Option<Diff> {
        let former = self.former.as_ref()?;
        let name = format!("baseline {}", former.name);
        Some(Diff::between((&name, &former.result), ("these runs", result)))
    }

    /// A line for every metric that is worse than allowed, and one when none could be judged.
    pub(crate) fn regressions(&self, diff: Option<&Diff>) -> Vec<String> {
        match (diff, self.allowed) {
            (Some(diff), Some(allowed)) => regressions(diff, allowed),
            _ => Vec::new(),
        }
    }

    /// Keeps a result, if that was asked for, and returns where.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn save(&self, result: &CompareResult) -> Result<Option<&Path>> {
        let Some(path) = &self.save_as else { return Ok(None) };
        let text = serde_json::to_string_pretty(result).map_err(Error::run)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        files::make_folder(folder)
            .and_then(|()| files::write_whole(path, text.as_bytes()))
            .map_err(|error| Error::Input(format!("cannot write {}: {error}", path.display())))?;
        Ok(Some(path))
    }

    /// Whether results are to be kept.
    pub(crate) const fn saves(&self) -> bool {
        self.save_as.is_some()
    }
}

impl NamedResult {
    /// A run of that experiment: one that measures the same, else any.
    fn run_of(&self, experiment: &Experiment) -> Option<&RunResult> {
        let measures = experiment.rate.measures();
        let mut own = self.result.runs.iter().filter(|run| run.experiment == experiment.name);
        own.clone().find(|run| run.measures == measures).or_else(|| own.next())
    }

    /// Refuses a suite whose configuration differs, or that has nothing in common with it.
    fn check(&self, suite: &Suite, runner: &mut Runner<'_>) -> Result<()> {
        let mut differences = Vec::new();
        let mut in_common = false;
        for experiment in &suite.experiments {
            let Some(run) = self.run_of(experiment) else { continue };
            let size = size_as(run, experiment, &mut runner.quiet())?;
            for variant in &experiment.variants {
                let same = |it: &&RunResult| {
                    (&it.experiment, it.measures) == (&run.experiment, run.measures)
                        && it.variant == variant.name
                };
                let Some(former) = self.result.runs.iter().find(same) else { continue };
                in_common = true;
                let planned = spec(experiment, variant, size, 0)?.configuration();
                let both = (&Configuration::of_run(former), &planned);
                Difference::collect(&mut differences, &experiment.name, &variant.name, both);
            }
        }
        if !in_common {
            let mut names: Vec<&str> = Vec::new();
            for run in &self.result.runs {
                if !names.contains(&run.experiment.as_str()) {
                    names.push(&run.experiment);
                }
            }
            return Err(Error::Input(format!(
                "baseline {} and this suite have no variant of an experiment in common; the \
                 baseline has: {}",
                self.name,
                names.join(", ")
            )));
        }
        if differences.is_empty() {
            return Ok(());
        }
        let advice = "run it as the baseline was, or without --baseline; then \
                      `streamgauge diff --anyway` compares the two nonetheless";
        Err(refused(&format!("baseline {}", self.name), "this suite", &differences, advice))
    }
}

/// Fixes rate and events without sizing runs, from a run of the baseline.
fn size_as(
    former: &RunResult,
    experiment: &Experiment,
    runner: &mut Runner<'_>,
) -> Result<RunSize> {
    let mut planned = experiment.clone();
    match (experiment.rate, experiment.length) {
        (SuiteRate::AtMost(limit), _) => {
            let rate = former.rate.map_or(limit, |rate| rate.min(limit));
            planned.rate = SuiteRate::Fixed(Rate::PerSecond(rate));
        }
        (SuiteRate::Fixed(Rate::Max), length) => {
            if experiment.warm_up.is_some() && former.warm_up_events == 0 {
                return Err(Error::Input(format!(
                    "at max the warm-up of `{}` is as long as the baseline's, which has none; leave \
                     it out",
                    experiment.name
                )));
            }
            // A time at `max` means nothing without sizing runs, so all times become numbers.
            let warm_up = experiment.warm_up.map_or(0, |_| former.warm_up_events);
            let events = match length {
                Length::Events(events) => events,
                Length::Duration(_) => former.events.saturating_sub(former.warm_up_events),
            };
            let events = events.saturating_add(warm_up);
            let piloted = Piloted::of(experiment);
            return Ok(RunSize {
                rate: Rate::Max,
                events,
                warm_up,
                generator_per_s: None,
                piloted,
            });
        }
        (SuiteRate::Fixed(Rate::PerSecond(_)), _) => {}
    }
    // It was chosen by pilots nonetheless, of the baseline.
    let size = sizing::size(&planned, runner)?;
    Ok(RunSize { piloted: Piloted::of(experiment), ..size })
}

/// The file of a baseline.
fn kept(folder: &Path, name: &str) -> Result<PathBuf> {
    let is_plain = |it: char| it.is_alphanumeric() || "-_.+".contains(it);
    if name.is_empty() || name.starts_with('.') || !name.chars().all(is_plain) {
        return Err(Error::Input(format!(
            "`{name}` is no name for a baseline; it is of letters, digits, - _ + and ., and begins \
             with no ."
        )));
    }
    if folder.exists() && !folder.is_dir() {
        let folder = folder.display();
        return Err(Error::Input(format!("--baseline-dir {folder} is a file, not a folder")));
    }
    Ok(folder.join(format!("{name}.json")))
}

/// The file of a baseline that is there, else the file or folder of that path.
fn find(folder: &Path, named: &str) -> Result<PathBuf> {
    let by_name = folder.join(format!("{named}.json"));
    if by_name.is_file() {
        return Ok(by_name);
    }
    let path = PathBuf::from(named);
    if path.exists() {
        return Ok(path);
    }
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.map(|entry| entry.path());
    let files = files.filter(|path| path.extension().is_some_and(|it| it == "json"));
    let mut known: Vec<String> = files
        .filter_map(|path| path.file_stem().map(|it| it.to_string_lossy().into_owned()))
        .collect();
    known.sort_unstable();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let folder = folder.display();
    Err(match known.is_empty() {
        true => Error::Input(format!(
            "there is no baseline `{named}` and no such path; there are no baselines in {folder}: \
             --save-baseline {named} keeps one"
        )),
        false => {
            let error = Error::unknown("baseline", named, &known);
            Error::Input(format!("{error} (in {folder}); or name a results folder"))
        }
    })
}

/// A line for every row that is worse by more than `allowed`, with its whole interval; and one
/// when no row has a verdict.
fn regressions(diff: &Diff, allowed: f64) -> Vec<String> {
    if diff.rows.iter().all(|row| row.verdict == Verdict::TooFew) {
        return vec![format!(
            "regression: nothing could be judged: no metric has {FEWEST_RUNS} valid runs on both sides"
        )];
    }
    diff.rows
        .iter()
        .filter(|row| is_regression(row, allowed))
        .map(|row| line(row, allowed))
        .collect()
}

fn is_regression(row: &Row, allowed: f64) -> bool {
    match row.interval {
        Some((low, high)) if matches!(row.verdict, Verdict::Worse | Verdict::Little) => {
            if row.more_is_better() { high < 1.0 - allowed } else { low > 1.0 + allowed }
        }
        _ => false,
    }
}

fn line(row: &Row, allowed: f64) -> String {
    let figure = |value: Option<f64>| value.map_or_else(String::new, |it| row.figure(it));
    let (low, high) = row.interval.unwrap_or_default();
    format!(
        "regression: {} on {}: {} was {} and is {}; ratio {}, 95 % interval {} to {}, worse by more than {}",
        row.experiment,
        row.variant,
        row.metric,
        figure(row.median_a),
        figure(row.median_b),
        reports::words::units::ratio(row.ratio.unwrap_or_default()),
        reports::words::units::significant(low),
        reports::words::units::significant(high),
        reports::words::units::share(allowed),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::diff::fixture::{comparison, latency_run, run};

    /// From five runs to five others, all alike on each side, so that interval and ratio are one.
    fn change(a: &RunResult, b: &RunResult) -> Diff {
        let side = |run: &RunResult| comparison(vec![run.clone(); 5]);
        Diff::between(("old", &side(a)), ("new", &side(b)))
    }

    #[test]
    fn a_metric_regresses_when_it_is_worse_by_more_than_allowed() {
        let (old, slower) = (run("x", "pipelined", 1000.0), run("x", "pipelined", 940.0));
        let lines = regressions(&change(&old, &slower), 0.05);
        assert_eq!(
            lines,
            ["regression: x on pipelined: throughput_per_s was 1,000 records/s and is 940 \
                 records/s; ratio 0.940x, 95 % interval 0.940 to 0.940, worse by more than 5 %"]
        );
        assert_eq!(regressions(&change(&old, &slower), 0.07), [""; 0]);
        assert_eq!(regressions(&change(&slower, &old), 0.05), [""; 0], "more is better");
        let (old, new) =
            (latency_run("x", "pipelined", 1000, 2000), latency_run("x", "pipelined", 1060, 2000));
        let lines = regressions(&change(&old, &new), 0.05);
        assert!(lines.len() == 1 && lines[0].contains("from_planned.p50"), "{lines:?}");
        assert_eq!(regressions(&change(&old, &new), 0.061), [""; 0]);
        assert_eq!(regressions(&change(&new, &old), 0.05), [""; 0], "less is better");
    }

    #[test]
    fn the_whole_interval_must_lie_beyond_the_limit() {
        // As in the test of the interval: from 0.91 to 1 by Welch's figures 1.071 to 1.141.
        let runs = |figures: &[f64]| -> CompareResult {
            comparison(figures.iter().map(|it| run("x", "pipelined", *it)).collect())
        };
        let new = runs(&[100.0, 104.0, 98.0, 101.0, 99.0]);
        let old = runs(&[110.0, 113.0, 108.0, 115.0, 109.0, 111.0]);
        let diff = Diff::between(("old", &old), ("new", &new));
        // The ratio is 1 / 1.1056 = 0.905, its interval 1 / 1.1412 = 0.876 to 1 / 1.0710 = 0.934.
        assert_eq!(regressions(&diff, 0.06).len(), 1);
        assert_eq!(regressions(&diff, 0.07), [""; 0], "0.934 is not below 0.93");
    }

    #[test]
    fn what_cannot_be_judged_does_not_pass() {
        let few = comparison(vec![run("x", "pipelined", 1.0); 4]);
        let diff = Diff::between(("old", &few), ("new", &few));
        let lines = regressions(&diff, 0.05);
        assert!(lines.len() == 1 && lines[0].contains("nothing could be judged"), "{lines:?}");
    }

    #[test]
    fn names_are_those_of_files() {
        let folder = Path::new("results/baselines");
        assert_eq!(kept(folder, "v1.2-rc").unwrap(), folder.join("v1.2-rc.json"));
        for wrong in ["", ".", "..", "../x", "a/b", "a b", "a\\b", ".x"] {
            assert!(kept(folder, wrong).is_err(), "{wrong}");
        }
    }
}
