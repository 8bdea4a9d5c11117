//! The chart and the page of `consistency`, from made-up results.

mod fixture;

use fixture::check::{check_chart, check_page};
use fixture::consistency::{cell, consistent};
use reports::chart::{self, Chart};
use reports::page;
use reports::schema::consistency::ConsistencyResult;
use reports::words::consistency::{figures, finding};

fn draw(result: &ConsistencyResult) -> (Option<Chart>, String) {
    let mut charts = chart::of_consistency(result).expect("the chart is drawn");
    charts.iter().for_each(|chart| check_chart("consistency page", chart));
    let page = page::consistency::page(result, &charts, "results/consistency");
    check_page(&page);
    assert!(charts.len() < 2);
    (charts.pop(), page)
}

#[test]
fn chart_and_page_say_what_was_seen() {
    let (chart, page) = draw(&consistent());
    let chart = chart.expect("something was seen");
    assert_eq!(chart.file(), "charts/consistency.svg");
    assert_eq!(
        chart.title,
        "nexmark-q4 on pipelined under at-least-once shows the answer to no prefix of its input \
         for 7.7 % of the time, on microbatch for 0 % at most; what a commit shows is always one"
    );
    for text in [
        "60 %, for 2.00 ms (longest 75.0 ms)",
        "transfers",
        "exactly-once",
        "1,000 events in one split, 1,000 events/s, parallelism 4, 2 seeds, virtual clock",
    ] {
        assert!(chart.svg.contains(text), "the chart lacks: {text}");
    }
    for text in [
        "until the result is consistent again",
        "60 %",
        "75.0 ms",
        "buffer_timeout_ms",
        "AMD EPYC 7B13",
    ] {
        assert!(page.contains(text), "the page lacks: {text}");
    }
    assert!(page.contains("streamgauge plot results/consistency"));
    assert!(!page.contains("class=\"warn\""), "no promise was broken");
}

#[test]
fn a_cell_adds_up_its_seeds() {
    let cell = cell("transfers", "pipelined", "none", 30);
    assert_eq!((cell.states(), cell.unjustified_share()), (100, Some(0.6)));
    assert_eq!(cell.range_of_share(), Some((0.5, 0.75)));
    assert_eq!(cell.until_consistent_ns(), Some((2_000_000, 75_000_000)));
    assert_eq!(figures(&consistent(), &cell), ["100", "60 %", "7.7 %", "2.00 ms", "75.0 ms"]);
}

#[test]
fn a_commit_that_shows_a_half_is_a_broken_promise() {
    let mut result = consistent();
    result.cells[2].seeds[1].unjustified = 1;
    assert_eq!(finding(&result), "Broken promise: transfers on pipelined under exactly-once");
    assert!(draw(&result).1.contains("class=\"warn\""));
    let mut result = consistent();
    result.cells[3].seeds[0].right = false;
    assert_eq!(finding(&result), "Broken promise: transfers on microbatch under none");
}

#[test]
fn without_states_there_is_no_chart_and_a_page_that_says_so() {
    let mut result = consistent();
    result.cells.retain(|cell| cell.engine == "microbatch");
    assert_eq!(
        finding(&result),
        "Every state that was seen is the answer to a prefix of the input"
    );
    assert!(draw(&result).0.is_some());
    result.cells.clear();
    result.interrupted = true;
    let (chart, page) = draw(&result);
    assert!(
        chart.is_none() && page.contains("No runs were recorded") && page.contains("Interrupted")
    );
}
