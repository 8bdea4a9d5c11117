//! `suite`, and the suites that come with the binary.

use crate::program::{contents, run, words};

#[test]
fn every_shipped_suite_is_sound_and_listed() {
    let folder = tempfile::tempdir().unwrap();
    let listed = run(folder.path(), &words("list suites")).with_status(0).out;
    for name in ["quick", "standard", "models", "nexmark", "skew", "faults"] {
        assert!(listed.lines().any(|line| line.trim().starts_with(name)), "{listed}");
        let checked = run(folder.path(), &["suite", "check", name]).with_status(0).out;
        assert!(checked.starts_with(&format!("{name} is sound: ")), "{checked}");
        let shown = run(folder.path(), &["list", "suites", "--show", name]).with_status(0).out;
        std::fs::write(folder.path().join("copy.toml"), shown).unwrap();
        let copy = run(folder.path(), &["suite", "check", "copy.toml"]).with_status(0).out;
        assert_eq!(copy, checked);
    }
    assert_eq!(contents(folder.path()).len(), 1, "a check writes nothing");
}

#[test]
fn faults_of_a_suite_strike_and_are_recovered_from() {
    let folder = tempfile::tempdir().unwrap();
    let suite = "[[experiment]]\nworkload = \"keyed-count\"\n\
                 engines = [\"pipelined\", \"microbatch,batch_interval_ms=20\"]\n\
                 rate = 20_000\nevents = 20_000\nrepeats = 1\n\
                 settings = { guarantee = \"exactly-once\", checkpoint_interval_ms = 50 }\n\
                 faults = [\"kill:subtask@40%\", \"kill:task@40%\"]\n";
    std::fs::write(folder.path().join("faults.toml"), suite).unwrap();
    // Whether the runs are valid depends on the machine; what is asked here is what happened.
    let result = run(folder.path(), &words("compare faults.toml --out results --json")).json();
    for run in result["runs"].as_array().unwrap() {
        assert!(run["recovery"]["restarts"].as_u64().unwrap() >= 1, "{}", run["variant"]);
        assert_eq!(run["output"]["digest"], run["output"]["expected_digest"], "{}", run["variant"]);
    }
    std::fs::write(
        folder.path().join("bare.toml"),
        suite.replace("guarantee = \"exactly-once\", ", ""),
    )
    .unwrap();
    let refused = run(folder.path(), &words("suite check bare.toml")).with_status(2).err;
    assert!(
        refused.contains(
            "bare.toml:8:11: a fault changes the answer of pipelined under the guarantee none"
        ),
        "{refused}"
    );
    std::fs::write(folder.path().join("wrong.toml"), suite.replace("kill:task@", "kil:task@"))
        .unwrap();
    let refused = run(folder.path(), &words("suite check wrong.toml")).with_status(2).err;
    assert!(refused.contains("wrong.toml:8:"), "{refused}");
    assert!(refused.contains("`kil` is no fault"), "{refused}");
}

#[test]
fn a_suite_that_is_no_suite_is_pointed_at() {
    let folder = tempfile::tempdir().unwrap();
    let suite = "[[experiment]]\nworkload = \"keyd-count\"\nengines = [\"pipelined\"]\nrate = \"max\"\n\
                 events = 10\n";
    std::fs::write(folder.path().join("mine.toml"), suite).unwrap();
    let refused = run(folder.path(), &words("suite check mine.toml")).with_status(2).err;
    assert!(refused.contains("mine.toml:2:12: "), "{refused}");
    assert!(refused.contains("did you mean `keyed-count`?"), "{refused}");
    let refused = run(folder.path(), &words("suite check standart")).with_status(2).err;
    assert!(refused.contains("did you mean `standard`?"), "{refused}");
}

#[test]
fn the_schema_is_json() {
    let folder = tempfile::tempdir().unwrap();
    let schema = run(folder.path(), &words("suite schema")).with_status(0).json();
    let experiment = &schema["properties"]["experiment"]["items"]["properties"];
    let workloads = experiment["workload"]["enum"].as_array().unwrap();
    assert!(workloads.contains(&"keyed-count".into()), "{workloads:?}");
}

/// Fault C6: their runs were merged, so that p99.9 could lie above the maximum.
#[test]
fn two_experiments_of_one_name_are_not_merged() {
    let folder = tempfile::tempdir().unwrap();
    let experiment = |name: &str, workload: &str| {
        format!(
            "[[experiment]]\n{name}workload = \"{workload}\"\nengines = [\"pipelined\"]\nrate = \"max\"\n\
             events = 10\n"
        )
    };
    let refused = |suite: String, says: &[&str]| {
        std::fs::write(folder.path().join("mine.toml"), suite).unwrap();
        for line in ["suite check mine.toml", "compare mine.toml"] {
            let ended = run(folder.path(), &words(line)).with_status(2);
            for part in says {
                assert!(ended.err.contains(part), "{line}: `{part}` is not in {}", ended.err);
            }
        }
        assert_eq!(contents(folder.path()).len(), 1, "nothing was run");
    };
    let (a, b) =
        (experiment("name = \"a\"\n", "forward"), experiment("name = \"a\"\n", "keyed-count"));
    refused(a + &b, &["mine.toml:8:8: ", "the experiment at mine.toml:2:8 is named `a` too"]);
    // Without a name, that of the workload is the experiment's.
    let (a, b) = (experiment("", "forward"), experiment("", "forward"));
    refused(
        a + &b,
        &["mine.toml:7:12: ", "the experiment at mine.toml:2:12 is named `forward` too"],
    );
    let (a, b) = (experiment("name = \"forward\"\n", "keyed-count"), experiment("", "forward"));
    refused(
        a + &b,
        &["mine.toml:8:12: ", "the experiment at mine.toml:2:8 is named `forward` too"],
    );
}

/// Fault C6: a variant that was named twice was one with twice the runs.
#[test]
fn one_variant_named_twice_is_not_merged() {
    let folder = tempfile::tempdir().unwrap();
    let suite = "[[experiment]]\nworkload = \"forward\"\nrate = \"max\"\nevents = 10\nengines = [\n\
                 \"microbatch,batch_interval_ms=5,polling_delay_ms=1\",\n\"pipelined\",\n\
                 { name = \"microbatch\", polling_delay_ms = 1, batch_interval_ms = 5 },\n]\n";
    std::fs::write(folder.path().join("mine.toml"), suite).unwrap();
    for line in ["suite check mine.toml", "compare mine.toml"] {
        let err = run(folder.path(), &words(line)).with_status(2).err;
        let says = "mine.toml:8:1: the engine at mine.toml:6:1 is \
                    `microbatch, batch_interval_ms=5, polling_delay_ms=1` too";
        assert!(err.contains(says), "{err}");
    }
    for command in ["compare --events 100", "sweep --axis keys=1,2", "sustain", "recover"] {
        let twice = "--engine microbatch --engine pipelined,buffer_bytes=64 --engine pipelined,buffer_bytes=64";
        let err = run(folder.path(), &words(&format!("{command} {twice}"))).with_status(2).err;
        let says = "--engine number 2 and number 3 are both `pipelined, buffer_bytes=64`";
        assert!(err.contains(says), "{command}: {err}");
    }
    assert_eq!(contents(folder.path()).len(), 1, "nothing was run");
}
