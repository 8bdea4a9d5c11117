//! Tables for the terminal.

mod diagnosis;
mod dry_run;

use comfy_table::presets;
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table};
use reports::formulas::chapters::CHAPTERS;
use reports::formulas::{CaseVerdict, FormulasResult};
use reports::page::formulas as formulas_page;
use reports::schema::latency_buckets;
use reports::schema::recovery::RecoverResult;
use reports::schema::skew;
use reports::schema::skew::SkewResult;
use reports::schema::{CompareResult, LatencySummary, Measures, NoiseRow, RunResult};
use reports::words;
use reports::words::units;
use reports::words::units::NO_FIGURE;
use reports::words::verdict;

use crate::analysis::diff::Diff;
use crate::analysis::diff::row::{Row, Verdict};
use crate::commands::runs::sustain::SustainRow;
use crate::terminal::sparkline::sparkline;

pub use diagnosis::diagnosis;
pub use dry_run::dry_run;

/// Letters of a line of blocks beside a row.
const SPARKLINE: usize = 8;

fn table(header: &[&str], numbers_from: usize) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header.iter().copied());
    for column in table.column_iter_mut().skip(numbers_from) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

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

/// A failure under every guarantee of every engine, and what it says.
pub fn recovery(result: &RecoverResult) -> String {
    let mut headings = vec!["engine", "guarantee"];
    headings.extend(words::recovery::FIGURES);
    headings.push("output");
    let mut table = table(&headings, 2);
    for run in &result.runs {
        let mut row = vec![run.run.variant.clone(), run.guarantee.clone()];
        row.extend(words::recovery::figures(run));
        row.push(run.outcome());
        table.add_row(row);
    }
    if let Some(column) = table.column_mut(headings.len() - 1) {
        column.set_cell_alignment(CellAlignment::Left);
    }
    let mut text = format!("{}\n{table}\n{}.", result.fault, words::recovery::finding(result));
    if result.interrupted {
        text.push_str("\nInterrupted: only what had ended by then is shown.");
    }
    text
}

/// Where every placement puts the same keys.
pub fn skew(result: &SkewResult) -> String {
    let mut text = format!(
        "{}: {} records of {} keys, by {}\n",
        result.workload,
        units::count(result.records),
        units::count(result.keys),
        result.exchange
    );
    let scopes = result.scopes();
    let words: Vec<String> = scopes.iter().map(|scope| words::skew::scope_words(scope)).collect();
    let mut headings = vec!["placement", "partitions"];
    headings.extend(words.iter().map(String::as_str));
    headings.extend(["variation", "Gini"]);
    let mut table = table(&headings, 1);
    for placement in result.placements() {
        for parallelism in result.parallelisms() {
            let mut row = vec![placement.to_owned(), parallelism.to_string()];
            for scope in &scopes {
                let figure = result.row(placement, parallelism, scope);
                row.push(
                    figure.map_or(NO_FIGURE.to_owned(), |it| words::skew::figure(it.max_over_mean)),
                );
            }
            let run = result.row(placement, parallelism, skew::RUN);
            row.extend(run.map(|it| words::skew::figure(it.coefficient_of_variation)));
            row.extend(run.map(|it| words::skew::figure(it.gini)));
            table.add_row(row);
        }
    }
    text.push_str(&format!(
        "{table}\nLargest partition over the mean; within windows, the mean over all of them. \
         Variation and Gini are the run's.\n"
    ));
    let hot = result.hottest.iter().take(5).map(|hot| {
        let share = hot.records as f64 / result.records.max(1) as f64;
        format!("{} ({})", hot.key, units::share(share))
    });
    let hot: Vec<String> = hot.collect();
    text.push_str(&format!("Hottest keys: {}\n{}.", hot.join(", "), words::skew::finding(result)));
    text
}

/// Every formula's cases, then how many hold.
pub fn formulas(result: &FormulasResult) -> String {
    let mut text = String::new();
    for chapter in &CHAPTERS {
        if result.of(chapter.name).next().is_none() {
            continue;
        }
        let headings =
            ["case", "engine", "quantity", "predicted", "measured", "error", "allowed", "verdict"];
        let mut table = table(&headings, 3);
        for case in result.of(chapter.name) {
            table.add_row([
                case.case.clone(),
                case.engine.clone(),
                case.quantity.clone(),
                formulas_page::figure(case.predicted),
                formulas_page::figure(case.measured),
                formulas_page::error(case),
                words::tolerance::allowed(case.tolerance),
                case.verdict.words().to_owned(),
            ]);
        }
        let count = |verdict| result.count(chapter.name, verdict);
        text.push_str(&format!(
            "{}: {}\n{table}\n{} hold, {} do not, {} are outside their range.\n\n",
            chapter.title,
            chapter.formula,
            count(CaseVerdict::Holds),
            count(CaseVerdict::DoesNotHold),
            count(CaseVerdict::OutsideItsRange),
        ));
    }
    text.truncate(text.trim_end().len());
    text
}

/// The highest rates that engines keep up with.
pub fn sustained(workload: &str, rows: &[SustainRow]) -> String {
    let mut table =
        table(&["workload", "engine", "sustained rate", "interval", "of its throughput"], 2);
    let shown = |rate: f64| units::planned_rate(Some(rate.round()));
    let mut notes = String::new();
    for row in rows {
        let interval = row.interval.map_or(NO_FIGURE.to_owned(), |(low, high)| {
            format!("{} to {}", units::count(low as u64), units::count(high as u64))
        });
        let share = row.rate_per_s.map(|rate| rate / row.throughput_at_max_per_s);
        table.add_row([
            workload.to_owned(),
            row.variant.clone(),
            row.rate_per_s.map_or("none".to_owned(), shown),
            interval,
            share.map_or(NO_FIGURE.to_owned(), units::share),
        ]);
        if let (Some(rate), Some(generator)) = (row.rate_per_s, row.generator_per_s)
            && generator < 2.0 * rate
        {
            notes.push_str(&format!(
                "\nThe generator alone makes {}, less than twice what {} sustains: it may be what \
                 ends there.",
                shown(generator),
                row.variant
            ));
        }
    }
    format!(
        "{table}\nThe highest rate at which less than 1 % of the events are left when the plan ends and \
         the backlog does not grow by 1 % of the rate.{notes}"
    )
}

/// Two results side by side: what differs besides, a table per experiment, and how to read it.
pub fn diff(diff: &Diff) -> String {
    let mut text = String::new();
    let mut add = |line: String| text.push_str(&format!("{line}\n"));
    for (letter, side) in [("A", &diff.a), ("B", &diff.b)] {
        let stopped = if side.interrupted { ", interrupted" } else { "" };
        add(format!("{letter}: {} ({}{stopped})", side.name, side.started));
    }
    for difference in &diff.differences {
        add(format!("Not the same configuration: {difference}"));
    }
    for note in &diff.notes {
        add(format!("Not the same: {} is {} in A and {} in B", note.what, note.a, note.b));
    }
    for (letter, missing) in [("A", &diff.only_in_a), ("B", &diff.only_in_b)] {
        for it in missing {
            add(format!("Only in {letter}: {it}"));
        }
    }
    for rows in
        diff.rows.chunk_by(|a, b| (&a.experiment, a.measures) == (&b.experiment, b.measures))
    {
        let headings = ["variant", "metric", "A", "B", "B/A", "interval", "valid runs", "B is"];
        let mut table = table(&headings, 2);
        if let Some(column) = table.column_mut(headings.len() - 1) {
            column.set_cell_alignment(CellAlignment::Left);
        }
        for row in rows {
            table.add_row(diff_row(row));
        }
        add(format!("\n{}:\n{table}", rows[0].experiment));
    }
    let judged = diff.rows.iter().filter(|row| row.verdict != Verdict::TooFew).count();
    add("\nA and B are medians of valid runs, B/A is the ratio of geometric means, its interval \
         Welch's at 95 %; below five runs on a side it is the range, and there is no verdict."
        .to_owned());
    if judged > 1 {
        add(format!(
            "Of {judged} such intervals about one in twenty lies beside the truth by chance alone."
        ));
    }
    text.trim_end().to_owned()
}

fn diff_row(row: &Row) -> Vec<String> {
    let figure = |value: Option<f64>| {
        value.map_or(NO_FIGURE.to_owned(), |value| metric_figure(&row.metric, value))
    };
    let interval = row.interval.map_or(NO_FIGURE.to_owned(), |(low, high)| {
        format!("{} to {}", units::significant(low), units::significant(high))
    });
    vec![
        row.variant.clone(),
        verdict::metric_name(&row.metric),
        figure(row.median_a),
        figure(row.median_b),
        row.ratio.map_or(NO_FIGURE.to_owned(), units::ratio),
        interval,
        format!("{}, {}", row.runs_a, row.runs_b),
        row.verdict.words().to_owned(),
    ]
}

/// A metric's value with its unit, by the metric's name.
pub fn metric_figure(metric: &str, value: f64) -> String {
    match metric {
        "throughput_per_s" => units::rate(value),
        "peak_memory_bytes" => units::bytes(value),
        "backlog_at_end" => units::share(value),
        "cpu_ns_per_record" | "elapsed_ns" => units::duration(value),
        _ if metric.starts_with("latency_ns.") && !is_count(metric) => units::duration(value),
        _ => units::trimmed(value, 3),
    }
}

/// Whether a metric counts latencies rather than being one.
fn is_count(metric: &str) -> bool {
    metric.ends_with(".count") || metric.ends_with(".clipped")
}

/// A run by itself.
pub fn run(result: &RunResult) -> String {
    let mut table = table(&["", ""], 1);
    let mut add = |name: &str, value: String| {
        table.add_row(vec![name.to_owned(), value]);
    };
    add("workload", result.workload.clone());
    add("engine", result.variant.clone());
    add(
        "clock, parallelism, seed",
        format!("{}, {}, {}", result.clock, result.parallelism, result.seed),
    );
    add("guarantee", result.guarantee.clone());
    let recovery = &result.recovery;
    if result.guarantee != "none" {
        add("checkpoints or batches kept", units::count(recovery.completed));
    }
    if !recovery.failures.is_empty() || recovery.replayed > 0 {
        let (restarts, replayed) = (recovery.restarts, units::count(recovery.replayed));
        add("restarts, replayed events", format!("{restarts}, {replayed}"));
    }
    add("rate", units::planned_rate(result.rate));
    add("records in", units::count(result.records_in));
    add("records out", units::count(result.records_out));
    add("time", units::duration(result.elapsed_ns as f64));
    add("throughput", units::rate(result.throughput_per_s));
    if let Some(nanos) = result.cpu_ns_per_record {
        add("CPU per record", units::duration(nanos));
    }
    if let Some(bytes) = result.peak_memory_bytes {
        add("peak memory", units::bytes(bytes as f64));
    }
    if result.latency_ns.from_planned.count > 0 {
        add("latency from planned", percentiles(&result.latency_ns.from_planned));
        add("latency from ingestion", percentiles(&result.latency_ns.from_ingestion));
    }
    if result.latency_ns.after_window_end.count > 0 {
        add("latency after window end", percentiles(&result.latency_ns.after_window_end));
    }
    if let Some(closed) = result.windows_closed {
        add("windows closed, late records", format!("{closed}, {}", result.late_records));
    }
    for exchange in &result.exchanges {
        add(
            &format!("load of {}", exchange.exchange),
            format!("max/mean {:.3}", exchange.max_over_mean),
        );
    }
    let right = match &result.output.expected_digest {
        None => "not checked",
        Some(expected) if *expected == result.output.digest => "equal to the evaluator's",
        Some(_) => "WRONG",
    };
    add("output", format!("{} records, {right}", result.output.records));
    add("valid", if result.valid { "yes".to_owned() } else { result.invalid_because.join(" ") });
    table.to_string()
}

fn percentiles(summary: &LatencySummary) -> String {
    let show =
        |value: Option<u64>| value.map_or(NO_FIGURE.to_owned(), |it| units::duration(it as f64));
    format!(
        "p50 {}  p90 {}  p99 {}  p99.9 {}  max {}",
        show(summary.p50),
        show(summary.p90),
        show(summary.p99),
        show(summary.p999),
        show(summary.max)
    )
}

/// The batches of a run.
pub fn batches(result: &RunResult) -> String {
    let mut table =
        table(&["batch", "trigger", "delay", "records", "stages", "total", "watermark"], 0);
    for batch in &result.batches {
        let stages: Vec<_> = batch.stages_ns.iter().map(|it| units::duration(*it as f64)).collect();
        table.add_row(vec![
            batch.batch.to_string(),
            units::duration(batch.trigger_ns as f64),
            units::duration(batch.delay_ns as f64),
            units::count(batch.records),
            stages.join(" + "),
            units::duration(batch.total_ns as f64),
            batch
                .watermark_ns
                .map_or(NO_FIGURE.to_owned(), |it| format!("{:.3} s", it as f64 / 1e9)),
        ]);
    }
    table.to_string()
}
