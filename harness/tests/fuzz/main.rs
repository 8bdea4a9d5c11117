//! Whatever comes from outside is read or refused: no text makes a parser panic, and no message is
//! without an end. `STREAMGAUGE_FUZZ_CASES` says how many texts are tried of each kind.

mod mutation;

use std::collections::BTreeMap;
use std::path::Path;

use reports::page::{self, Page};
use reports::schema::{
    COMPARE_SCHEMA, CheckpointRow, CompareResult, RUN_SCHEMA, RunResult, SeriesRow,
};
use streamgauge::{Registry, internals};
use workloads::events::key_file::KeyFile;

use mutation::Mutation;

/// Texts of each kind unless asked for otherwise.
const CASES: u64 = 300;
/// Longest message about an input, in bytes.
const LONGEST_MESSAGE: usize = 1_000;

fn cases() -> u64 {
    let asked = std::env::var("STREAMGAUGE_FUZZ_CASES").ok();
    asked.map_or(CASES, |text| text.parse().expect("a number of cases"))
}

/// Tries changed texts, and says how many of them were read; the number of the case that fails is
/// the last one on standard output.
fn try_all(texts: &[&str], mut is_read: impl FnMut(&[u8]) -> bool) -> u64 {
    let mut read = 0;
    for case in 0..cases() {
        println!("case {case}");
        let mut mutation = Mutation::new(case);
        let text = texts[mutation.below(texts.len())];
        read += u64::from(is_read(&mutation.of(text)));
    }
    // Changes must not be so many that nothing is ever read, or so few that all is.
    println!("{read} of {} were read", cases());
    read
}

#[track_caller]
fn assert_both(read: u64) {
    assert!(0 < read && read < cases(), "{read} of {} were read", cases());
}

#[test]
fn suites_are_read_or_refused() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/experiment/shipped");
    let texts = ["quick", "nexmark", "skew", "faults"]
        .map(|name| std::fs::read_to_string(shipped.join(format!("{name}.toml"))).unwrap());
    let registry = Registry::standard();
    let read = try_all(&texts.each_ref().map(String::as_str), |bytes| {
        let text = String::from_utf8_lossy(bytes);
        match internals::read_suite(&text, "x.toml", &registry) {
            Ok(experiments) => experiments > 0,
            Err(error) => {
                let message = error.to_string();
                assert!(message.len() < 9_000, "{} bytes", message.len());
                false
            }
        }
    });
    assert_both(read);
}

/// A result with something of everything that pages and charts look at.
fn result() -> String {
    let run = |variant: &str, repeat: u32| RunResult {
        schema: RUN_SCHEMA.into(),
        experiment: "latency".into(),
        workload: "keyed-count".into(),
        engine: variant.into(),
        variant: variant.into(),
        repeat,
        valid: true,
        rate: Some(1_000.0),
        series: (0..3)
            .map(|bin| SeriesRow { at_ns: bin * 100_000_000, records: 7, ..SeriesRow::default() })
            .collect(),
        recovery: reports::schema::RecoveryFigures {
            checkpoints: vec![CheckpointRow {
                id: 1,
                triggered_ns: 5,
                duration_ns: 7,
                bytes: 9,
                full: true,
                alignment_ns: 1,
                pause_ns: 2,
            }],
            ..Default::default()
        },
        ..RunResult::default()
    };
    let result = CompareResult {
        schema: COMPARE_SCHEMA.into(),
        suite: "x".into(),
        runs: vec![run("pipelined", 0), run("microbatch", 0), run("pipelined", 1)],
        ..CompareResult::default()
    };
    serde_json::to_string_pretty(&result).unwrap()
}

/// Draws what `plot` does: whatever was read can be drawn, or is refused.
fn draw(result: &CompareResult) {
    let source = reports::schema::read::Source::Results("results.json".to_owned());
    let _ = reports::words::markdown::summary(result);
    if let Ok(charts) = reports::chart::all(result) {
        let page = Page { result, charts: &charts, source: &source, directory: "x" };
        let _ = page::page(&page);
    }
}

#[test]
fn results_are_read_or_refused() {
    let read = try_all(&[&result()], |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let path = Path::new("results.json");
        let parsed =
            reports::schema::read::parse::<CompareResult>(path, &text, COMPARE_SCHEMA, "no");
        match parsed {
            Ok(result) => {
                let named = result.runs.iter().all(|run| !run.variant.contains(char::is_control));
                assert!(named, "a name with a control character");
                draw(&result);
                true
            }
            Err(error) => {
                let message = error.to_string();
                assert!(message.len() < text.len() + 8_192, "{message}");
                false
            }
        }
    });
    assert_both(read);
}

const EVENTS: &str = r#"{"event_type":0,"person":{"id":1000,"name":"a","emailAddress":"b","creditCard":"c","city":"d","state":"OR","dateTime":0,"extra":"e"}}
{"event_type":1,"auction":{"id":1000,"itemName":"a","description":"b","initialBid":100,"reserve":200,"dateTime":0,"expires":5000,"seller":1000,"category":10,"extra":"c"}}
{"event_type":2,"bid":{"auction":1000,"bidder":1000,"price":300,"channel":"Google","url":"https://x/y/z?a=1&channel_id=3","dateTime":1,"extra":"c"}}

{"event_type":2,"bid":{"auction":1000,"bidder":1001,"price":400,"channel":"x","url":"y","dateTime":4000,"extra":""}}
"#;

/// Whether a workload reads an input; if it does, its answer is computed, so that a number that it
/// cannot stand shows.
fn is_read(workload: &str, bytes: &[u8]) -> bool {
    let registry = Registry::standard();
    let workload = registry.workload(workload).unwrap();
    let knobs = workload.resolve(&BTreeMap::new(), None).unwrap();
    match workload.lines(&knobs, "in", &mut &*bytes) {
        Ok(events) => {
            let _ = events.expected(u64::MAX);
            let lines = bytes.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
            assert!(events.replay().most().is_some_and(|count| count <= lines));
            true
        }
        Err(error) => {
            let message = error.to_string();
            assert!(message.starts_with("in") && message.len() < LONGEST_MESSAGE, "{message}");
            false
        }
    }
}

#[test]
fn events_are_read_or_refused() {
    let mut number = 0;
    let read = try_all(&[EVENTS], |bytes| {
        number += 1;
        is_read(&format!("nexmark-q{}", number % 24), bytes)
    });
    assert_both(read);
}

#[test]
fn keyed_events_and_lines_are_read_or_refused() {
    let keyed = "{\"key\":1}\n{\"key\":18446744073709551615,\"payload\":\"abc\"}\n\n{\"key\":2}\n";
    let workloads = ["forward", "keyed-count", "windowed-count", "word-count", "uppercase"];
    let mut number = 0;
    let read = try_all(&[keyed, "to be or not\nto be\n\nétude\n"], |bytes| {
        number += 1;
        is_read(workloads[number % workloads.len()], bytes)
    });
    assert_both(read);
}

#[test]
fn key_files_are_read_or_refused() {
    let read = try_all(&["7\n8,2\n\n9\t0.5\n10 , 1e3\n"], |bytes| {
        KeyFile::parse("keys", bytes).map_or_else(
            |error| {
                let message = error.to_string();
                assert!(
                    message.starts_with("keys") && message.len() < LONGEST_MESSAGE,
                    "{message}"
                );
                false
            },
            |file| {
                let _ = file.key(u64::MAX);
                true
            },
        )
    });
    assert_both(read);
}
