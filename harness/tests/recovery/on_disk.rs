//! Kills on the wall clock, with real files.

use std::sync::Arc;

use dataflow::job::storage::Storage;
use files::Kind;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use runtime::{DirectoryStorage, Victim};
use streamgauge::internals::{Clock, FaultSpec};

use crate::scenario::Scenario;

const SEEDS: u64 = 20;
const EVENTS: u64 = 3_000;

#[test]
fn part_files_hold_every_row_once() {
    for (engine, victims) in [
        ("pipelined", [Victim::Subtask, Victim::Executor, Victim::Driver]),
        ("microbatch", [Victim::Task, Victim::Executor, Victim::Driver]),
    ] {
        let mut struck = 0;
        for seed in 0..SEEDS {
            let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
            let mut scenario = Scenario::new(engine, "windowed-count", "exactly-once");
            (scenario.seed, scenario.clock, scenario.events) = (seed, Clock::Wall, EVENTS);
            scenario.knobs.push(("window_ms", 20.into()));
            // A driver takes a second to start again: one in five is enough of that.
            let victim = victims[if seed % 5 == 0 { 2 } else { seed as usize % 2 }];
            let share = random.random_range(0.2..0.95);
            scenario.faults = vec![FaultSpec::kill_at(victim, share)];

            let home = tempfile::tempdir().unwrap();
            let open = |name: &str, kind| -> Arc<dyn Storage> {
                DirectoryStorage::open(&home.path().join(name), kind).unwrap()
            };
            let (checkpoints, output) =
                (open("checkpoints", Kind::Checkpoints), open("output", Kind::Output));
            let ran = scenario.run_on(checkpoints, Some(&output));
            let ran = ran.unwrap_or_else(|error| panic!("{engine}, seed {seed}: {error}"));
            assert!(ran.is_right(), "{engine}, seed {seed}: {:?}", ran.result.output);
            struck += ran.struck.iter().filter(|it| !it.what.contains("nobody")).count();

            let mut rows = rows(&home.path().join("output"));
            let written = rows.len() as u64;
            rows.sort_unstable();
            rows.dedup();
            assert_eq!(rows.len() as u64, written, "{engine}, seed {seed}: a row twice");
            assert_eq!(written as i64, ran.result.output.records, "{engine}, seed {seed}");
        }
        assert!(struck >= SEEDS as usize / 2, "{engine}: {struck}");
    }
}

/// Lines of all files that a reader sees.
fn rows(folder: &std::path::Path) -> Vec<String> {
    let mut rows = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name().to_string_lossy().starts_with("part-") {
            let text = std::fs::read_to_string(entry.path()).unwrap();
            rows.extend(text.lines().map(str::to_owned));
        }
    }
    rows
}
