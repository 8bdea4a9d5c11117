//! The chart and the page of `recover`, from made-up results.
#![allow(clippy::disallowed_methods, reason = "these tests prepare result directories")]

mod fixture;

use std::fs;
use std::path::Path;

use fixture::check::{check_chart, check_page};
use fixture::recovery::recovered;
use reports::chart::{self, Chart};
use reports::page;
use reports::schema::recovery::{RecoverOutput, RecoverResult};
use reports::words::recovery::finding;

fn draw(result: &RecoverResult) -> (Option<Chart>, String) {
    let mut charts = chart::of_recovery(result).expect("the chart is drawn");
    charts.iter().for_each(|chart| check_chart("recovery page", chart));
    let page = page::recovery::page(result, &charts, "results/recover");
    check_page(&page);
    assert!(charts.len() < 2);
    (charts.pop(), page)
}

#[test]
fn chart_and_page_say_what_each_guarantee_did() {
    let (chart, page) = draw(&recovered());
    let chart = chart.expect("something was emitted");
    assert_eq!(chart.file(), "charts/recovery.svg");
    assert_eq!(
        chart.title,
        "Exactly-once loses and duplicates nothing; back after 1.06 s on pipelined, 1.06 s on \
         microbatch, batch_interval_ms=0"
    );
    let drawn = [
        "pipelined",
        "ended by the failure, 72,013 lost",
        "0 lost, 4,821 duplicated",
        "0 lost, 0 duplicated",
        "Emitted, k records/s, mean of the past 0.4 s",
        "Largest latency in each 0.1 s, logarithmic",
        "Seconds since the start",
        "\nfailure",
        "\n1 s\n",
        "checkpoint_interval_ms=200",
        "20,000\u{a0}events/s",
    ];
    for text in drawn {
        assert!(chart.svg.contains(text), "the chart lacks: {text}");
    }
    // One colour for each guarantee, the same in every panel.
    for colour in ["#0072B2", "#D55E00", "#009E73"] {
        assert!(chart.svg.matches(colour).count() >= 6, "{colour}");
    }
    for text in [
        "Replayed events",
        "1.02 s",
        "41.0 ms",
        "1.09 s",
        "72,013",
        "4,821",
        "ended by the failure",
    ] {
        assert!(page.contains(text), "the page lacks: {text}");
    }
    assert!(page.contains("streamgauge plot results/recover") && page.contains("AMD EPYC 7B13"));
    assert!(!page.contains("class=\"warn\""), "no promise was broken");
}

#[test]
fn the_same_results_give_the_same_bytes() {
    assert_eq!(draw(&recovered()), draw(&recovered()));
}

#[test]
fn a_broken_promise_is_the_finding() {
    let mut result = recovered();
    let exactly_once = &mut result.runs[2];
    (exactly_once.duplicated, exactly_once.output) = (Some(7), RecoverOutput::Differs);
    let expected = "Broken promise: exactly-once on pipelined lost 0 rows and duplicated 7";
    assert_eq!(finding(&result), expected);
    assert!(draw(&result).1.contains("class=\"warn\""));
    let mut result = recovered();
    result.runs[1].lost = Some(1);
    assert!(finding(&result).contains("at-least-once on pipelined lost 1 rows"));
    let mut result = recovered();
    result.runs[1].duplicated = Some(u64::MAX);
    assert!(finding(&result).starts_with("Exactly-once"), "it may duplicate");
}

#[test]
fn what_did_not_fail_or_did_not_end_says_so() {
    let mut result = recovered();
    result.runs.iter_mut().for_each(|run| run.run.recovery.failures.clear());
    assert_eq!(finding(&result), "Nothing failed");
    assert!(draw(&result).1.contains("equal (nothing failed)"));
    let mut result = recovered();
    result.interrupted = true;
    result.runs.truncate(2);
    (result.runs[1].lost, result.runs[1].duplicated) = (None, None);
    result.runs[1].output = RecoverOutput::Interrupted;
    assert_eq!(finding(&result), "No run with a guarantee came to its end");
    assert!(draw(&result).1.contains("Interrupted. "));
}

#[test]
fn no_runs_and_odd_figures_are_drawn_without_a_panic() {
    let mut result = recovered();
    result.runs.clear();
    let (chart, page) = draw(&result);
    assert!(chart.is_none() && page.contains("No runs were recorded"));
    let mut result = recovered();
    for (run, odd) in result.runs.iter_mut().zip([0, 1, u64::MAX].iter().cycle()) {
        (run.outage_ns, run.catch_up_ns, run.replayed) = (Some(*odd), Some(*odd), *odd);
        run.run.recovery.failures[0].at_ns = *odd;
        run.run.rate = Some(f64::NAN);
        run.run.settings.insert("batch_interval_ms".into(), serde_json::Value::Null);
        for row in &mut run.run.series {
            (row.records, row.latency_ns_max) = (*odd, *odd);
        }
    }
    draw(&result);
}

/// One engine alone, and seven of them with long names.
fn of_engines(number: usize) -> RecoverResult {
    let mut result = recovered();
    let three: Vec<_> = result.runs.drain(..3).collect();
    result.runs = (0..number)
        .flat_map(|engine| {
            let mut runs = three.clone();
            for run in &mut runs {
                run.run.variant = format!("pipelined, {}={engine}", "restart_delay_ms".repeat(5));
            }
            runs
        })
        .collect();
    result
}

#[test]
fn one_engine_has_the_whole_width_and_the_seventh_is_named_as_left_out() {
    assert!(draw(&of_engines(1)).0.is_some());
    let caption = draw(&of_engines(7)).0.expect("a chart").caption;
    assert!(caption.contains("1 more engines are not drawn"), "{caption}");
}

#[test]
fn a_folder_of_recover_is_drawn_as_one() {
    let folder = tempfile::tempdir().unwrap();
    let write = |text: &str| fs::write(folder.path().join("results.json"), text).unwrap();
    let text = serde_json::to_string_pretty(&recovered()).unwrap();
    write(&text);
    let drawn = reports::draw(folder.path()).unwrap();
    assert_eq!(drawn.charts, [folder.path().join("charts/recovery.svg")]);
    assert!(fs::read_to_string(drawn.report).unwrap().contains("Streamgauge: recover"));
    write(
        &text.replace("\"interrupted\": false,\n  \"fault\"", "\"interrupted\": 7,\n  \"fault\""),
    );
    let error = reports::draw(folder.path()).unwrap_err().to_string();
    assert!(error.contains("results.json:5:") && error.contains("recover"), "{error}");
}

/// Leaves pages in Cargo's scratch directory, `target/tmp/recover`, for a look with a browser.
#[test]
fn pages_to_look_at() {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("recover");
    for (name, result) in [("two", recovered()), ("seven", of_engines(7))] {
        let dir = root.join(name);
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("results.json"), serde_json::to_string(&result).unwrap()).unwrap();
        assert!(reports::draw(&dir).unwrap().report.is_file());
    }
}
