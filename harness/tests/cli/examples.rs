//! A workload and an engine of one's own have every command.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program::{ENGINES, Ended, program, wait, words};

/// An example's binary. Cargo has built it beside this one, unless only this test was asked for.
pub(crate) fn example(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_BIN_EXE_streamgauge")).parent().unwrap();
    let path = folder.join("examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    if !path.exists() {
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--package", "streamgauge", "--example", name]);
        if folder.ends_with("release") {
            build.arg("--release");
        }
        let target = folder.parent().unwrap();
        assert!(build.env("CARGO_TARGET_DIR", target).status().unwrap().success());
    }
    path
}

fn run(name: &str, line: &str) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    wait(program(&example(name), folder.path(), &words(line)).spawn().unwrap())
}

#[test]
fn a_workload_of_ones_own_is_right_on_every_engine() {
    let ended = run("own_workload", "verify --workload hot-sensors --events 2000 --json");
    let cells = ended.with_status(0).json();
    // At five parallelisms on two clocks, in order and out of order.
    assert_eq!(cells.as_array().unwrap().len(), ENGINES.len() * 5 * 2 * 2);
    let line = "run --engine pipelined --workload hot-sensors --events 2000 --json --set limit=98";
    let result = run("own_workload", line).with_status(0).json();
    let hot = result["records_out"].as_u64().unwrap();
    assert!((1..100).contains(&hot), "one reading in a hundred is hot: {hot}");
}

#[test]
fn an_engine_of_ones_own_is_right_on_every_workload() {
    let line = "verify --engine bulk --events 20000 --parallelism 1,3 --json --workload forward \
                --workload keyed-count --workload windowed-count --workload word-count \
                --workload nexmark-q4 --workload nexmark-q7";
    let ended = run("own_engine", line);
    let cells = ended.with_status(0).json();
    assert!(cells.as_array().unwrap().iter().all(|cell| cell["engine"] == "bulk"));
    let line = "run --engine bulk --workload keyed-count --events 2000 --json";
    let result = run("own_engine", line).with_status(0).json();
    assert_eq!(result["settings"]["step_records"], 4096);
}
