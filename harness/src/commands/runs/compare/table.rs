//! The comparison as a table for the terminal.

use comfy_table::ColumnConstraint;
use reports::schema::latency::buckets;
use reports::schema::{
    CompareResult, LatencyKind, Measures, Metric, NoiseRow, Percentile, RunResult,
};
use reports::words::summary::{Experiment, Spread};
use reports::words::units;
use reports::words::units::NO_FIGURE;
use reports::words::verdict;
use reports::words::{contention, pooled};

use crate::terminal::sparkline::sparkline;
use crate::terminal::table::table;

/// Letters of a line of blocks beside a row.
const SPARKLINE: usize = 8;

/// The comparison: a table per kind of measurement, then the verdicts.
pub(super) fn comparison(result: &CompareResult) -> String {
    let mut text = String::new();
    for measures in [Measures::Throughput, Measures::Latency] {
        let groups = groups(&result.runs, measures);
        if groups.is_empty() {
            continue;
        }
        let columns = columns(measures);
        let names = columns.iter().map(|(name, _)| *name);
        let header: Vec<&str> =
            ["workload", "engine"].into_iter().chain(names).chain(["valid"]).collect();
        let mut table = table(&header, 2);
        for (column, (_, shows)) in table.column_iter_mut().skip(2).zip(&columns) {
            // A line of blocks that is wrapped says nothing.
            if matches!(shows, Shows::ByRun | Shows::InTime) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        for group in &groups {
            table.add_row(row(group, &columns));
        }
        text.push_str(&format!("{table}\n"));
    }
    if reports::words::summary::experiments(result).iter().any(has_no_valid_run) {
        text.push_str("In brackets: medians of invalid runs.\n");
    }
    if result.runs.iter().any(|run| run.measures == Measures::Latency) {
        text.push_str("Latency is from the planned time of an event to the emission of its result; medians over runs.\n\
             The blocks are its p99 over the time of the run whose own is the median.\n");
    }
    for line in pooled::lines(result).into_iter().chain(contention::lines(result)) {
        text.push_str(&format!("{line}\n"));
    }
    text.push('\n');
    for experiment in reports::words::summary::experiments(result) {
        text.push_str(&format!("{}:\n", experiment.name));
        for sentence in verdict::sentences(&experiment) {
            text.push_str(&format!("  {}\n", sentence.text));
        }
    }
    text.push_str(&noise(&result.noise));
    if result.interrupted {
        text.push_str("Interrupted: only what had ended by then is shown.\n");
    }
    text.trim_end().to_owned()
}

fn has_no_valid_run(experiment: &Experiment<'_>) -> bool {
    experiment.variants.iter().any(|variant| variant.valid().next().is_none())
}

/// How much every variant differs from itself; nothing where that was not measured.
fn noise(rows: &[NoiseRow]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let headings = ["experiment", "engine", "metric", "ratio to itself", "noise floor", "pairs"];
    let mut table = table(&headings, 3);
    let mut suspicious = String::new();
    for row in rows {
        let metric = verdict::metric_name(&row.metric);
        table.add_row(vec![
            row.experiment.clone(),
            row.variant.clone(),
            metric.clone(),
            row.ratio.map_or(NO_FIGURE.to_owned(), |ratio| format!("{ratio:.4}")),
            row.floor.map_or(NO_FIGURE.to_owned(), |floor| units::share(floor - 1.0)),
            row.pairs.to_string(),
        ]);
        if row.suspicious {
            let (name, variant) = (&row.experiment, &row.variant);
            suspicious.push_str(&format!(
                "Suspicious: {variant} differs from itself in {metric} ({name}). One in 20 does by chance.\n"
            ));
        }
    }
    format!(
        "\n{table}\nDifferences below the noise floor cannot be distinguished from zero.\n{suspicious}"
    )
}

/// Runs of the same experiment and variant, in the order in which they first ran.
fn groups(runs: &[RunResult], measures: Measures) -> Vec<Vec<&RunResult>> {
    let mut groups: Vec<Vec<&RunResult>> = Vec::new();
    for run in runs.iter().filter(|run| run.measures == measures) {
        let same = |group: &&mut Vec<&RunResult>| {
            group[0].experiment == run.experiment && group[0].variant == run.variant
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(run),
            None => groups.push(vec![run]),
        }
    }
    groups.sort_by_key(|group| runs.iter().position(|run| run.experiment == group[0].experiment));
    groups
}

/// What a column shows of the runs of a variant.
enum Shows {
    /// The planned rate.
    Rate,
    /// The median of a metric over valid runs.
    Median(&'static Metric),
    /// Throughput, run by run.
    ByRun,
    /// The 99th percentile of latency over the time of a run.
    InTime,
}

/// Columns between the engine and the number of valid runs, with their headings.
fn columns(measures: Measures) -> Vec<(&'static str, Shows)> {
    let cost = ("CPU/record", Shows::Median(&Metric::COST));
    match measures {
        Measures::Throughput => vec![
            ("records/s", Shows::Median(&Metric::THROUGHPUT)),
            ("by run", Shows::ByRun),
            cost,
            ("peak memory", Shows::Median(&Metric::PEAK_MEMORY)),
        ],
        Measures::Latency => {
            let percentile = |it: Percentile| {
                (it.label(), Shows::Median(Metric::of_latency(LatencyKind::FromPlanned, it)))
            };
            let mut columns = vec![("events/s", Shows::Rate)];
            columns.extend(Percentile::ALL.map(percentile));
            columns.extend([("in time", Shows::InTime), cost]);
            columns
        }
    }
}

fn row(group: &[&RunResult], columns: &[(&str, Shows)]) -> Vec<String> {
    let valid: Vec<&RunResult> = group.iter().copied().filter(|run| run.valid).collect();
    let first = group[0];
    let cells = columns.iter().map(|(_, shows)| match shows {
        Shows::Rate => {
            let rate = first.rate.map(|rate| units::count(rate.round() as u64));
            rate.unwrap_or(NO_FIGURE.to_owned())
        }
        Shows::Median(metric) => {
            let median = |runs: &[&RunResult]| {
                let spread = Spread::of(runs.iter().filter_map(|run| metric.of(run)));
                spread.map(|it| units::figure(metric.unit, it.median))
            };
            let of_invalid = || median(group).map(|it| format!("({it})"));
            match valid.is_empty() {
                false => median(&valid),
                true => of_invalid(),
            }
            .unwrap_or(NO_FIGURE.to_owned())
        }
        Shows::ByRun => {
            let by_run: Vec<f64> = valid.iter().map(|run| run.throughput_per_s).collect();
            sparkline(&by_run, SPARKLINE)
        }
        Shows::InTime => sparkline(&over_time(&valid), SPARKLINE),
    });
    let mut row = vec![first.workload.clone(), first.variant.clone()];
    row.extend(cells);
    row.push(format!("{} of {}", valid.len(), group.len()));
    row
}

/// 99th percentile of latency in every bin of time of the run whose own is the median one, by the
/// buckets that results keep of it.
fn over_time(valid: &[&RunResult]) -> Vec<f64> {
    let mut by_p99: Vec<&RunResult> = valid.to_vec();
    by_p99.sort_by_key(|run| run.latency_ns.from_planned.p99);
    let Some(run) = by_p99.get(by_p99.len().saturating_sub(1) / 2) else { return Vec::new() };
    let timed = run.series.iter().filter(|bin| !bin.latency_buckets.is_empty());
    timed.map(|bin| buckets::quantile(&bin.latency_buckets, 0.99) as f64).collect()
}
