//! Profiles: what work costs, where that is from, and what follows from it.

use serde_json::Value;

use crate::program::{run, words};

/// Each engine in modelled time, with this price of planning a batch.
fn simulated(batch_ms: u64) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let line = format!(
        "compare --clock virtual --workload keyed-count --rate 2k --duration 12s --repeats 5 --engine \
         pipelined --engine microbatch,batch_interval_ms=0 --set cost.batch={batch_ms}000000 --out r"
    );
    // A machine that is busy disturbs nothing that is simulated.
    let ended = run(folder.path(), &words(&line)).with_status(0);
    let text = std::fs::read_to_string(folder.path().join("r/results.json")).unwrap();
    let mut result: Value = serde_json::from_str(&text).unwrap();
    result["table"] = ended.out.into();
    let page = std::fs::read_to_string(folder.path().join("r/report.html")).unwrap();
    result["page"] = page.into();
    result
}

/// At 30 ms a batch is over before the flusher comes, at 90 ms it is not.
#[test]
fn a_tripled_price_changes_sentence_table_and_verdict() {
    let (cheap, dear) = (simulated(30), simulated(90));
    let headline = |result: &Value| {
        let all = result["comparisons"].as_array().unwrap();
        let own = all.iter().find(|it| it["metric"] == "latency_ns.from_planned.p99").unwrap();
        assert_eq!((own["a"].as_str(), own["repeats"].as_u64()), (Some("pipelined"), Some(5)));
        (own["verdict"].as_str().unwrap().to_owned(), own["ratio"].as_f64().unwrap())
    };
    let ((before, cheap_ratio), (after, dear_ratio)) = (headline(&cheap), headline(&dear));
    assert_eq!((before.as_str(), after.as_str()), ("b", "a"));
    // A latency of the pipelined engine over that of batches, which are three times as long.
    assert!((2.5..3.5).contains(&(cheap_ratio / dear_ratio)), "{cheap_ratio} {dear_ratio}");
    for (result, ahead, price) in
        [(&cheap, "microbatch, batch_interval_ms=0", "30000000"), (&dear, "pipelined", "90000000")]
    {
        for place in ["table", "page"] {
            let text = result[place].as_str().unwrap().replace("&nbsp;", " ");
            let sentence = format!("{ahead} is ahead");
            assert!(text.contains(&sentence), "{place}: {text}");
            let priced = format!("simulated, priced as bare, batch={price}");
            assert!(text.contains(&priced), "{place}: {text}");
        }
    }
    assert_ne!(cheap["table"], dear["table"]);
}

/// Repeats that are simulated have the same events, and other phases of what is periodic.
#[test]
fn simulated_repeats_differ_and_are_the_same_each_time() {
    let (first, again) = (simulated(20), simulated(20));
    let latencies = |result: &Value| -> Vec<Value> {
        let runs = result["runs"].as_array().unwrap().iter();
        runs.map(|run| run["latency_ns"]["from_planned"]["mean"].clone()).collect()
    };
    assert_eq!(latencies(&first), latencies(&again));
    let of = |repeat: usize| {
        let runs = first["runs"].as_array().unwrap();
        let own = runs.iter().filter(|run| run["variant"] == "pipelined");
        own.map(|run| run["latency_ns"]["from_planned"]["mean"].clone()).nth(repeat).unwrap()
    };
    assert_ne!(of(0), of(1));
}

#[test]
fn a_calibrated_profile_prices_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let line = "calibrate bare --repeats 1 --duration 5ms --out made";
    let made = run(folder.path(), &words(line)).with_status(0).out;
    assert!(made.contains("Use it: --set profile=made/bare.toml"), "{made}");
    let line = "run --engine microbatch --workload keyed-count --clock virtual --rate 20k --events 20000 \
                --set profile=made/bare.toml --set cost.task=7 --json";
    let result = run(folder.path(), &words(line)).with_status(0).json();
    let costs = &result["costs"];
    assert_eq!(costs["profile"], "bare, task=7");
    let kinds = costs["kinds"].as_array().unwrap();
    let of = |name: &str| kinds.iter().find(|kind| kind["kind"] == name).unwrap();
    assert_eq!(
        (of("task")["price_ns"].as_f64(), of("task")["place"].as_str()),
        (Some(7.0), Some("core"))
    );
    assert!(of("record")["price_ns"].as_f64() > Some(0.0));
    // Two stages take each event in.
    assert_eq!(of("record")["count"].as_u64(), Some(40_000), "records");
    let all: f64 = kinds.iter().map(|kind| kind["ns_per_record"].as_f64().unwrap()).sum();
    assert!((costs["modelled_ns_per_record"].as_f64().unwrap() - all).abs() < 1e-9 * all);
}

#[test]
fn what_is_wrong_with_a_profile_is_said_where_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |line: &str, expected: &str| {
        let error = run(folder.path(), &words(line)).with_status(2).err;
        assert!(error.contains(expected), "{line}: {error}");
    };
    let start = "run --engine pipelined --workload forward --events 10";
    refused(&format!("{start} --set profile=bear"), "did you mean `bare`?");
    refused(&format!("{start} --set profile=no.toml"), "cannot read the profile no.toml");
    refused(&format!("{start} --set profile=7"), "there is no profile `7`");
    refused(&format!("{start} --set cost.recrod=7"), "cost.record");
    refused(&format!("{start} --set cost.record=-7"), "takes a number from 0");
    std::fs::write(folder.path().join("mine.toml"), "name = \"mine\"\nprice = 7\n").unwrap();
    refused(&format!("{start} --set profile=mine.toml"), "mine.toml:2:1: unknown field `price`");
    let suite = "[[experiment]]\nworkload = \"forward\"\nengines = [\"pipelined\"]\nrate = \"max\"\n\
                 events = 10\nclock = \"virtal\"\n";
    std::fs::write(folder.path().join("suite.toml"), suite).unwrap();
    refused("compare suite.toml", "suite.toml:6:9: a clock is `wall` or `virtual`");
    let suite =
        suite.replace("virtal", "virtual").replace("[\"pipelined\"]", "[\"pipelined,profile=x\"]");
    std::fs::write(folder.path().join("suite.toml"), suite).unwrap();
    refused("compare suite.toml", "suite.toml:3:12: there is no profile `x`");
}
