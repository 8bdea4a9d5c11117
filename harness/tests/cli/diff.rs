//! `diff`, baselines and thresholds: what they print, what they refuse, and with which status.

use std::path::Path;

use serde_json::{Value, json};

use crate::program::{Ended, contents, run, words};

/// A comparison that takes a moment: two engines, three valid runs each.
const MEASURE: &str = "compare --workload keyed-count --events 2000 --repeats 3";
/// The same with five, enough for a verdict.
const MEASURE_FIVE: &str = "compare --workload keyed-count --events 2000 --repeats 5";

/// Measures into a folder.
#[track_caller]
fn measure(folder: &Path, out: &str, more: &str) -> Ended {
    run(folder, &words(&format!("{MEASURE} --out {out} {more}"))).with_status(0)
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Writes a copy of a result in which every run of an engine has this throughput.
fn with_throughput(folder: &Path, from: &str, to: &str, engine: &str, throughput: f64) {
    let mut result = read(&folder.join(from));
    for run in result["runs"].as_array_mut().unwrap() {
        if run["engine"] == engine {
            run["throughput_per_s"] = json!(throughput);
        }
    }
    std::fs::write(folder.join(to), result.to_string()).unwrap();
}

/// Bad usage or input: status 2, one message with these parts, nothing printed or written.
#[track_caller]
fn refused(folder: &Path, arguments: &[&str], message: &[&str]) {
    let before = contents(folder);
    let ended = run(folder, arguments).with_status(2);
    assert_eq!(ended.out, "", "{arguments:?}");
    assert_eq!(ended.err.matches("error: ").count(), 1, "{arguments:?}: {}", ended.err);
    for part in message {
        assert!(ended.err.contains(part), "{arguments:?}: `{part}` is not in: {}", ended.err);
    }
    assert_eq!(contents(folder), before, "{arguments:?}");
}

#[test]
fn two_results_are_compared_metric_by_metric() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    run(folder, &words(&format!("{MEASURE_FIVE} --out a"))).with_status(0);
    // The same again, but microbatch is faster than any machine.
    std::fs::create_dir(folder.join("b")).unwrap();
    with_throughput(folder, "a/results.json", "b/results.json", "microbatch", 1e15);

    let diff = run(folder, &words("diff a b/results.json --json")).with_status(0).json();
    assert_eq!(diff["schema"], "streamgauge.diff/1");
    assert_eq!((&diff["differences"], &diff["notes"]), (&json!([]), &json!([])));
    let rows = diff["rows"].as_array().unwrap();
    let found: Vec<_> =
        rows.iter().map(|row| (row["variant"].as_str().unwrap(), &row["metric"])).collect();
    let metrics = ["throughput_per_s", "cpu_ns_per_record", "peak_memory_bytes"];
    let metrics = metrics.map(Value::from);
    let both =
        ["pipelined", "microbatch"].map(|variant| metrics.each_ref().map(|it| (variant, it)));
    assert_eq!(found, both.concat());
    for row in rows {
        assert_eq!((&row["runs_a"], &row["runs_b"]), (&5.into(), &5.into()));
        let faster =
            (&row["variant"], &row["metric"]) == (&"microbatch".into(), &"throughput_per_s".into());
        assert_eq!(row["verdict"], if faster { "better" } else { "no-difference" }, "{row}");
        if faster {
            assert_eq!(row["median_b"], 1e15);
            assert!(row["interval"][0].as_f64().unwrap() > 1e3, "{row}");
        } else {
            assert_eq!(row["median_a"], row["median_b"]);
        }
    }
    // The median of five is the third.
    let mut all: Vec<f64> = read(&folder.join("a/results.json"))["runs"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|run| run["engine"] == "pipelined")
        .map(|run| run["throughput_per_s"].as_f64().unwrap())
        .collect();
    all.sort_by(f64::total_cmp);
    assert_eq!(rows[0]["median_a"], all[2]);

    let table = run(folder, &words("diff a b")).with_status(0).out;
    for text in ["A: a (20", "B: b (20", "keyed-count:", "throughput", "peak memory", "5, 5"] {
        assert!(table.contains(text), "`{text}` is not in: {table}");
    }
    assert_eq!(table.matches("│").count(), 0);
    assert_eq!(table.matches("better").count(), 1, "{table}");
    let worse = run(folder, &words("diff b a")).with_status(0).out;
    assert_eq!(worse.matches("worse").count(), 1, "{worse}");
}

#[test]
fn another_configuration_is_refused_field_by_field_unless_anyway() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    measure(folder, "a", "");
    let more = "--events 3000 --parallelism 1 --seed 7 --set keys=77 --set buffer_bytes=4096";
    run(folder, &words(&format!("compare --workload keyed-count --repeats 3 --out b {more}")))
        .with_status(0);
    let differences = [
        "keyed-count (pipelined; microbatch): events is 2000 in A and 3000 in B",
        "keyed-count (pipelined; microbatch): parallelism is 2 in A and 1 in B",
        "keyed-count (pipelined; microbatch): knobs.keys is ",
        " in A and 77 in B",
        ": settings.buffer_bytes is ",
    ];
    refused(folder, &["diff", "a", "b"], &[&differences[..], &["--anyway"]].concat());
    let table = run(folder, &words("diff a b --anyway")).with_status(0).out;
    for text in differences {
        assert!(table.contains(text), "`{text}` is not in: {table}");
    }
    assert!(table.contains("seed of keyed-count is 42 in A and 7 in B"), "{table}");
    let diff = run(folder, &words("diff a b --anyway --json")).with_status(0).json();
    let fields: Vec<&Value> =
        diff["differences"].as_array().unwrap().iter().map(|it| &it["field"]).collect();
    assert!(fields.contains(&&"events".into()) && !fields.contains(&&"seed".into()), "{fields:?}");
    for row in diff["rows"].as_array().unwrap() {
        assert_eq!(row["verdict"], "too-few", "three runs: {row}");
    }
}

#[test]
fn another_seed_or_machine_is_noted_and_what_one_side_lacks_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    measure(folder, "a", "");
    measure(folder, "b", "--seed 7 --engine pipelined --engine sequential");
    let path = folder.join("b/results.json");
    let mut result = read(&path);
    result["environment"]["commit"] = "another".into();
    std::fs::write(&path, result.to_string()).unwrap();
    let table = run(folder, &words("diff a b")).with_status(0).out;
    for text in [
        "commit is ",
        " and \"another\" in B",
        "seed of keyed-count is 42 in A and 7 in B",
        "Only in A: keyed-count: microbatch",
        "Only in B: keyed-count: sequential",
    ] {
        assert!(table.contains(text), "`{text}` is not in: {table}");
    }
    measure(folder, "c", "--engine sequential");
    refused(folder, &words("diff a c --anyway"), &["no variant", "microbatch", "sequential"]);
}

#[test]
fn results_that_cannot_be_compared_say_why() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    measure(folder, "a", "");
    // What an unfinished comparison leaves.
    std::fs::create_dir_all(folder.join("unfinished")).unwrap();
    std::fs::rename(folder.join("a/runs"), folder.join("unfinished/runs")).unwrap();
    run(folder, &words("diff a unfinished")).with_status(0);

    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    let whole = std::fs::read_to_string(folder.join("a/results.json")).unwrap();
    write("half.json", &whole[..whole.len() / 2]);
    write("foreign.json", "{\"schema\": \"streamgauge.recover/1\"}");
    write("list.json", "[1, 2]");
    write("lacking.json", "{\n\"schema\": \"streamgauge.compare/1\"}");
    let mut mixed = read(&folder.join("a/results.json"));
    mixed["runs"][0]["events"] = 7.into();
    write("mixed.json", &mixed.to_string());
    std::fs::create_dir(folder.join("empty")).unwrap();
    let cases: [(&str, &[&str]); 7] = [
        ("missing", &["missing: cannot be read"]),
        ("empty", &["no results in empty"]),
        ("half.json", &["half.json: is no JSON, or cut short", "line"]),
        ("foreign.json", &["foreign.json", "`streamgauge.recover/1`", "`streamgauge.compare/1`"]),
        ("list.json", &["list.json", "its schema is none"]),
        ("lacking.json", &["lacking.json", "missing field `suite` at line 2"]),
        ("mixed.json", &["mixed.json", "`keyed-count` on pipelined differ in events"]),
    ];
    for (name, message) in cases {
        refused(folder, &["diff", "a", name], message);
        refused(folder, &["diff", name, "a", "--anyway"], message);
    }
    refused(folder, &["diff", "a"], &["<B>"]);
}

#[test]
fn a_baseline_is_the_result_and_is_compared_with() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let kept = measure(folder, "a", "--save-baseline main");
    assert!(kept.out.contains("Baseline: results/baselines/main.json"), "{}", kept.out);
    let baseline = folder.join("results/baselines/main.json");
    assert_eq!(
        std::fs::read_to_string(&baseline).unwrap(),
        std::fs::read_to_string(folder.join("a/results.json")).unwrap()
    );
    let ended = measure(
        folder,
        "b",
        "--baseline main --save-baseline next --baseline-dir results/baselines",
    );
    let verdicts = ended.out.find("No verdict").expect("the comparison comes first");
    let diff = ended.out.find("A: baseline main").expect("the diff is printed");
    assert!(verdicts < diff, "{}", ended.out);
    assert!(ended.out.contains("B: these runs") && ended.out.contains("too few runs"));
    assert!(folder.join("results/baselines/next.json").is_file());

    let ended = measure(folder, "c", "--baseline a/results.json --json");
    let result = ended.json();
    assert_eq!(result["schema"], "streamgauge.compare/1");
    assert_eq!(result["diff"]["schema"], "streamgauge.diff/1");
    assert_eq!(result["diff"]["rows"].as_array().unwrap().len(), 6);
    run(folder, &words("diff results/baselines/main.json c")).with_status(0);
    measure(folder, "d", "--save-baseline main --baseline-dir elsewhere --json").json();
    assert!(folder.join("elsewhere/main.json").is_file());
}

#[test]
fn what_a_pilot_chose_is_taken_from_the_baseline() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(
        folder.join("pilots.toml"),
        "[[experiment]]\nname = \"most\"\nworkload = \"keyed-count\"\nengines = [\"pipelined\"]\n\
         rate = \"max\"\nduration = \"20ms\"\nwarm_up = \"2ms\"\nrepeats = 1\n\
         [[experiment]]\nname = \"half\"\nworkload = \"keyed-count\"\nengines = [\"pipelined\"]\n\
         rate = { at_most = 1e9 }\nduration = \"50ms\"\nrepeats = 1\n",
    )
    .unwrap();
    let planned = |out: &str, more: &str| -> Vec<Value> {
        let line = format!("compare pilots.toml --out {out} --json {more}");
        // An engine that does not keep up makes a run invalid, and nothing else of it.
        let runs = run(folder, &words(&line)).with_status(0).json()["runs"].take();
        let fields = ["rate", "events", "warm_up_events"];
        // On a busy machine a run may be made once more in its place.
        let runs = runs.as_array().unwrap().iter().filter(|run| run["superseded"] == false);
        runs.map(|run| json!(fields.map(|it| run[it].clone()))).collect()
    };
    let first = planned("a", "--save-baseline main");
    assert!(first[0][2].as_u64().unwrap() > 0 && first[1][0].is_number(), "{first:?}");
    assert_eq!(planned("b", "--baseline main"), first);
}

#[test]
fn a_regression_beyond_the_limit_is_status_1_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    run(folder, &words(&format!("{MEASURE_FIVE} --out a"))).with_status(0);
    with_throughput(folder, "a/results.json", "fast.json", "pipelined", 1e15);
    with_throughput(folder, "a/results.json", "slow.json", "pipelined", 1e-3);
    let against = |baseline: &str, out: &str| {
        // Memory and processor time of so small runs may change by much.
        let line = format!(
            "{MEASURE_FIVE} --out {out} --baseline {baseline} --fail-on-regression 99% \
             --save-baseline {out}"
        );
        run(folder, &words(&line))
    };
    let ended = against("fast.json", "b").with_status(1);
    let lines: Vec<&str> = ended.err.lines().collect();
    let regressions: Vec<_> = lines.iter().filter(|it| it.starts_with("regression: ")).collect();
    assert_eq!(regressions.len(), 1, "{}", ended.err);
    assert!(
        regressions[0].starts_with("regression: keyed-count on pipelined: throughput_per_s was ")
            && regressions[0].ends_with("worse by more than 99 %"),
        "{}",
        ended.err
    );
    assert!(!folder.join("results/baselines/b.json").exists(), "it is not good");
    assert!(ended.err.contains("kept as no baseline"));
    let ended = against("slow.json", "c").with_status(0);
    assert!(!ended.err.contains("regression"), "{}", ended.err);
    assert!(folder.join("results/baselines/c.json").is_file());

    // Four runs on the baseline's side: no verdict, so nothing is shown to be as good as before.
    let mut few = read(&folder.join("slow.json"));
    let runs = few["runs"].as_array_mut().unwrap();
    runs.retain(|run| run["repeat"] != 0);
    std::fs::write(folder.join("few.json"), few.to_string()).unwrap();
    let ended = against("few.json", "d").with_status(1);
    assert!(ended.err.contains("nothing could be judged"), "{}", ended.err);
}

#[test]
fn baselines_that_cannot_be_used_are_refused_before_anything_runs() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    measure(folder, "a", "--save-baseline main");
    let check = |more: &str, message: &[&str]| {
        let line = format!("{MEASURE} --out b {more}");
        refused(folder, &words(&line), message);
    };
    check("--baseline mian", &["there is no baseline `mian`", "did you mean `main`?"]);
    check("--baseline x --baseline-dir nowhere", &["no baselines in nowhere", "--save-baseline x"]);
    check("--baseline main --set keys=77", &["knobs.keys", "77", "diff --anyway"]);
    check("--baseline main --rate 1k", &["rate is max in A and 1000.0 in B"]);
    check("--baseline main --engine sequential", &["no variant", "keyed-count"]);
    check("--save-baseline ../x", &["`../x` is no name for a baseline"]);
    check("--save-baseline x --baseline-dir a/report.html", &["a/report.html", "not a folder"]);
    check("--fail-on-regression 5%", &["--baseline"]);
    check("--baseline main --fail-on-regression 5", &["`5` is no percentage", "3%"]);
    check("--baseline main --fail-on-regression -5%", &["`-5%` is no percentage"]);
    check("--baseline main --fail-on-regression 5%", &["needs 5 runs", "--repeats 5"]);
}

/// The lines about thresholds on standard error.
fn violations(ended: &Ended) -> Vec<&str> {
    ended.err.lines().filter(|line| line.starts_with("threshold: ")).collect()
}

#[test]
fn thresholds_of_a_comparison_are_checked_for_every_variant() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let check = |thresholds: &[&str], status: i32| {
        let mut arguments = words(MEASURE);
        arguments.extend(["--out", "a", "--force", "--json"]);
        arguments.extend(thresholds.iter().flat_map(|it| ["--threshold", it]));
        run(folder, &arguments).with_status(status)
    };
    let ended = check(&["throughput_per_s > 1", "records_in >= 2k", "cpu_ns_per_record<1s"], 0);
    assert_eq!(violations(&ended), [""; 0]);
    let ended = check(&["throughput_per_s > 1G", "records_in < 2k", "peak_memory_bytes > 1KiB"], 1);
    let lines = violations(&ended);
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert!(lines[0].starts_with("threshold: keyed-count on pipelined: throughput_per_s is "));
    assert!(lines[1].starts_with("threshold: keyed-count on microbatch: throughput_per_s is "));
    assert!(lines[1].ends_with("median of 3 runs; it must be > 1G"), "{lines:?}");
    assert_eq!(
        lines[2],
        "threshold: keyed-count on pipelined: records_in is 2,000, median of 3 runs; it must be < 2k"
    );
    assert_eq!(ended.json()["schema"], "streamgauge.compare/1");
    // Runs as fast as events are taken have no latency.
    let lines = check(&["latency_ns.from_planned.p99 < 50ms"], 1);
    assert_eq!(violations(&lines).len(), 2, "{}", lines.err);
    assert!(violations(&lines)[0].contains("has no value"), "{}", lines.err);
}

#[test]
fn thresholds_of_a_run_decide_its_status() {
    let folder = tempfile::tempdir().unwrap();
    let run_with = |line: &str, threshold: &str| {
        let line = format!("run --engine pipelined --workload keyed-count {line}");
        let mut arguments = words(&line);
        arguments.extend(["--threshold", threshold]);
        run(folder.path(), &arguments)
    };
    // Modelled time is the same every time.
    let modelled = "--clock virtual --rate 10k --events 2000";
    let p99 = "latency_ns.from_planned.p99";
    run_with(modelled, &format!("{p99} < 10s")).with_status(0);
    let ended = run_with(modelled, &format!("{p99} < 1ns")).with_status(1);
    assert_eq!(violations(&ended).len(), 1, "{}", ended.err);
    assert!(ended.out.contains("throughput"), "the run is shown: {}", ended.out);
    let ended = run_with("--events 2000 --repeats 2", &format!("{p99} < 10s")).with_status(1);
    assert!(violations(&ended)[0].ends_with("has no value in these runs; it must be < 10s"));
    let ended = run_with("--events 2000", "cpu_ns_per_record < 1").with_status(1);
    assert_eq!(violations(&ended).len(), 1, "{}", ended.err);
}

#[test]
fn thresholds_that_are_none_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        ("latency_ns.from_planed.p99 < 5ms", "did you mean `latency_ns.from_planned.p99`?"),
        ("latency_ns.from_planned.p99 = 5ms", "no <, <=, > or >="),
        ("latency_ns.from_planned.p99 < 5 parsecs", "`5 parsecs` is no value"),
        ("latency_ns.from_planned.p99 < 5%", "takes a time with ns, us, ms or s, not %"),
        ("throughput_per_s > fast", "`fast` is no value"),
    ];
    for command in [MEASURE, "run --engine pipelined --workload keyed-count --events 2000"] {
        for (threshold, message) in cases {
            let mut arguments = words(command);
            arguments.extend(["--threshold", threshold]);
            refused(folder.path(), &arguments, &["--threshold", message]);
        }
    }
}
