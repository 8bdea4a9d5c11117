//! Pages and charts of made-up results: complete, well-formed, self-contained, repeatable.

mod fixture;

use fixture::check::{check_chart, check_page};
use fixture::{BACK_TO_BACK, INTERVAL, PIPELINED, comparison, empty, throughput_run};
use reports::chart::{self, Chart};
use reports::page::{Page, page};
use reports::schema::read::Source;
use reports::schema::{
    CompareResult, Comparison, Latencies, LatencySummary, Metric, RunResult, Verdict,
};
use reports::words::summary::experiments;
use reports::words::verdict::sentences;

fn draw(result: &CompareResult) -> (Vec<Chart>, String) {
    let charts = chart::all(result).expect("charts are drawn");
    let source = Source::Results("results.json".into());
    let page = page(&Page { result, charts: &charts, source: &source, directory: "results/quick" });
    for chart in &charts {
        check_chart("report page", chart);
    }
    check_page(&page);
    (charts, page)
}

#[test]
fn the_quick_suite_has_its_charts_tables_and_verdicts() {
    let (charts, page) = draw(&fixture::quick());
    let stems: Vec<&str> = charts.iter().map(|chart| chart.stem.as_str()).collect();
    assert_eq!(
        stems,
        [
            "keyed-count-throughput",
            "keyed-count-partition-load",
            "windowed-count-throughput",
            "windowed-count-partition-load",
            "word-count-throughput",
            "word-count-partition-load",
            "forward-latency-latency-from-planned",
            "forward-latency-partition-load",
            "windowed-count-latency-latency-from-planned",
            "windowed-count-latency-latency-after-window-end",
            "windowed-count-latency-partition-load",
            "cost-per-record",
        ]
    );
    let expected = [
        "pipelined is ahead: 6.44 M records/s, against 3.54 M records/s with microbatch, \
         batch_interval_ms=0 (a factor of 1.82; 95 % interval 1.75 to 1.89, means of 5 pairs of runs).",
        "No difference shown between pipelined and microbatch, batch_interval_ms=0 in throughput",
        "microbatch, batch_interval_ms=0 is ahead: 1.92 M records/s, against 1.15 M records/s with \
         pipelined (a factor of 1.66; 95 % interval 1.60 to 1.73, means of 5 pairs of runs).",
        "pipelined is ahead: p99 latency",
        "pipelined is ahead: p99 latency 189 µs, against 30.2 ms with microbatch, \
         batch_interval_ms=50 (a factor of 160; 95 % interval 154 to 167, means of 5 pairs of runs).",
        "5 of 5",
        "streamgauge plot results/quick",
        "AMD EPYC 7B13",
    ];
    for text in expected {
        assert!(page.contains(text), "the page lacks: {text}");
    }
    let title = |stem: &str| &charts.iter().find(|chart| chart.stem == stem).unwrap().title;
    assert_eq!(
        title("keyed-count-throughput"),
        "pipelined: 1.82x the throughput of microbatch, batch_interval_ms=0"
    );
    assert_eq!(title("windowed-count-throughput"), "Throughput: no difference shown");
    assert!(title("forward-latency-latency-from-planned").starts_with("p99 latency: "));
    assert!(!page.contains("Invalid runs"));
}

#[test]
fn the_same_results_give_the_same_bytes() {
    assert_eq!(draw(&fixture::quick()), draw(&fixture::quick()));
}

#[test]
fn a_variant_keeps_its_colour_in_every_chart() {
    let (charts, _) = draw(&fixture::quick());
    let latency = charts.iter().find(|c| c.stem.ends_with("from-planned")).unwrap();
    for colour in ["#0072B2", "#D55E00", "#009E73"] {
        assert!(latency.svg.contains(colour));
    }
    assert!(charts[0].svg.contains("#0072B2") && !charts[0].svg.contains("#009E73"));
}

#[test]
fn invalid_runs_are_named_and_leave_every_figure() {
    let (charts, page) = draw(&fixture::with_invalid_runs());
    let expected = [
        "Invalid runs",
        "The output is wrong: digest 00000000, expected 9f3c2ab1.",
        "The clock went back by 3 ms.",
        "wrong in 1 of 5",
        "4 of 5",
        "0 of 5",
        "No verdict on pipelined against microbatch, batch_interval_ms=0 in throughput: no run of",
    ];
    for text in expected {
        assert!(page.contains(text), "the page lacks: {text}");
    }
    let word_count = charts.iter().find(|c| c.stem == "word-count-throughput").unwrap();
    assert!(word_count.svg.contains("no valid run"));
    let forward = charts.iter().find(|c| c.stem.starts_with("forward-latency-lat")).unwrap();
    assert!(!forward.title.contains(INTERVAL), "{}", forward.title);
    assert!(forward.svg.contains("\ninvalid\n") && forward.svg.contains("median of invalid runs"));
    assert!(forward.caption.contains("dashed curve is of invalid runs"), "{}", forward.caption);
}

#[test]
fn an_interrupted_suite_says_so() {
    let (charts, page) = draw(&fixture::interrupted());
    assert!(page.contains("Interrupted. ") && page.contains("Nothing was compared."));
    assert!(page.contains("Not compared. Median throughput: 6.45 M records/s with pipelined; "));
    assert_eq!(charts[0].title, "Throughput by variant: keyed-count");
}

#[test]
fn no_runs_no_charts() {
    let (charts, page) = draw(&fixture::empty());
    assert!(charts.is_empty());
    assert!(page.contains("No runs were recorded"));
}

#[test]
fn figures_that_are_none_are_dashes_and_never_a_panic() {
    let mut result = fixture::quick();
    let odd = [f64::NAN, 0.0, f64::INFINITY, -3.0, 1e-300];
    for (run, odd) in result.runs.iter_mut().zip(odd.iter().cycle()) {
        run.throughput_per_s = *odd;
        run.rate = Some(*odd);
        run.cpu_ns_per_record = Some(*odd);
        run.peak_memory_bytes = None;
        run.exchanges.iter_mut().for_each(|load| load.records.fill(0));
        run.exchanges.push(reports::schema::ExchangeLoad {
            exchange: String::new(),
            placement: String::new(),
            records: vec![u64::MAX, u64::MAX, 0],
            max_over_mean: *odd,
            bytes: u64::MAX,
        });
        let broken = LatencySummary {
            count: u64::MAX,
            curve: vec![(f64::NAN, 0), (0.5, u64::MAX), (0.4, 0), (7.0, 1)],
            ..Default::default()
        };
        run.latency_ns.from_planned = broken;
    }
    for (comparison, odd) in result.comparisons.iter_mut().zip(odd.iter().cycle()) {
        comparison.ratio = Some(*odd);
        comparison.interval = Some((*odd, f64::NAN));
    }
    let (_, page) = draw(&result);
    let (said, _script) = page.split_once("<script").unwrap();
    assert!(said.contains('–') && !said.contains("NaN"));
}

#[test]
fn a_variant_without_percentiles_has_dashes() {
    let mut result = fixture::quick();
    result.runs.retain(|run| run.experiment == "forward-latency");
    for run in result.runs.iter_mut().filter(|run| run.variant == INTERVAL) {
        run.latency_ns = Latencies::default();
    }
    let (charts, page) = draw(&result);
    assert!(charts[0].caption.contains("no run with enough values: microbatch"));
    assert!(charts[0].title.contains(BACK_TO_BACK), "{}", charts[0].title);
    assert!(page.contains("<td class=\"number\">–</td>"));
}

/// Latencies of one variant from 1 µs to 10 s, of the others within a factor of two.
pub(crate) fn wide() -> CompareResult {
    let mut result = fixture::quick();
    result.runs.retain(|run| run.experiment == "forward-latency");
    for run in &mut result.runs {
        let (low, high) = if run.variant == INTERVAL { (1e3, 1e10) } else { (1e6, 1.1e6) };
        run.latency_ns.from_planned = fixture::summary(3_000_000, low, high, 1.0);
    }
    result
}

#[test]
fn a_microsecond_and_ten_seconds_share_an_axis() {
    let (charts, _) = draw(&wide());
    for label in ["1 µs", "1 ms", "1 s", "\n0 %", "\n50 %", "99.999 %"] {
        assert!(charts[0].svg.contains(label), "no {label}");
    }
}

/// Names that are long, hostile or alike.
pub(crate) fn odd_names() -> CompareResult {
    let mut result = fixture::quick();
    let long = format!("{BACK_TO_BACK}, {}", "shuffle_partitions=16, placement=ring, ".repeat(6));
    for run in &mut result.runs {
        if run.variant == BACK_TO_BACK {
            run.variant = long.clone();
        }
        if run.variant == INTERVAL {
            run.variant = "<script>alert(\"1\")</script>\u{0}".into();
        }
        if run.experiment == "keyed-count" {
            run.experiment = "<script>&' ../../x".into();
        }
        if run.experiment == "word-count" {
            run.experiment = "x".repeat(200);
        }
    }
    for comparison in &mut result.comparisons {
        comparison.b = long.clone();
    }
    result
}

#[test]
fn names_are_escaped_cut_and_kept_apart() {
    let (charts, page) = draw(&odd_names());
    assert!(page.contains("&lt;script&gt;alert"));
    assert!(charts.iter().all(|chart| !chart.stem.contains(['/', '<'])));
    assert_eq!(charts[0].stem, "script-x-throughput");
    assert!(charts[0].svg.contains('…'), "a name too long is cut");
}

#[test]
fn experiments_with_one_file_name_do_not_overwrite_one_another() {
    let mut result = fixture::quick();
    for run in &mut result.runs {
        run.experiment = if run.experiment == "keyed-count" { "a b" } else { "a-b" }.into();
    }
    let (charts, _) = draw(&result);
    let mut stems: Vec<&str> = charts.iter().map(|chart| chart.stem.as_str()).collect();
    let all = stems.len();
    stems.sort_unstable();
    stems.dedup();
    assert_eq!(stems.len(), all);
}

#[test]
fn one_run_is_enough_for_a_page() {
    let mut result = fixture::quick();
    result.runs.truncate(1);
    result.comparisons.clear();
    let (charts, page) = draw(&result);
    assert!(charts[0].svg.contains("1 run"));
    assert!(page.contains("1 of 1 runs valid"));
}

#[test]
fn a_curve_ends_where_ten_values_are_left() {
    let mut result = fixture::quick();
    let few = |run: &mut RunResult| {
        run.latency_ns.from_planned = fixture::summary(200, 1e5, 1e7, 1.0);
    };
    result.runs.retain(|run| run.experiment == "forward-latency" && run.variant == PIPELINED);
    result.runs.iter_mut().for_each(few);
    let (charts, _) = draw(&result);
    assert!(charts[0].svg.contains("90 %") && !charts[0].svg.contains("99 %"));
}

/// Leaves pages in Cargo's scratch directory, `target/tmp/report`, for a look with a browser.
#[test]
#[allow(clippy::disallowed_methods, reason = "a test writes what people look at")]
fn pages_to_look_at() {
    let root = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("report");
    let _ = std::fs::remove_dir_all(&root);
    for (name, result) in [
        ("quick", fixture::quick()),
        ("invalid", fixture::with_invalid_runs()),
        ("interrupted", fixture::interrupted()),
        ("wide", wide()),
        ("odd-names", odd_names()),
    ] {
        let dir = root.join(name);
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("results.json"), serde_json::to_string(&result).unwrap()).unwrap();
        let drawn = reports::draw(&dir).unwrap();
        assert!(drawn.report.is_file() && !drawn.charts.is_empty());
    }
}

/// Figures in one sentence fit one another: the factor is the ratio of what is shown, where that of
/// the medians is another.
#[test]
fn a_factor_is_the_ratio_of_the_figures_beside_it() {
    let of = |variant: &str, repeat: u32, per_s: f64| throughput_run("it", variant, repeat, per_s);
    let (fast, slow) = ([8e6, 1e6, 1e6], [2e6, 0.5e6, 0.9e6]);
    let runs = (0..3).flat_map(|n| [of("fast", n as u32, fast[n]), of("slow", n as u32, slow[n])]);
    // (4 * 2 * 1.111)^(1/3), where the medians are 1 and 0.9 million.
    let ratio = (4.0_f64 * 2.0 * (1.0 / 0.9)).cbrt();
    let result = CompareResult {
        comparisons: vec![Comparison {
            ratio: Some(ratio),
            repeats: 3,
            ..comparison("it", Metric::THROUGHPUT.path, ("fast", "slow"), ratio, Verdict::A)
        }],
        runs: runs.collect(),
        ..empty()
    };
    let experiments = experiments(&result);
    let text = &sentences(&experiments[0])[0].text;
    assert!(text.contains("2.00 M records/s, against 965 k records/s"), "{text}");
    assert!(text.contains("a factor of 2.07"), "{text}");
}
