//! `docs/results.md` names every field of real results, and none that is not there.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::program::{run, words};

/// The names of fields in the tables of the page.
fn documented() -> BTreeSet<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/results.md");
    let page = std::fs::read_to_string(path).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    rows.map(|(field, _)| field.trim_end_matches("[]").to_owned())
        .filter(|field| !field.contains('/') && !field.contains(".html") && field != "summary.md")
        .filter(|field| field != "results.json")
        .collect()
}

/// Adds the names of the fields of a value, as the page writes them.
fn fields(value: &Value, place: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                let path = match place {
                    "" | "runs[]" => name.clone(),
                    // The page points to `list` for these.
                    "settings" | "knobs" => continue,
                    _ if place.starts_with("latency_ns.") => format!("latency_ns.*.{name}"),
                    _ => format!("{place}.{name}"),
                };
                fields(value, &path, found);
                found.insert(path);
            }
        }
        Value::Array(items) => {
            let place = if place.ends_with("[]") { place.to_owned() } else { format!("{place}[]") };
            items.iter().for_each(|item| fields(item, &place, found));
        }
        _ => {}
    }
}

#[test]
fn every_field_of_real_results_is_documented_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let common = "--workload windowed-count --rate 20k --set window_ms=20 --repeats 1 --duration 1500ms --json";
    let faults = "[[experiment]]\nworkload = \"windowed-count\"\nrate = 20_000\nduration = \"1s\"\n\
                  knobs = { window_ms = 20 }\n\
                  engines = [\"pipelined\", \"microbatch,batch_interval_ms=20\"]\nrepeats = 1\n\
                  settings = { guarantee = \"exactly-once\", checkpoint_interval_ms = 50 }\n\
                  faults = [\"kill:subtask@40%\", \"kill:task@40%\"]\n";
    std::fs::write(folder.path().join("faults.toml"), faults).unwrap();
    let mut found = BTreeSet::new();
    // Whether runs are valid depends on the machine, and does not matter here.
    for line in [
        format!("compare {common} --against-itself"),
        format!("sweep {common} --axis parallelism=1,2"),
        "compare faults.toml --json".to_owned(),
        "compare --duet --workload keyed-count --duration 600ms --repeats 1 --json".to_owned(),
    ] {
        fields(&run(folder.path(), &words(&line)).json(), "", &mut found);
    }
    // Percentiles are pooled over valid runs, and nothing disturbs those that are simulated.
    let short =
        "compare --clock virtual --workload keyed-count --rate 2k --events 900 --repeats 3 --json";
    fields(&run(folder.path(), &words(short)).json(), "", &mut found);
    // A job that goes on at another parallelism says what moved.
    let job = "run --engine pipelined --workload windowed-count --clock virtual --rate 20k \
               --events 10000 --guarantee exactly-once --set checkpoint_interval_ms=50 \
               --set window_ms=20 --set late_fraction=0.05 --checkpoint-dir state --output file:out --json";
    for more in ["--stop-after 5000", "--resume --parallelism 3"] {
        fields(&run(folder.path(), &words(&format!("{job} {more}"))).json(), "", &mut found);
    }
    let documented = documented();
    let plain = |field: &String| field.trim_end_matches("[]").to_owned();
    let found: BTreeSet<String> = found.iter().map(plain).collect();
    let missing: Vec<_> = found.difference(&documented).collect();
    assert!(missing.is_empty(), "not in docs/results.md (scripts/describe-results): {missing:?}");
    // A topic needs a broker: its own tests ask for its fields.
    let of_topics = ["output.topic.", "input.", "runs[].input."];
    let is_asked_for =
        |field: &&String| *field != "input" && !of_topics.iter().any(|it| field.starts_with(it));
    let unknown: Vec<_> = documented.difference(&found).filter(is_asked_for).collect();
    assert!(unknown.is_empty(), "in docs/results.md, but in no result: {unknown:?}");
}

#[test]
fn series_and_summary_lie_beside_the_runs() {
    let folder = tempfile::tempdir().unwrap();
    let line = "compare --workload keyed-count --rate 20k --events 4000 --repeats 1 --out results \
                --guarantee exactly-once --set checkpoint_interval_ms=50 --set batch_interval_ms=50 --json";
    let result = run(folder.path(), &words(line)).json();
    let runs = folder.path().join("results/runs");
    for (number, run) in result["runs"].as_array().unwrap().iter().enumerate() {
        let (engine, repeat) = (run["engine"].as_str().unwrap(), &run["repeat"]);
        let stem = format!("{number:04}-keyed-count-{engine}-{repeat}");
        for (ending, rows, column) in [
            ("series", &run["series"], "records"),
            ("batches", &run["batches"], "records"),
            ("checkpoints", &run["recovery"]["checkpoints"], "bytes"),
        ] {
            let rows = rows.as_array().unwrap();
            let path = runs.join(format!("{stem}-{ending}.csv"));
            assert_eq!(path.exists(), !rows.is_empty(), "{}", path.display());
            if rows.is_empty() {
                continue;
            }
            let mut reader = csv::Reader::from_path(&path).unwrap();
            let place = reader.headers().unwrap().iter().position(|it| it == column).unwrap();
            let read: Vec<u64> =
                reader.records().map(|row| row.unwrap()[place].parse().unwrap()).collect();
            let expected: Vec<u64> = rows.iter().map(|row| row[column].as_u64().unwrap()).collect();
            assert_eq!(read, expected, "{}", path.display());
        }
    }
    assert!(runs.join("0000-keyed-count-pipelined-0-checkpoints.csv").exists());
    let summary = std::fs::read_to_string(folder.path().join("results/summary.md")).unwrap();
    assert!(summary.contains("| keyed-count | pipelined | 20,000 events/s |"), "{summary}");
    std::fs::remove_file(folder.path().join("results/summary.md")).unwrap();
    run(folder.path(), &words("plot results")).with_status(0);
    let again = std::fs::read_to_string(folder.path().join("results/summary.md")).unwrap();
    assert_eq!(again, summary);
}
