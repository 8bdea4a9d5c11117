//! The charts and the page of `formulas`, from made-up results.
#![allow(clippy::disallowed_methods, reason = "these tests prepare result directories")]

mod fixture;

use std::fs;

use fixture::check::{check_chart, check_page};
use reports::chart::{self, Chart};
use reports::formulas::chapters::CHAPTERS;
use reports::formulas::partitioning::hot_key;
use reports::formulas::partitioning::zipf::Zipf;
use reports::formulas::placement::{moved_by_remainder, moved_key_groups};
use reports::formulas::{
    Case, CaseVerdict, FORMULAS_SCHEMA, FormulasResult, Prediction, Reading, Tolerance,
};
use reports::page;
use reports::schema::ChartTag;
use serde_json::Value;

fn case(formula: &str, prediction: Prediction, off: f64, at: &[(&str, Value)]) -> Case {
    let case = Case {
        formula: formula.into(),
        case: "a <case> & more".into(),
        engine: "pipelined".into(),
        clock: "virtual".into(),
        quantity: "share of keys that moves".into(),
        form: String::new(),
        predicted: 0.0,
        measured: prediction.value * off,
        relative_error: None,
        tolerance: Tolerance::Exact,
        valid_range: String::new(),
        verdict: CaseVerdict::OutsideItsRange,
        run: "runs/1-keyed-count-pipelined.json".into(),
        reading: Reading::MovedKeys,
        at: at.iter().map(|(name, value)| ((*name).into(), value.clone())).collect(),
    };
    prediction.judge(case)
}

fn result() -> FormulasResult {
    let mut cases = Vec::new();
    for partitions in [4_u32, 16, 64] {
        for exponent in [0.0, 1.2] {
            let keys = Zipf::new(1_000, exponent);
            let at = [
                ChartTag::MaxOverMeanByPartitions.parameter(),
                ("partitions", partitions.into()),
                ("exponent", exponent.into()),
                ("keys", 1_000.into()),
                ("events", 100_000.into()),
                ("placement", "splitmix".into()),
            ];
            let prediction = hot_key::predict(keys, 1_000, 100_000, partitions);
            cases.push(case("partitioning", prediction, 0.97, &at));
        }
    }
    for (family, prediction) in [
        ("remainder", moved_by_remainder::predict(8, 9, 100_000)),
        ("key-groups", moved_key_groups::predict_keys(128, 8, 9, 100_000)),
        ("key-groups", moved_key_groups::predict_folklore(128, 7)),
        ("remainder", moved_by_remainder::predict(31, 32, 100_000)),
    ] {
        let from = if family == "remainder" && prediction.value > 0.95 { 31 } else { 8 };
        let at = [
            ChartTag::MovedToNext.parameter(),
            ("family", family.into()),
            ("from", Value::from(from)),
        ];
        cases.push(case("placement", prediction, if from == 31 { 0.5 } else { 1.0 }, &at));
    }
    FormulasResult {
        schema: FORMULAS_SCHEMA.into(),
        started: "2026-11-22T17:52:04Z".into(),
        command: "streamgauge formulas".into(),
        interrupted: false,
        formulas_whole: 3,
        formulas_planned: 3,
        seed: 42,
        costs: "50 ns/record".into(),
        cases,
        environment: Default::default(),
    }
}

fn draw(result: &FormulasResult) -> (Vec<Chart>, String) {
    let charts = chart::of_formulas(result).expect("charts are drawn");
    charts.iter().for_each(|chart| check_chart("formulas page", chart));
    let page = page::formulas::page(result, &charts, "results/formulas");
    check_page(&page);
    (charts, page)
}

#[test]
fn the_page_has_the_formula_its_terms_and_every_case() {
    let (charts, page) = draw(&result());
    assert_eq!(charts.len(), 2);
    for text in [
        "P = N / M",
        "数据分区",
        "一致性哈希",
        "consistent hashing",
        "a &lt;case&gt; &amp; more",
        "does not hold",
        "outside its range",
        "-50.00 %",
        "runs/1-keyed-count-pipelined.json",
        "streamgauge formulas placement",
        "streamgauge plot results/formulas",
    ] {
        assert!(page.contains(text), "the page lacks: {text}");
    }
    // A chapter without a case is not shown.
    assert!(!page.contains("T = B / R"), "nothing was measured of it");
}

#[test]
fn a_bound_and_a_case_outside_have_no_error() {
    for case in &result().cases {
        let has_error = !case.tolerance.is_bound() && case.verdict != CaseVerdict::OutsideItsRange;
        assert_eq!(case.relative_error.is_some(), has_error, "{case:?}");
    }
}

#[test]
fn nothing_measured_is_a_page_without_charts() {
    let (charts, page) = draw(&FormulasResult { cases: Vec::new(), ..result() });
    assert!(charts.is_empty());
    assert!(page.contains("No case was measured."));
}

/// Leaves the page in Cargo's scratch directory, for a look with a browser.
#[test]
#[allow(clippy::disallowed_methods, reason = "a test writes what people look at")]
fn a_page_to_look_at() {
    let dir = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("formulas");
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("results.json"), serde_json::to_string(&result()).unwrap()).unwrap();
    let drawn = reports::draw(&dir).unwrap();
    assert!(drawn.report.is_file() && !drawn.charts.is_empty());
}

#[test]
fn a_saved_result_is_drawn_again_to_the_byte() {
    let folder = tempfile::tempdir().unwrap();
    let text = serde_json::to_string(&result()).unwrap();
    let read: FormulasResult = serde_json::from_str(&text).unwrap();
    let judged = |result: &FormulasResult| -> Vec<_> {
        let cases = result.cases.iter();
        cases.map(|case| (case.verdict, case.reading.clone(), case.run.clone())).collect()
    };
    assert_eq!(judged(&read), judged(&result()));
    fs::write(folder.path().join("results.json"), text).unwrap();
    let read = || {
        let drawn = reports::draw(folder.path()).unwrap();
        let files = drawn.charts.iter().chain([&drawn.report]);
        files.map(|file| fs::read(file).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(read(), read());
}

#[test]
fn every_chapter_has_words_in_both_languages() {
    for chapter in &CHAPTERS {
        assert!(chapter.chinese.contains('，') && chapter.english.contains("formula"));
        assert!(chapter.terms.len() >= 4 && !chapter.meaning.is_empty());
        assert!(chapter.command().ends_with(chapter.name));
    }
}
