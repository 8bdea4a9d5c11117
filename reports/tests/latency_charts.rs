//! The data of the charts of where latency goes, and of the curves with a closed form.

mod fixture;

use fixture::{INTERVAL, PIPELINED, empty, latency_run, summary};
use reports::chart::{self, Chart};
use reports::schema::{
    ActivityRow, BatchRow, CompareResult, ExchangeLoad, Latencies, LatencyParts, PartsOfMean,
    RunResult, Sweep, SweepAxis, SweepPoint, TaskRow,
};
use serde_json::json;

fn run(experiment: &str, variant: &str, mean: f64) -> RunResult {
    let from_planned = reports::schema::LatencySummary {
        mean: Some(mean),
        ..summary(100_000, mean / 2.0, mean * 2.0, 1.0)
    };
    latency_run(experiment, variant, 0, Latencies { from_planned, ..Latencies::default() })
}

fn of_one(run: RunResult) -> Vec<Chart> {
    chart::all(&CompareResult { runs: vec![run], ..empty() }).expect("charts are drawn")
}

fn named<'a>(charts: &'a [Chart], stem: &str) -> &'a Chart {
    let found = charts.iter().find(|chart| chart.stem.ends_with(stem));
    found.unwrap_or_else(|| panic!("no {stem}"))
}

/// What a reader sees who points at a mark.
fn tips(chart: &Chart) -> Vec<&str> {
    let parts = chart.svg.split("<title>").skip(1);
    parts.filter_map(|part| part.split("</title>").next()).collect()
}

#[test]
fn parts_of_a_latency_are_stacked_to_its_length() {
    let mean = PartsOfMean {
        total_ns: 10e6,
        boundary_ns: 6e6,
        processing_ns: 1e6,
        commit_ns: 3e6,
        ..PartsOfMean::default()
    };
    let parts =
        LatencyParts { samples: 900, one_in: 2, without_trail: 3, mean, ..Default::default() };
    let charts = of_one(RunResult { latency_parts: parts, ..run("a", PIPELINED, 10e6) });
    let chart = named(&charts, "latency-parts");
    assert_eq!(chart.title, "Where latency goes: 60 % waiting for the buffer with pipelined");
    assert_eq!(
        tips(chart),
        [
            "all: for the buffer or the batch 6.00 ms, 60 %",
            "all: processing 1.00 ms, 10 %",
            "all: for the commit 3.00 ms, 30 %",
        ]
    );
    assert!(chart.caption.contains("one record in 2"), "{}", chart.caption);
    assert!(chart.caption.contains(" 3 samples are missing"), "{}", chart.caption);
}

#[test]
fn a_pipeline_shows_what_its_subtasks_did() {
    let row = |subtask: &str, busy_ns, idle_ns, back_pressured_ns| ActivityRow {
        subtask: subtask.to_owned(),
        busy_ns,
        idle_ns,
        back_pressured_ns,
    };
    let activity = vec![row("read/0", 300, 500, 200), row("count/0", 900, 100, 0)];
    let charts = of_one(RunResult { activity, ..run("a", PIPELINED, 1e6) });
    let chart = named(&charts, "pipeline-anatomy");
    assert_eq!(
        chart.title,
        "The busiest subtask of pipelined works 90 %, one waits for room 20 % of its time"
    );
    assert_eq!(
        tips(chart),
        [
            "read/0: busy 30 %, back-pressured 20 %, idle 50 % of 1.00 µs",
            "count/0: busy 90 %, back-pressured 0 %, idle 10 % of 1.00 µs",
        ]
    );
}

/// Batches of 4 ms with two tasks a stage; the last is the longest.
fn batches() -> Vec<BatchRow> {
    let task = |stage, slot: u32, from: u64, duration_ns: u64, records| TaskRow {
        stage,
        partition: slot,
        slot,
        started_ns: from,
        duration_ns,
        records,
    };
    (0..3)
        .map(|batch| {
            let (began, longer) = (batch * 50_000_000, batch / 2 * 1_000_000);
            let tasks = vec![
                task(0, 0, began, 1_000_000, 100),
                task(0, 1, began, 2_000_000, 100),
                task(1, 0, began + 2_000_000, 2_000_000 + longer, 150),
                task(1, 1, began + 2_000_000, 1_000_000, 50),
            ];
            BatchRow {
                batch,
                trigger_ns: began,
                records: 200,
                stages_ns: vec![2_000_000, 2_000_000 + longer],
                total_ns: 4_000_000 + longer,
                max_over_mean: Some(1.5 + batch as f64 / 4.0),
                tasks,
                ..BatchRow::default()
            }
        })
        .collect()
}

#[test]
fn a_batch_shows_its_tasks_over_its_slots() {
    let charts = of_one(RunResult { batches: batches(), ..run("a", INTERVAL, 1e6) });
    let chart = named(&charts, "batch-slots");
    // 6 of 8 ms.
    let title = format!("Share of a batch in which its slots have work: 75 % with {INTERVAL}");
    assert_eq!(chart.title, title);
    let tips = tips(chart);
    assert_eq!(tips.len(), 8, "two batches of four tasks");
    assert_eq!(tips[0], "stage 1, partition 0: 100 records in 1.00 ms");
    assert!(tips.contains(&"stage 2, partition 0: 150 records in 3.00 ms"), "{tips:?}");
}

#[test]
fn a_batch_shows_how_uneven_it_was() {
    let charts = of_one(RunResult { batches: batches(), ..run("a", INTERVAL, 1e6) });
    let chart = named(&charts, "partition-load-per-batch");
    let title = format!(
        "The fullest partition of a batch: 1.75x the mean, at worst 2.00x, with {INTERVAL}"
    );
    assert_eq!(chart.title, title);
    let values: Vec<&str> =
        tips(chart).iter().map(|tip| tip.rsplit(": ").next().unwrap()).collect();
    assert_eq!(values, ["1.5 at 0", "1.75 at 1", "2 at 2"]);
}

/// A sweep over an axis with one run at each of its values.
fn swept(axis: &str, values: &[f64], at: impl Fn(&str, f64) -> RunResult) -> Chart {
    let names: Vec<String> = (0..values.len()).map(|n| format!("point {n}")).collect();
    let runs = names.iter().zip(values).map(|(name, value)| at(name, *value)).collect();
    let points = names.iter().zip(values);
    let points = points
        .map(|(name, value)| SweepPoint { experiment: name.clone(), at: vec![json!(value)] })
        .collect();
    let values = values.iter().map(|it| json!(it)).collect();
    let axes = vec![SweepAxis { name: axis.to_owned(), values }];
    let result = CompareResult { runs, sweep: Some(Sweep { axes, points }), ..empty() };
    chart::all(&result).expect("charts are drawn").remove(0)
}

#[test]
fn latency_by_batch_interval_has_its_closed_form() {
    let chart = swept("batch_interval_ms", &[0.0, 20.0, 100.0], |point, _| RunResult {
        batches: (0..3)
            .map(|batch| BatchRow { batch, total_ns: 10_000_000, ..BatchRow::default() })
            .collect(),
        ..run(point, INTERVAL, 30e6)
    });
    assert_eq!(chart.stem, "latency-by-batch-interval");
    let theory: Vec<&str> =
        tips(&chart).into_iter().filter(|tip| tip.starts_with("T/2 + S")).collect();
    let wanted = ["15 ms at 0", "20 ms at 20", "60 ms at 100"].map(|it| format!("T/2 + S: {it}"));
    assert_eq!(theory, wanted, "1.5 S, and T/2 + S where S is 10 ms");
}

#[test]
fn latency_by_buffer_timeout_has_its_closed_form() {
    let chart = swept("buffer_timeout_ms", &[0.0, 10.0, 30.0], |point, _| {
        let mut run = run(point, PIPELINED, 10e6);
        // 32 bytes at 200,000 a second over 4 channels of buffers of 48,000 bytes: 30 ms to fill.
        run.parallelism = 2;
        run.settings.insert("buffer_bytes".to_owned(), json!(48_000));
        let records = vec![run.events / 2; 2];
        let bytes = 32 * run.events;
        run.exchanges = vec![ExchangeLoad { records, bytes, ..run.exchanges[0].clone() }];
        run
    });
    assert_eq!(chart.stem, "latency-by-buffer-timeout");
    let theory: Vec<&str> = tips(&chart).into_iter().filter(|tip| tip.starts_with("a/2")).collect();
    // 10/2 - 100/180, and 30/3.
    let wanted = ["4.444 ms at 10", "10 ms at 30"].map(|it| format!("a/2 - a²/(6d): {it}"));
    assert_eq!(theory, wanted);
}

#[test]
fn latency_by_rate_is_the_rate_latency_curve() {
    let chart = swept("rate", &[1_000.0, 2_000.0], |point, rate| run(point, PIPELINED, rate * 1e3));
    assert_eq!(chart.stem, "rate-latency-curve");
    assert!(chart.svg.contains("Planned rate, events/s"));
}
