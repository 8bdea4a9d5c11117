//! Late records where they cannot be judged: said, and never passed over.

use crate::program::{run, words};

#[test]
fn recover_refuses_records_that_come_late() {
    let home = tempfile::tempdir().unwrap();
    let line = "recover --engine pipelined --workload windowed-count --rate 20k --duration 1s \
                --clock virtual --set late_fraction=0.05 --set window_ms=20";
    let ended = run(home.path(), &words(line)).with_status(2);
    for text in ["records came late", "leave late_fraction out"] {
        assert!(ended.err.contains(text), "{}", ended.err);
    }
}

#[test]
fn a_cell_that_was_not_compared_does_not_pass() {
    let home = tempfile::tempdir().unwrap();
    let line = "verify --engine sequential --workload windowed-count --parallelism 1 \
                --clock virtual --events 600000 --set late_fraction=0.5 --set window_ms=1";
    let ended = run(home.path(), &words(line)).with_status(1);
    let said = format!("{}{}", ended.out, ended.err);
    assert!(said.contains("not compared, as more rows came late than are noted"), "{said}");
}

#[test]
fn notes_are_not_lost_when_a_job_goes_on_with_fewer_subtasks() {
    let home = tempfile::tempdir().unwrap();
    let job = "run --engine pipelined,checkpoint_interval_ms=20 --workload windowed-count \
               --clock virtual --rate max --events 600000 --set late_fraction=0.35 \
               --set window_ms=1 --set disorder_ms=200 --guarantee exactly-once \
               --checkpoint-dir state";
    let stop = format!("{job} --parallelism 4 --stop-after 500000");
    run(home.path(), &words(&stop)).with_status(0);
    let result = run(home.path(), &words(&format!("{job} --parallelism 3 --resume --json"))).json();
    let output = &result["output"];
    assert_eq!(output["late"]["unnoted"], 0, "{output}");
    assert_eq!(output["digest"], output["expected_digest"]);
}
