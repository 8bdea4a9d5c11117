//! The differences between two results of `compare` that were made at different times.

pub(crate) mod configuration;
#[cfg(test)]
pub(crate) mod fixture;
pub(crate) mod row;
pub(crate) mod source;
pub(crate) mod welch;

use std::collections::BTreeSet;

use reports::schema::CompareResult;
use reports::words::summary;
use reports::words::summary::Experiment;
use serde::Serialize;
use serde_json::{Value, json};

use crate::error::{Error, Result};

use configuration::Configuration;
use row::{FLOOR, Row, compared};

/// Schema tag of [`Diff`].
pub(crate) const DIFF_SCHEMA: &str = "streamgauge.diff/1";

/// What is said of the machine and not noted: it is never the same twice.
const NEVER_THE_SAME: &str = "load_before";

/// Two results side by side: A, and B after it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Diff {
    /// Always [`DIFF_SCHEMA`].
    pub schema: String,
    /// The first result.
    pub a: Origin,
    /// The second result.
    pub b: Origin,
    /// Where the configurations differ, which makes the figures incomparable.
    pub differences: Vec<Difference>,
    /// What else differs: seed, machine, build.
    pub notes: Vec<Note>,
    /// Experiments and variants that only A has.
    pub only_in_a: Vec<Missing>,
    /// Experiments and variants that only B has.
    pub only_in_b: Vec<Missing>,
    /// A difference below this share is not called better or worse.
    pub floor: f64,
    /// Every metric of every variant of every experiment that both have.
    pub rows: Vec<Row>,
}

/// Where a result came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Origin {
    /// The path or name that was given.
    pub name: String,
    /// Its suite.
    pub suite: String,
    /// When it began, UTC.
    pub started: String,
    /// The command that made it.
    pub command: String,
    /// The user stopped it before its end.
    pub interrupted: bool,
}

impl Origin {
    fn of(name: &str, result: &CompareResult) -> Self {
        Self {
            name: name.to_owned(),
            suite: result.suite.clone(),
            started: result.started.clone(),
            command: result.command.clone(),
            interrupted: result.interrupted,
        }
    }
}

/// A field in which the configurations of an experiment differ.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Difference {
    /// The experiment.
    pub experiment: String,
    /// The variants in which it differs in this way.
    pub variants: Vec<String>,
    /// The field: `events`, `knobs.keys`, `settings.buffer_bytes`.
    pub field: String,
    /// In A; `null` where it is not there.
    pub a: Value,
    /// In B; `null` where it is not there.
    pub b: Value,
}

impl Difference {
    /// Adds the fields in which two configurations of a variant differ.
    pub(crate) fn collect(
        into: &mut Vec<Self>,
        experiment: &str,
        variant: &str,
        (a, b): (&Configuration, &Configuration),
    ) {
        for found in a.differing(b) {
            let known = into.iter_mut().find(|it| {
                (it.experiment.as_str(), &it.field) == (experiment, &found.field)
                    && (&it.a, &it.b) == (&found.a, &found.b)
            });
            match known {
                Some(known) => known.variants.push(variant.to_owned()),
                None => into.push(Self {
                    experiment: experiment.to_owned(),
                    variants: vec![variant.to_owned()],
                    field: found.field,
                    a: found.a,
                    b: found.b,
                }),
            }
        }
    }
}

/// `latency (pipelined): events is 2000 in A and 3000 in B`
impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (experiment, variants) = (&self.experiment, self.variants.join("; "));
        let shown = |value: &Value| match (value, self.field.as_str()) {
            (Value::Null, "rate") => "max".to_owned(),
            (Value::Null, _) => "not there".to_owned(),
            (Value::String(text), _) => text.clone(),
            (other, _) => other.to_string(),
        };
        let (field, a, b) = (&self.field, shown(&self.a), shown(&self.b));
        write!(f, "{experiment} ({variants}): {field} is {a} in A and {b} in B")
    }
}

/// Something else that differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Note {
    /// What: `commit`, `processor`, `seed of latency`.
    pub what: String,
    /// In A.
    pub a: Value,
    /// In B.
    pub b: Value,
}

/// An experiment, or a variant of one, that one side lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Missing {
    /// The experiment.
    pub experiment: String,
    /// The variant; `null`: the whole experiment.
    pub variant: Option<String>,
}

/// `latency of x`, or `latency of x: pipelined`
impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.experiment)?;
        self.variant.iter().try_for_each(|variant| write!(f, ": {variant}"))
    }
}

impl Diff {
    /// From `a` to `b`, each with the name it goes by, with the usual floor.
    pub(crate) fn between(a: (&str, &CompareResult), b: (&str, &CompareResult)) -> Self {
        Self::with_floor(FLOOR, a, b)
    }

    /// The same, where a difference below `floor`, a share, is not called better or worse.
    pub(crate) fn with_floor(
        floor: f64,
        a: (&str, &CompareResult),
        b: (&str, &CompareResult),
    ) -> Self {
        let (experiments_a, experiments_b) = (summary::experiments(a.1), summary::experiments(b.1));
        let mut diff = Self {
            schema: DIFF_SCHEMA.to_owned(),
            a: Origin::of(a.0, a.1),
            b: Origin::of(b.0, b.1),
            differences: Vec::new(),
            notes: Vec::new(),
            floor,
            only_in_a: only_in_first(&experiments_a, &experiments_b),
            only_in_b: only_in_first(&experiments_b, &experiments_a),
            rows: Vec::new(),
        };
        for experiment in &experiments_a {
            if let Some(other) = partner(experiment, &experiments_a, &experiments_b) {
                diff.add(experiment, other);
            }
        }
        let (environment_a, environment_b) = (&a.1.environment, &b.1.environment);
        let names: BTreeSet<&String> = environment_a.keys().chain(environment_b.keys()).collect();
        for name in names.into_iter().filter(|name| *name != NEVER_THE_SAME) {
            let (a, b) = (environment_a.get(name), environment_b.get(name));
            if a != b {
                let value = |it: Option<&Value>| it.cloned().unwrap_or(Value::Null);
                diff.notes.push(Note { what: name.clone(), a: value(a), b: value(b) });
            }
        }
        diff
    }

    fn add(&mut self, a: &Experiment<'_>, b: &Experiment<'_>) {
        let (seed_a, seed_b) = (a.first_run().seed, b.first_run().seed);
        if seed_a != seed_b {
            let what = format!("seed of {}", a.name);
            self.notes.push(Note { what, a: json!(seed_a), b: json!(seed_b) });
        }
        let (rate_a, rate_b) = (a.first_run().rate, b.first_run().rate);
        let by_pilot = |of: &Experiment<'_>| of.first_run().piloted.iter().any(|it| it == "rate");
        if rate_a != rate_b && by_pilot(a) && by_pilot(b) {
            let what = format!("rate of {}, which pilots chose,", a.name);
            self.notes.push(Note { what, a: json!(rate_a), b: json!(rate_b) });
        }
        for variant in &a.variants {
            let Some(other) = b.variant(variant.name) else { continue };
            let (own, others) = Configuration::of_both(variant.runs[0], other.runs[0]);
            Difference::collect(&mut self.differences, a.name, variant.name, (&own, &others));
            let row = |it| Row::of(it, a.name, (variant, other), self.floor);
            self.rows.extend(compared().filter_map(row));
        }
    }

    /// Refuses what cannot be compared.
    ///
    /// # Errors
    /// When the results have nothing in common, or, unless `anyway`, when configurations differ.
    pub(crate) fn check(&self, anyway: bool) -> Result<()> {
        let (a, b) = (&self.a.name, &self.b.name);
        if self.rows.is_empty() {
            let names = |missing: &[Missing]| {
                missing.iter().map(Missing::to_string).collect::<Vec<_>>().join(", ")
            };
            return Err(Error::Input(format!(
                "{a} and {b} have no variant of an experiment in common; {a} has: {}; {b} has: {}",
                names(&self.only_in_a),
                names(&self.only_in_b)
            )));
        }
        if anyway || self.differences.is_empty() {
            return Ok(());
        }
        Err(refused(a, b, &self.differences, "--anyway compares them nonetheless"))
    }
}

/// The error for configurations that differ.
pub(crate) fn refused(a: &str, b: &str, differences: &[Difference], advice: &str) -> Error {
    let listed: Vec<String> = differences.iter().map(|it| format!("\n  {it}")).collect();
    let chosen = ["events", "rate"];
    let by_pilot = if differences.iter().any(|it| chosen.contains(&it.field.as_str())) {
        "; where a suite leaves rate or events to a pilot, `compare --baseline` takes them from \
         the baseline"
    } else {
        ""
    };
    Error::Input(format!(
        "A ({a}) and B ({b}) were not run with the same configuration:{}\n{advice}{by_pilot}",
        listed.concat()
    ))
}

/// The experiment of that name on the other side: one that measures the same, else one that no
/// experiment on this side measures the same as.
fn partner<'a, 'b>(
    experiment: &Experiment<'_>,
    own: &[Experiment<'_>],
    others: &'b [Experiment<'a>],
) -> Option<&'b Experiment<'a>> {
    let same =
        |a: &Experiment<'_>, b: &Experiment<'_>| (a.name, a.measures) == (b.name, b.measures);
    let exact = others.iter().find(|it| same(it, experiment));
    let free = |it: &&Experiment<'_>| {
        it.name == experiment.name && !own.iter().any(|another| same(another, it))
    };
    exact.or_else(|| others.iter().find(free))
}

fn only_in_first(first: &[Experiment<'_>], second: &[Experiment<'_>]) -> Vec<Missing> {
    let mut missing = Vec::new();
    for experiment in first {
        let name = experiment.name.to_owned();
        let Some(other) = partner(experiment, first, second) else {
            missing.push(Missing { experiment: name, variant: None });
            continue;
        };
        let lacking = experiment.variants.iter().filter(|it| other.variant(it.name).is_none());
        missing.extend(lacking.map(|variant| Missing {
            experiment: name.clone(),
            variant: Some(variant.name.to_owned()),
        }));
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::fixture::{comparison, latency_run, run};
    use super::row::Verdict;
    use super::*;

    fn five(experiment: &str, variant: &str, figures: [f64; 5]) -> Vec<reports::schema::RunResult> {
        figures.iter().map(|figure| run(experiment, variant, *figure)).collect()
    }

    fn between(a: Vec<reports::schema::RunResult>, b: Vec<reports::schema::RunResult>) -> Diff {
        Diff::between(("old", &comparison(a)), ("new", &comparison(b)))
    }

    fn row<'a>(diff: &'a Diff, variant: &str, metric: &str) -> &'a Row {
        let found = diff.rows.iter().find(|it| (&*it.variant, &*it.metric) == (variant, metric));
        found.unwrap_or_else(|| panic!("no {metric} of {variant} in {diff:?}"))
    }

    #[test]
    fn medians_are_of_valid_runs_and_the_verdict_knows_what_is_better() {
        let mut a = five("x", "pipelined", [100.0, 104.0, 98.0, 101.0, 99.0]);
        let mut broken = run("x", "pipelined", 1.0);
        broken.valid = false;
        a.push(broken);
        let b = five("x", "pipelined", [50.0, 52.0, 49.0, 50.5, 49.5]);
        let (slower, faster) = (between(a.clone(), b.clone()), between(b, a));
        let found = row(&slower, "pipelined", "throughput_per_s");
        assert_eq!((found.median_a, found.median_b), (Some(100.0), Some(50.0)));
        assert_eq!((found.runs_a, found.runs_b), (5, 5));
        // B's figures are halves of A's: the ratio of geometric means is a half.
        assert!((found.ratio.unwrap() - 0.5).abs() < 1e-12);
        assert_eq!(found.verdict, Verdict::Worse);
        assert_eq!(row(&faster, "pipelined", "throughput_per_s").verdict, Verdict::Better);
        // Processor time and memory are all alike.
        let memory = row(&slower, "pipelined", "peak_memory_bytes");
        assert_eq!((memory.ratio, memory.verdict), (Some(1.0), Verdict::NoDifference));
        assert_eq!(slower.rows.len(), 3, "no latency was measured");
    }

    #[test]
    fn more_latency_is_worse_and_throughput_at_a_planned_rate_is_no_figure() {
        let runs = |p99: u64| -> Vec<_> {
            (0..5).map(|more| latency_run("x", "pipelined", 1000, p99 + more)).collect()
        };
        let diff = between(runs(5_000), runs(9_000));
        let metrics: Vec<&str> = diff.rows.iter().map(|it| it.metric.as_str()).collect();
        assert_eq!(
            metrics,
            [
                "latency_ns.from_planned.p50",
                "latency_ns.from_planned.p99",
                "cpu_ns_per_record",
                "peak_memory_bytes"
            ]
        );
        let p99 = row(&diff, "pipelined", "latency_ns.from_planned.p99");
        assert_eq!((p99.median_a, p99.median_b), (Some(5_002.0), Some(9_002.0)));
        assert_eq!(p99.verdict, Verdict::Worse);
    }

    #[test]
    fn nothing_is_worse_that_differs_by_less_than_the_floor() {
        let a = five("x", "pipelined", [100.0, 100.1, 99.9, 100.0, 100.0]);
        let b = five("x", "pipelined", [98.0, 98.1, 97.9, 98.0, 98.0]);
        let verdict = |diff: &Diff| row(diff, "pipelined", "throughput_per_s").verdict;
        assert_eq!(verdict(&between(a.clone(), b.clone())), Verdict::Little);
        let (a, b) = (comparison(a), comparison(b));
        let strict = Diff::with_floor(0.01, ("old", &a), ("new", &b));
        assert_eq!((verdict(&strict), strict.floor), (Verdict::Worse, 0.01));
    }

    #[test]
    fn with_four_runs_or_a_zero_there_is_no_verdict() {
        let a = five("x", "pipelined", [100.0, 101.0, 99.0, 100.0, 100.0]);
        let mut b = five("x", "pipelined", [10.0, 11.0, 9.0, 10.0, 10.0]);
        b[0].valid = false;
        let few = between(a.clone(), b.clone());
        let found = row(&few, "pipelined", "throughput_per_s");
        assert_eq!((found.verdict, found.runs_b), (Verdict::TooFew, 4));
        let (low, high) = found.interval.unwrap();
        assert!((low - 9.0 / 101.0).abs() < 1e-12 && (high - 11.0 / 99.0).abs() < 1e-12);
        b[0].valid = true;
        b[1].throughput_per_s = 0.0;
        let found = between(a, b);
        let found = row(&found, "pipelined", "throughput_per_s");
        assert_eq!((found.ratio, found.verdict), (None, Verdict::TooFew));
    }

    #[test]
    fn a_difference_is_named_once_for_all_variants_and_refused() {
        let a = vec![run("x", "pipelined", 1.0), run("x", "microbatch", 1.0)];
        let mut b = a.clone();
        b.iter_mut().for_each(|run| run.events = 3000);
        b[1].knobs.insert("keys".to_owned(), json!(7));
        b[1].seed = 7;
        b[0].seed = 7;
        let diff = between(a, b);
        let lines: Vec<String> = diff.differences.iter().map(Difference::to_string).collect();
        assert_eq!(
            lines,
            [
                "x (pipelined; microbatch): events is 2000 in A and 3000 in B",
                "x (microbatch): knobs.keys is 1000 in A and 7 in B"
            ]
        );
        let refusal = diff.check(false).unwrap_err();
        assert_eq!(refusal.status(), 2);
        assert!(lines.iter().all(|line| refusal.to_string().contains(line)), "{refusal}");
        assert!(diff.check(true).is_ok());
        assert_eq!(diff.notes.len(), 1, "{:?}", diff.notes);
        assert_eq!(diff.notes[0].what, "seed of x");
    }

    #[test]
    fn what_one_side_lacks_is_named() {
        let a = vec![run("x", "pipelined", 1.0), run("x", "microbatch", 1.0)];
        let b = vec![run("x", "pipelined", 1.0), run("y", "pipelined", 1.0)];
        let diff = between(a, b);
        let names = |missing: &[Missing]| -> Vec<String> {
            missing.iter().map(Missing::to_string).collect()
        };
        assert_eq!(names(&diff.only_in_a), ["x: microbatch"]);
        assert_eq!(names(&diff.only_in_b), ["y"]);
        assert!(diff.check(false).is_ok());
        let nothing = between(vec![run("x", "pipelined", 1.0)], vec![run("y", "pipelined", 1.0)]);
        let refusal = nothing.check(true).unwrap_err().to_string();
        assert!(refusal.contains("old has: x; new has: y"), "{refusal}");
    }

    #[test]
    fn one_name_at_max_and_at_a_rate_is_a_difference_in_rate() {
        let diff =
            between(vec![run("x", "pipelined", 1.0)], vec![latency_run("x", "pipelined", 10, 20)]);
        let lines: Vec<String> = diff.differences.iter().map(Difference::to_string).collect();
        assert_eq!(lines, ["x (pipelined): rate is max in A and 1000.0 in B"]);
        let metrics: Vec<&str> = diff.rows.iter().map(|it| it.metric.as_str()).collect();
        assert_eq!(metrics, ["cpu_ns_per_record", "peak_memory_bytes"]);
    }

    #[test]
    fn another_commit_is_noted_and_another_load_is_not() {
        let runs = || vec![run("x", "pipelined", 1.0)];
        let (mut a, mut b) = (comparison(runs()), comparison(runs()));
        a.environment.insert(NEVER_THE_SAME.to_owned(), json!([1]));
        b.environment.insert(NEVER_THE_SAME.to_owned(), json!([2]));
        b.environment.insert("commit".to_owned(), json!("def"));
        let diff = Diff::between(("old", &a), ("new", &b));
        assert_eq!(
            diff.notes,
            [Note { what: "commit".to_owned(), a: json!("abc"), b: json!("def") }]
        );
        assert!(diff.check(false).is_ok());
    }
}
