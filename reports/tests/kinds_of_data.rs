//! The charts of `recover`, `consistency` and `skew` with every kind of data that the others are drawn with.

mod fixture;

use fixture::check::check_chart;
use fixture::consistency::{cell, consistent};
use fixture::kinds::{CASES, Case, LONG, TYPICAL};
use fixture::recovery::recovered;
use fixture::skew::{Shape, skewed};
use reports::chart::{self, Chart};
use reports::schema::consistency::ConsistencyResult;
use reports::schema::recovery::RecoverResult;
use reports::schema::skew::SkewResult;
use reports::schema::{SERIES_BIN_NS, SeriesRow};

/// The failure of the fixture in runs of so many bins with such latencies.
fn recover(case: Case) -> RecoverResult {
    let mut result = recovered();
    let (low, high) = case.span;
    for run in &mut result.runs {
        let run = &mut run.run;
        run.valid = case.valid;
        let row = |bin: u64| SeriesRow {
            at_ns: bin * SERIES_BIN_NS,
            records: 1 + (high - low).min(2_000) * (bin % 3),
            latency_ns_max: low + (high - low) / 7 * (bin % 8),
            ..SeriesRow::default()
        };
        if case.name != TYPICAL.name {
            run.series = (0..case.bins).map(row).collect();
        }
        if case.variants.contains(&LONG) {
            run.variant = format!("{}, {LONG}", run.engine);
        }
    }
    result
}

fn watch(case: Case) -> ConsistencyResult {
    let mut result = consistent();
    let (low, high) = case.span;
    match case.name {
        "one point" => result.cells.truncate(1),
        "ten thousand points" => {
            let workloads = (0..10_000).map(|number| format!("workload-{number}"));
            result.cells = workloads.map(|it| cell(&it, "pipelined", "none", 7)).collect();
        }
        "long names" => {
            for cell in &mut result.cells {
                cell.variant = format!("{}, {LONG}", cell.engine);
                cell.workload = LONG.into();
            }
        }
        _ => {}
    }
    for seed in result.cells.iter_mut().flat_map(|cell| &mut cell.seeds) {
        if case.name != TYPICAL.name && !seed.until_consistent_ns.is_empty() {
            seed.until_consistent_ns = vec![low, low + (high - low) / 7, high];
            seed.right = case.valid;
        }
    }
    result
}

fn place(case: Case) -> SkewResult {
    let shape = Shape {
        placements: &["modulo", "java-hash", "ring"],
        partitions: 8,
        windows: 60,
        loads: (40, 160),
    };
    skewed(match case.name {
        "one point" => Shape { placements: &["modulo"], partitions: 1, windows: 1, ..shape },
        "ten thousand points" => Shape { partitions: 128, windows: 79, ..shape },
        "zero variance" => Shape { loads: (100, 100), ..shape },
        "six decades" => Shape { loads: (1, 1_000_000), ..shape },
        "long names" => Shape { placements: &[LONG, "ring"], ..shape },
        _ => shape,
    })
}

fn recovery_chart(case: Case) -> Chart {
    chart::of_recovery(&recover(case)).unwrap().pop().expect("something was emitted")
}

fn consistency_chart(case: Case) -> Chart {
    chart::of_consistency(&watch(case)).unwrap().pop().expect("there are states")
}

fn skew_chart(case: Case) -> Chart {
    chart::of_skew(&place(case)).unwrap().pop().expect("there are records")
}

#[test]
fn charts_of_recover_consistency_and_skew_are_whole_in_every_case() {
    let all = |case| [recovery_chart(case), consistency_chart(case), skew_chart(case)];
    for case in CASES {
        let charts = all(case);
        charts.iter().for_each(|chart| check_chart(case.name, chart));
        assert_eq!(charts, all(case), "the same each time");
    }
}

#[test]
fn their_figures_are_those_of_the_results() {
    let few = Case { name: "few", bins: 3, ..TYPICAL };
    insta::assert_snapshot!("figures_of_recovery", recovery_chart(few).data().unwrap());
    let shape = Shape { placements: &["ring"], partitions: 2, windows: 2, loads: (1, 3) };
    let chart = chart::of_skew(&skewed(shape)).unwrap().remove(0);
    insta::assert_snapshot!("figures_of_skew", chart.data().unwrap());
}
