//! What must not make a run invalid. In virtual time, so that nothing but the rules decides.

use crate::program::{run, words};

fn is_valid(line: &str) {
    let folder = tempfile::tempdir().unwrap();
    for engine in ["pipelined", "microbatch"] {
        let line =
            format!("run --engine {engine} --workload keyed-count {line} --clock virtual --json");
        let result = run(folder.path(), &words(&line)).with_status(0).json();
        assert_eq!(result["invalid_because"].as_array().unwrap().len(), 0, "{engine}");
    }
}

/// The newest event is one of 60: 1.7 %, which was a backlog.
#[test]
fn a_run_of_a_few_events_is_not_behind_by_one() {
    is_valid("--rate 1 --events 60");
}

/// Every split has an event now and then: the last look at each added up to a backlog of 256.
#[test]
fn many_splits_that_are_nearly_empty_are_no_backlog() {
    is_valid("--rate 100 --duration 11s --set splits=256");
}
