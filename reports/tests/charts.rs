//! Every chart with typical figures, a single one, ten thousand, none that differ, runs that are
//! invalid, six decades and long names: whole, inside the drawing, and without texts that overlap.

mod fixture;

use fixture::check::{check_chart, check_svg, digests};
use fixture::kinds::{CASES, Case, TYPICAL};
use fixture::{PIPELINED, empty, latency_run, summary, throughput_run};
use reports::chart::{self, Chart};
use reports::draw::png::png;
use reports::schema::latency_buckets::bucket;
use reports::schema::{
    ActivityRow, BatchRow, CompareResult, Latencies, LatencyParts, PartsOfMean, RunResult,
    SERIES_BIN_NS, SeriesRow, Sweep, SweepAxis, SweepPoint, TaskRow,
};
use serde_json::json;

fn series(case: Case, shift: u64) -> Vec<SeriesRow> {
    let (low, high) = case.span;
    (0..case.bins)
        .map(|bin| {
            let share = (bin * 7 + shift) % 10;
            let latency = low + (high - low) / 10 * share;
            let mut latency_buckets = vec![(bucket(low), 50), (bucket(latency), 4_000)];
            latency_buckets.dedup_by_key(|it| it.0);
            SeriesRow {
                at_ns: bin * SERIES_BIN_NS,
                records: 10_000 + share * 100,
                latency_ns_max: latency,
                latency_buckets,
                unread: share * 20,
            }
        })
        .collect()
}

/// Two stages of eight tasks each over two slots, in the first batches.
fn tasks(case: Case, batch: u64) -> Vec<TaskRow> {
    let each = case.span.0 / 16;
    let task = |n: u64| TaskRow {
        stage: (n / 8) as usize,
        partition: (n % 8) as u32,
        slot: (n % 2) as u32,
        started_ns: batch * 50_000_000 + 20_000 + n / 2 * each,
        duration_ns: each - each / 10 * (n % 3),
        records: 500 + n * 10,
    };
    if batch < 48 { (0..16).map(task).collect() } else { Vec::new() }
}

/// Parts in fixed shares, and a tail that waits for its commit.
fn parts(case: Case) -> LatencyParts {
    let mean = case.span.0 as f64;
    let split = |total_ns: f64, commit: f64| PartsOfMean {
        total_ns,
        source_ns: total_ns * 0.1,
        boundary_ns: total_ns * (0.5 - commit),
        queue_ns: total_ns * 0.15,
        processing_ns: total_ns * 0.2,
        state_ns: total_ns * 0.05,
        commit_ns: total_ns * commit,
    };
    LatencyParts {
        samples: 20_000,
        one_in: 5,
        without_trail: case.bins % 3,
        mean: split(mean, 0.1),
        slowest: split(case.span.1 as f64, 0.3),
    }
}

fn activity(case: Case) -> Vec<ActivityRow> {
    let row = |n: u64| ActivityRow {
        subtask: format!("source -> map -> filter/{n}"),
        busy_ns: case.span.1 / 10 * n,
        idle_ns: case.span.1,
        back_pressured_ns: case.span.0 * (n % 2),
    };
    (0..case.bins.clamp(2, 20)).map(row).collect()
}

fn batches(case: Case) -> Vec<BatchRow> {
    (0..case.batches)
        .map(|batch| BatchRow {
            batch,
            trigger_ns: batch * 50_000_000,
            delay_ns: 20_000 + batch % 7 * 3_000,
            records: 4_000,
            stages_ns: vec![case.span.0 / 2 + batch % 5 * 10_000, case.span.0 / 3],
            total_ns: case.span.0 + batch % 11 * 20_000,
            watermark_ns: None,
            max_over_mean: Some(1.0 + (batch % 5) as f64 / 10.0),
            tasks: tasks(case, batch),
        })
        .collect()
}

fn latency(experiment: &str, case: Case, variant: &str, repeat: u32) -> RunResult {
    // Variants differ as far as the figures do.
    let place = case.variants.iter().position(|it| *it == variant).unwrap_or(0) as f64;
    let (low, high) = case.span;
    let bend = 2.0 - 0.6 * place;
    let from_planned = summary(100_000, low as f64, high as f64, bend);
    let latencies = Latencies { from_planned, ..Latencies::default() };
    let is_batches = variant.starts_with("microbatch");
    RunResult {
        series: series(case, u64::from(repeat) + variant.len() as u64),
        batches: if is_batches { batches(case) } else { Vec::new() },
        activity: if is_batches { Vec::new() } else { activity(case) },
        latency_parts: parts(case),
        valid: case.valid || variant == PIPELINED,
        ..latency_run(experiment, variant, repeat, latencies)
    }
}

/// Two experiments of throughput and one of latency.
fn result(case: Case) -> CompareResult {
    let mut runs = Vec::new();
    for (repeat, variant) in (0..3).flat_map(|repeat| case.variants.map(|it| (repeat, it))) {
        let speed = if case.span.0 == case.span.1 { 0.0 } else { f64::from(repeat) * 1e5 };
        for experiment in ["keyed-count", "windowed-count"] {
            let per_s = 4e6 + variant.len() as f64 * 1e4 + speed;
            let valid = case.valid || variant == PIPELINED;
            runs.push(RunResult { valid, ..throughput_run(experiment, variant, repeat, per_s) });
        }
        runs.push(latency("keyed-count-latency", case, variant, repeat));
    }
    CompareResult { runs, ..empty() }
}

fn sweep(case: Case, axes: &[(&str, &[serde_json::Value])]) -> CompareResult {
    let values =
        |axis: usize| axes.get(axis).map_or(vec![None], |it| it.1.iter().map(Some).collect());
    let (mut runs, mut points) = (Vec::new(), Vec::new());
    for (n, (a, b)) in
        values(0).into_iter().flat_map(|a| values(1).into_iter().map(move |b| (a, b))).enumerate()
    {
        let experiment = format!("point {n}");
        let (low, high) = case.span;
        for (repeat, variant) in (0..3).flat_map(|repeat| case.variants.map(|it| (repeat, it))) {
            let scaled = Case { span: (low, low.max(high / (1 + n as u64 % 4))), ..case };
            runs.push(latency(&experiment, scaled, variant, repeat));
        }
        points.push(SweepPoint { experiment, at: [a, b].into_iter().flatten().cloned().collect() });
    }
    let axes = axes
        .iter()
        .map(|(name, values)| SweepAxis { name: (*name).to_owned(), values: values.to_vec() })
        .collect();
    CompareResult { runs, sweep: Some(Sweep { axes, points }), ..empty() }
}

/// Checks every chart, light and dark, and that drawing again gives the same bytes.
fn draw(case: &str, result: &CompareResult) -> Vec<Chart> {
    let charts = chart::all(result).expect("charts are drawn");
    assert!(!charts.is_empty(), "{case}");
    for chart in &charts {
        println!("{case}: {}", chart.stem);
        check_chart(case, chart);
    }
    assert_eq!(chart::all(result).unwrap(), charts, "{case}");
    charts
}

#[test]
fn every_chart_is_whole_in_every_case() {
    let mut pinned = String::new();
    for case in CASES {
        let charts = draw(case.name, &result(case));
        pinned += &digests(case.name, &charts);
        let stems: Vec<&str> = charts.iter().map(|chart| chart.stem.as_str()).collect();
        let mut wanted = vec![
            "keyed-count-throughput",
            "keyed-count-latency-latency-histogram",
            "keyed-count-latency-latency-over-time",
            "keyed-count-latency-throughput-over-time",
            "keyed-count-latency-latency-parts",
            "keyed-count-latency-pipeline-anatomy",
            "cost-per-record",
        ];
        // Only micro-batches have an anatomy, and here theirs are the invalid runs.
        let of_batches = ["batch-anatomy", "batch-slots", "partition-load-per-batch"]
            .map(|it| format!("keyed-count-latency-{it}"));
        wanted.extend(of_batches.iter().filter(|_| case.valid).map(String::as_str));
        for stem in wanted {
            assert!(stems.contains(&stem), "{}: {stem} of {stems:?}", case.name);
        }
        for stem in &of_batches {
            assert_eq!(stems.contains(&stem.as_str()), case.valid, "{}: {stem}", case.name);
        }
    }
    insta::assert_snapshot!("digests_of_charts", pinned);
}

#[test]
fn the_figures_of_a_chart_are_those_of_its_results() {
    let small = Case { bins: 4, batches: 3, ..TYPICAL };
    let intervals = [0, 10, 1_000].map(|it| json!(it));
    let rates = [10_000.0, 1_000_000.0].map(|it| json!(it));
    let one_axis = sweep(small, &[("batch_interval_ms", &intervals)]);
    let two_axes = sweep(small, &[("rate", &rates), ("batch_interval_ms", &intervals)]);
    for result in [result(small), one_axis, two_axes] {
        for chart in chart::all(&result).unwrap() {
            insta::assert_snapshot!(format!("figures_of_{}", chart.stem), chart.data().unwrap());
        }
    }
}

#[test]
fn sweeps_are_curves_or_maps() {
    let intervals = [0, 10, 100, 1_000].map(|it| json!(it));
    let rates = [10_000.0, 100_000.0, 1_000_000.0].map(|it| json!(it));
    let modes = ["uniform", "zipf", "hot-set"].map(|it| json!(it));
    let mut pinned = String::new();
    for case in CASES {
        for (axes, stem) in [
            (vec![("batch_interval_ms", &intervals[..])], "latency-by-batch-interval"),
            (vec![("buffer_timeout_ms", &intervals[..])], "latency-by-buffer-timeout"),
            (vec![("rate", &rates[..])], "rate-latency-curve"),
            (vec![("key_distribution", &modes[..])], "sweep"),
            (vec![("rate", &rates[..]), ("batch_interval_ms", &intervals[..])], "crossover-map"),
        ] {
            let names: Vec<&str> = axes.iter().map(|axis| axis.0).collect();
            let folder = format!("{} over {}", case.name, names.join(" and "));
            let charts = draw(&folder, &sweep(case, &axes));
            pinned += &digests(&folder, &charts);
            assert_eq!(charts.len(), 1, "{}", case.name);
            assert_eq!(charts[0].stem, stem, "{}", case.name);
        }
    }
    insta::assert_snapshot!("digests_of_sweeps", pinned);
}

/// The first label of a drawing moved to the place of the second.
fn overlapping(chart: &Chart) -> Chart {
    let label = |nth: usize| {
        let node = chart.svg.split("<text ").nth(nth).unwrap();
        node.split(" dy=").next().unwrap().to_owned()
    };
    Chart { svg: chart.svg.replacen(&label(1), &label(2), 1), ..chart.clone() }
}

#[test]
#[should_panic(expected = "covers")]
fn texts_that_overlap_are_noticed() {
    check_svg(&overlapping(&draw("overlap", &result(TYPICAL))[0]));
}

#[test]
fn a_sweep_says_who_is_ahead_where() {
    let result = sweep(TYPICAL, &[("rate", &[json!(1_000.0), json!(2_000.0)])]);
    let charts = draw("title", &result);
    assert!(charts[0].title.contains("p99 latency"), "{}", charts[0].title);
    assert!(charts[0].svg.contains("over\u{a0}rate"), "the subtitle names the axis");
    assert!(!charts[0].svg.contains("200,000"), "and not one of its values");
}

#[test]
fn a_sweep_of_one_variant_says_where_its_figure_goes() {
    let mut result = sweep(TYPICAL, &[("rate", &[json!(1_000.0), json!(2_000.0)])]);
    result.runs.retain(|run| run.variant == PIPELINED);
    let title = &draw("one variant", &result)[0].title;
    assert_eq!(title, "p99 latency of pipelined: 484 µs at rate=1,000, 433 µs at rate=2,000");
}

#[test]
fn values_can_be_pointed_at() {
    let charts = draw("tips", &result(TYPICAL));
    let histogram = charts.iter().find(|it| it.stem.ends_with("histogram")).unwrap();
    assert!(histogram.svg.contains("<title>pipelined: "), "a tip on every point");
    let anatomy = charts.iter().find(|it| it.stem.ends_with("batch-anatomy")).unwrap();
    assert!(anatomy.svg.contains("<title>batch 6: 4000 records, "), "{}", anatomy.svg);
}

#[test]
fn a_picture_has_twice_the_size() {
    let charts = draw("png", &result(TYPICAL));
    let chart = &charts[0];
    let picture = png(&chart.svg).unwrap();
    assert_eq!(&picture[1..4], b"PNG");
    let side = |at: usize| u32::from_be_bytes(picture[at..at + 4].try_into().unwrap());
    let height = chart.svg.split("height=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!((side(16), side(20)), (1_640, 2 * height.parse::<u32>().unwrap()));
    assert_eq!(png(&chart.svg).unwrap(), picture, "the same each time");
    assert!(png("no svg").is_err());
}
