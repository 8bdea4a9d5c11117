//! Every engine and every evaluator gives the answer of Apache Flink SQL. The files and what they
//! hold are told by `README.md` beside this one.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use dataflow::StopSignal;
use serde_json::Value;
use streamgauge::Registry;
use streamgauge::internals::{
    Answer, Clock, Executor, Rate, Real, RowWriter, RunIo, RunSpec, Silent,
};

const EVENTS: &str = include_str!("events.ndjson");
/// What watermarks allowed for when Flink answered.
const DISORDER_MS: u64 = 4_000;

/// The queries that have an answer.
fn golden() -> Vec<(String, Vec<String>)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/flink-2.3");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut golden: Vec<_> = files
        .map(|path| {
            let query = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            let mut rows: Vec<_> =
                text.lines().map(|line| canonical(serde_json::from_str(line).unwrap())).collect();
            rows.sort();
            (query, rows)
        })
        .collect();
    golden.sort();
    golden
}

/// A row as the text of its columns. What is a whole number is written as one, as a decimal may
/// end in zeros or not.
fn canonical(row: Value) -> String {
    let columns: Vec<Value> = match row {
        Value::Array(columns) => columns,
        Value::Object(columns) => columns.into_iter().map(|(_, column)| column).collect(),
        other => panic!("{other} is no row"),
    };
    let text = |column: &Value| match column.as_f64() {
        Some(number) => format!("{number:.3}"),
        None => column.to_string(),
    };
    columns.iter().map(text).collect::<Vec<_>>().join(", ")
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    /// The rows that are left once every change was followed, sorted.
    fn folded(&self) -> Vec<String> {
        let text = String::from_utf8(std::mem::take(&mut self.0.lock().unwrap())).unwrap();
        let mut counts: BTreeMap<String, i64> = BTreeMap::new();
        for line in text.lines() {
            let mut row: Value = serde_json::from_str(line).unwrap();
            let op = row.as_object_mut().unwrap().shift_remove("op");
            let sign = match op.as_ref().and_then(Value::as_str) {
                None | Some("+I" | "+U") => 1,
                Some("-U" | "-D") => -1,
                Some(other) => panic!("{other} is no change"),
            };
            *counts.entry(canonical(row)).or_default() += sign;
        }
        assert!(counts.values().all(|count| *count >= 0), "a row was taken out that was not there");
        counts.into_iter().flat_map(|(row, count)| vec![row; count as usize]).collect()
    }
}

/// Runs a query over the events. Its evaluator must agree with the engine.
fn answer(query: &str, engine: &str, parallelism: u32, clock: Clock) -> Vec<String> {
    let registry = Registry::standard();
    let spec = RunSpec::new(&registry, engine, &format!("nexmark-{query}")).unwrap();
    let own = ("disorder_ms".to_owned(), DISORDER_MS.into());
    let spec = spec
        .knobs([own].into())
        .rate(Rate::Max)
        .events(EVENTS.lines().count() as u64)
        .parallelism(parallelism)
        .clock(clock)
        .resolve()
        .unwrap();
    let events = spec.workload.lines(spec.knobs(), "events.ndjson", &mut EVENTS.as_bytes());
    let (events, lines) = (events.unwrap(), Lines::default());
    let rows = RowWriter::at_once("memory", Box::new(lines.clone()));
    let run_clock = spec.run_clock().unwrap();
    let stop = StopSignal::default();
    let io = RunIo::new(Answer::Evaluated, &stop, &Silent).events(&*events).clock(&run_clock);
    let result = Real.run(&spec, io.rows(Some(&rows))).unwrap().result;
    let what = format!("{query} on {engine} at {parallelism}, {clock:?}");
    assert_eq!(
        Some(result.output.digest),
        result.output.expected_digest,
        "{what}: the evaluator's"
    );
    lines.folded()
}

#[test]
fn engines_and_evaluators_give_the_answers_of_flink() {
    let golden = golden();
    assert_eq!(golden.len(), 23, "q0 to q23 without q6");
    let mut wrong = Vec::new();
    for (query, rows) in &golden {
        for clock in [Clock::Virtual, Clock::Wall] {
            for (engine, parallelisms) in [
                ("sequential", &[1][..]),
                ("pipelined", &[1, 2, 3, 8]),
                ("microbatch", &[1, 2, 3, 8]),
            ] {
                for parallelism in parallelisms {
                    let own = answer(query, engine, *parallelism, clock);
                    if own != *rows {
                        wrong.push(difference(query, engine, *parallelism, &own, rows));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What one has and the other has not.
fn difference(
    query: &str,
    engine: &str,
    parallelism: u32,
    own: &[String],
    rows: &[String],
) -> String {
    let beyond = |these: &[String], those: &[String]| {
        let only: Vec<_> = these.iter().filter(|row| !those.contains(row)).cloned().collect();
        only.join("; ")
    };
    let (ours, theirs) = (beyond(own, rows), beyond(rows, own));
    let (own, rows) = (own.len(), rows.len());
    format!(
        "{query} on {engine} at {parallelism}: {own} rows, not {rows}; only here {ours}; only there {theirs}"
    )
}
