//! A run in virtual time is the same to the byte, and gives the answer of the wall clock.

use std::path::Path;

use serde_json::Value;

use crate::program::{ENGINES, run, words};

/// The sequential engine does nothing at a time that it could choose, and leaves no trace.
const TRACED: [&str; 2] = ["pipelined", "microbatch"];

const SIZE: &str = "--workload windowed-count --events 4000 --rate 100k --set window_ms=1 --json";

/// The trace, and the digest of the result.
fn traced(folder: &Path, engine: &str, seed: u64) -> (Vec<u8>, Value) {
    let line = format!("run --engine {engine} {SIZE} --seed {seed} --clock virtual --trace trace");
    // So short a run may close too few windows for its figures: its answer is looked at.
    let result = run(folder, &words(&line)).json();
    assert_eq!(result["clock"], "virtual");
    (std::fs::read(folder.join("trace")).unwrap(), result["output"]["digest"].clone())
}

#[test]
fn the_seed_decides_everything() {
    let folder = tempfile::tempdir().unwrap();
    for engine in TRACED {
        let (first, digest) = traced(folder.path(), engine, 7);
        let (again, same_digest) = traced(folder.path(), engine, 7);
        assert!(!first.is_empty(), "{engine}");
        assert!(first == again, "{engine}: two traces of one seed differ");
        assert_eq!(digest, same_digest, "{engine}");
        let (other, other_digest) = traced(folder.path(), engine, 8);
        assert!(first != other, "{engine}: two seeds have one trace");
        assert_ne!(digest, other_digest, "{engine}");
    }
}

#[test]
fn both_clocks_give_the_same_answer() {
    let folder = tempfile::tempdir().unwrap();
    for engine in ENGINES {
        let (_, digest) = traced(folder.path(), engine, 7);
        let line = format!("run --engine {engine} {SIZE} --seed 7");
        let wall = run(folder.path(), &words(&line)).json();
        assert_eq!(wall["clock"], "wall");
        assert_eq!(wall["output"]["digest"], digest, "{engine}");
    }
}
