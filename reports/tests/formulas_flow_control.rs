//! What the page of `formulas` shows of T = B/R, from made-up results.

mod fixture;

use fixture::check::{check_chart, check_page};
use reports::formulas::flow_control::full_buffers::{self, Channel};
use reports::formulas::flow_control::{flusher_wait, micro_batch::Batches};
use reports::formulas::{
    Case, CaseVerdict, FORMULAS_SCHEMA, FormulasResult, Prediction, Reading, Tolerance,
};
use reports::schema::ChartTag;
use reports::{chart, page};
use serde_json::Value;

fn case(clock: &str, prediction: Prediction, off: f64, at: &[(&str, Value)]) -> Case {
    let case = Case {
        formula: "flow-control".into(),
        case: "a <channel> & more".into(),
        engine: "pipelined".into(),
        clock: clock.into(),
        quantity: "mean residence, ms".into(),
        form: String::new(),
        predicted: 0.0,
        measured: prediction.value * off,
        relative_error: None,
        tolerance: Tolerance::Exact,
        valid_range: String::new(),
        verdict: CaseVerdict::OutsideItsRange,
        run: "runs/1-full-buffers.json".into(),
        reading: Reading::at("/latency_ns/from_planned/mean"),
        at: at.iter().map(|(name, value)| ((*name).into(), value.clone())).collect(),
    };
    prediction.judge(case)
}

fn result() -> FormulasResult {
    let mut cases = Vec::new();
    for (credits, served) in [(2, 640_000.0), (10, 640_000.0), (32, 640_000.0), (10, 1_600_000.0)] {
        let channel = Channel { credits, backlog: 10, buffer_bytes: 8_192 };
        let (clock, off) = if served > 1e6 { ("wall", 1.04) } else { ("virtual", 1.0) };
        let mut at = vec![
            ChartTag::FullBuffers.parameter(),
            ("bytes_ahead", channel.bytes_ahead().into()),
            ("served_bytes_per_s", served.into()),
        ];
        if clock == "wall" {
            at.extend([
                ("repeats", 3.into()),
                ("interval_low", 41.25.into()),
                ("interval_high", 57.5.into()),
            ]);
        }
        cases.push(case(clock, full_buffers::predict(&channel, served, true), off, &at));
    }
    for fill_ms in [20.0, 61.8, 400.0] {
        let at = [
            ChartTag::Flusher.parameter(),
            ("fill_ms", fill_ms.into()),
            ("interval_ms", 100.0.into()),
        ];
        cases.push(case("virtual", flusher_wait::predict(fill_ms, 100.0, true), 0.99, &at));
    }
    let overload =
        Batches { fixed_s: 0.1, per_record_s: 1e-3, rate_per_s: 1_500.0, interval_s: 0.5 };
    cases.push(case("virtual", overload.predict_latency(), 9.0, &[]));
    FormulasResult {
        schema: FORMULAS_SCHEMA.into(),
        started: "2026-11-22T17:52:04Z".into(),
        command: "streamgauge formulas flow-control".into(),
        interrupted: false,
        formulas_whole: 1,
        formulas_planned: 1,
        seed: 42,
        costs: "50 ns/record".into(),
        cases,
        environment: Default::default(),
    }
}

#[test]
fn both_charts_and_the_intervals_of_the_wall_clock_are_on_the_page() {
    let result = result();
    let charts = chart::of_formulas(&result).expect("charts are drawn");
    charts.iter().for_each(|chart| check_chart("formulas flow control page", chart));
    let stems: Vec<&str> = charts.iter().map(|chart| &*chart.stem).collect();
    assert_eq!(stems, ["flow-control-residence", "flow-control-flusher-wait"]);
    let page = page::formulas::page(&result, &charts, "results/formulas");
    check_page(&page);
    let figure = page::formulas::figure;
    let interval = format!("{} to {}, 3 repeats", figure(41.25), figure(57.5));
    for text in ["T = B / R", "负载均衡", "load balancing", &interval] {
        assert!(page.contains(text), "the page lacks: {text}");
    }
    let overload = result.cases.last().expect("it is there");
    assert_eq!(overload.verdict, CaseVerdict::OutsideItsRange);
    assert_eq!(overload.relative_error, None, "a load of 1.5 is outside of every form");
}
