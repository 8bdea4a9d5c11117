//! The comparison as a table for the terminal.

use comfy_table::ColumnConstraint;
use reports::schema::latency_buckets;
use reports::schema::result::{CompareResult, LatencySummary, Measures, NoiseRow, RunResult};
use reports::words::units;
use reports::words::units::NO_FIGURE;
use reports::words::verdict;

use crate::terminal::sparkline::sparkline;
use crate::terminal::table::table;

/// Letters of a line of blocks beside a row.
const SPARKLINE: usize = 8;

/// The comparison: a table per kind of measurement, then the verdicts.
pub fn comparison(result: &CompareResult) -> String {
    let mut text = String::new();
    for measures in [Measures::Throughput, Measures::Latency] {
        let groups = groups(&result.runs, measures);
        if groups.is_empty() {
            continue;
        }
        let mut table = match measures {
            Measures::Throughput => table(
                &[
                    "workload",
                    "engine",
                    "records/s",
                    "by run",
                    "CPU/record",
                    "peak memory",
                    "valid",
                ],
                2,
            ),
            Measures::Latency => table(
                &[
                    "workload",
                    "engine",
                    "events/s",
                    "p50",
                    "p90",
                    "p99",
                    "p99.9",
                    "max",
                    "in time",
                    "CPU/record",
                    "valid",
                ],
                2,
            ),
        };
        // A line of blocks that is wrapped says nothing.
        let lines = table.column_iter_mut().nth(sparkline_column(measures));
        lines.into_iter().for_each(|it| {
            it.set_constraint(ColumnConstraint::ContentWidth);
        });
        for group in &groups {
            table.add_row(row(group, measures));
        }
        text.push_str(&format!("{table}\n"));
    }
    if result.runs.iter().any(|run| run.measures == Measures::Latency) {
        text.push_str("Latency is from the planned time of an event to the emission of its result; medians over runs.\n\
             The blocks are its p99 over the time of the run whose own is the median.\n");
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
    format!("\n{table}\nDifferences below the noise floor are not told from none.\n{suspicious}")
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

fn row(group: &[&RunResult], measures: Measures) -> Vec<String> {
    let valid: Vec<&RunResult> = group.iter().copied().filter(|run| run.valid).collect();
    let median = |value: &dyn Fn(&RunResult) -> Option<f64>| {
        median(valid.iter().filter_map(|run| value(run)).collect())
    };
    let shown =
        |value: Option<f64>, show: fn(f64) -> String| value.map_or(NO_FIGURE.to_owned(), show);
    let latency = |value: fn(&LatencySummary) -> Option<u64>| {
        let nanos = median(&|run| value(&run.latency_ns.from_planned).map(|nanos| nanos as f64));
        shown(nanos, units::duration)
    };
    let cpu = shown(median(&|run| run.cpu_ns_per_record), units::duration);
    let first = group[0];
    let mut row = vec![first.workload.clone(), first.variant.clone()];
    match measures {
        Measures::Throughput => {
            row.push(shown(median(&|run| Some(run.throughput_per_s)), units::rate));
            let by_run: Vec<f64> = valid.iter().map(|run| run.throughput_per_s).collect();
            row.push(sparkline(&by_run, SPARKLINE));
            row.push(cpu);
            let memory = median(&|run| run.peak_memory_bytes.map(|bytes| bytes as f64));
            row.push(shown(memory, units::bytes));
        }
        Measures::Latency => {
            row.push(shown(first.rate, |rate| units::count(rate.round() as u64)));
            row.push(latency(|it| it.p50));
            row.push(latency(|it| it.p90));
            row.push(latency(|it| it.p99));
            row.push(latency(|it| it.p999));
            row.push(latency(|it| it.max));
            row.push(sparkline(&over_time(&valid), SPARKLINE));
            row.push(cpu);
        }
    }
    row.push(format!("{} of {}", valid.len(), group.len()));
    row
}

/// Where the line of blocks stands in a row.
const fn sparkline_column(measures: Measures) -> usize {
    match measures {
        Measures::Throughput => 3,
        Measures::Latency => 8,
    }
}

/// 99th percentile of latency in every bin of time of the run whose own is the median one, by the
/// buckets that results keep of it.
fn over_time(valid: &[&RunResult]) -> Vec<f64> {
    let mut by_p99: Vec<&RunResult> = valid.to_vec();
    by_p99.sort_by_key(|run| run.latency_ns.from_planned.p99);
    let Some(run) = by_p99.get(by_p99.len().saturating_sub(1) / 2) else { return Vec::new() };
    let timed = run.series.iter().filter(|bin| !bin.latency_buckets.is_empty());
    timed.map(|bin| latency_buckets::quantile(&bin.latency_buckets, 0.99) as f64).collect()
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len().checked_sub(1)? / 2;
    let upper = values.len() / 2;
    Some(f64::midpoint(values[middle], values[upper]))
}
