//! The charts of `recover` and `skew` with every kind of data that the others are drawn with.

mod fixture;

use fixture::check::check_chart;
use fixture::kinds::{CASES, Case, LONG, TYPICAL};
use fixture::recovery::recovered;
use fixture::skew::{Shape, skewed};
use reports::chart::{self, Chart};
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

fn skew_chart(case: Case) -> Chart {
    chart::of_skew(&place(case)).unwrap().pop().expect("there are records")
}

#[test]
fn charts_of_recover_and_skew_are_whole_in_every_case() {
    for case in CASES {
        let charts = [recovery_chart(case), skew_chart(case)];
        charts.iter().for_each(|chart| check_chart(case.name, chart));
        assert_eq!(charts, [recovery_chart(case), skew_chart(case)], "the same each time");
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
