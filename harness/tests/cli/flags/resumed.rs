//! `run` where a job goes on.

use super::Shows::{File, Status, Text};
use super::{Context, as_alone, check, field, read, refused};
use crate::program::{run, words};

pub(super) const ALL: &[&Context] = &[&RESUMED];

/// A job that was stopped after half of its events.
const RESUMED: Context = Context {
    command: "run",
    before: "run --engine pipelined --workload keyed-count --clock virtual --rate 20k --events 4000 \
             --guarantee exactly-once --set checkpoint_interval_ms=20 --checkpoint-dir state \
             --output file:out --stop-after 2000",
    base: "run --engine pipelined --workload keyed-count --clock virtual --rate 20k --events 4000 \
           --guarantee exactly-once --set checkpoint_interval_ms=20 --checkpoint-dir state \
           --output file:out --resume --json",
    rows: &[
        refused(
            "engine",
            "--engine microbatch <- --engine pipelined; <- --set checkpoint_interval_ms=20",
            "engine",
        ),
        refused("workload", "--workload forward <- --workload keyed-count", "workload"),
        field("clock", "/clock", "", "--clock wall <- --clock virtual"),
        field("input", "/output/digest", "", "--input lines.ndjson <- --events 4000"),
        refused("kafka-config", "--kafka-config client.properties", "--input"),
        refused("output", "--output file:elsewhere <- --output file:out", "output"),
        refused("batches", "--batches", "cannot be used with"),
        refused(
            "checkpoint-dir",
            "--checkpoint-dir empty <- --checkpoint-dir state",
            "holds no job",
        ),
        refused("checkpoint-dir", "<- --resume", "already holds a job"),
        read("resume", Status, "", "<- --resume"),
        field("no-check-output", "/output/files/checked", "", "--no-check-output"),
        field("stop-after", "/interrupted", "", "--stop-after 3000"),
        field("fault", "/recovery/restarts", "", "--fault kill:subtask@75%"),
        read("trace", File("trace"), "", "--trace trace"),
        refused("live", "--live", "cannot be used with"),
        as_alone("force"),
        read("json", Text("\"schema\""), "", "<- --json"),
        refused("repeats", "--repeats 2", "--repeats would need several"),
        refused("warm-up", "--warm-up 50ms", "whose warm-up in events is 0, and 1000 was given"),
        refused("rate", "--rate 10k <- --rate 20k", "whose rate is 20000, and 10000 was given"),
        refused("rate", "--rate max <- --rate 20k", "whose rate is 20000, and max was given"),
        refused(
            "events",
            "--events 5000 <- --events 4000",
            "whose number of events is 4000, and 5000 was given",
        ),
        refused(
            "duration",
            "--duration 1s <- --events 4000",
            "whose duration in events is 4000, and 20000 was given",
        ),
        read(
            "duration",
            Status,
            "--duration 200ms <- --events 4000",
            "--duration 201ms <- --events 4000",
        ),
        field("parallelism", "/parallelism", "", "--parallelism 3"),
        refused("seed", "--seed 7", "seed"),
        field("set", "/settings/buffer_bytes", "--set buffer_bytes=64", "--set buffer_bytes=128"),
        refused("set", "--set keys=3", "knobs"),
        refused("guarantee", "--guarantee at-least-once <- --guarantee exactly-once", "guarantee"),
        read(
            "threshold",
            Status,
            "--threshold throughput_per_s>1",
            "--threshold throughput_per_s>1e15",
        ),
    ],
};

#[test]
fn every_flag_of_run_is_read_or_refused_where_a_job_goes_on() {
    check(&RESUMED);
}

/// What a sizing run has made of a time at max cannot be compared with another time.
#[test]
fn a_duration_at_max_is_refused_where_a_job_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let line = "run --engine pipelined --workload keyed-count --duration 20ms --guarantee exactly-once \
                --checkpoint-dir state --output file:out";
    run(folder.path(), &words(line)).with_status(0);
    let resumed = format!("{line} --resume");
    let ended = run(folder.path(), &words(&resumed)).with_status(2);
    assert!(ended.err.contains("leave --duration out with --resume"), "{}", ended.err);
}

/// The first run reads the events of the warm-up besides, and so does the job that goes on.
#[test]
fn a_job_that_goes_on_has_its_warm_up_too() {
    let folder = tempfile::tempdir().unwrap();
    let line = "run --engine pipelined --workload keyed-count --clock virtual --rate 20k --events 4000 \
                --warm-up 50ms --guarantee exactly-once --set checkpoint_interval_ms=20 \
                --checkpoint-dir state --output file:out --json";
    let ran = |more: &str| {
        let line = format!("{line} {more}");
        run(folder.path(), &words(&line)).with_status(0).json()
    };
    assert_eq!(ran("--stop-after 2000")["events"], 5_000);
    let resumed = ran("--resume");
    assert_eq!((&resumed["events"], &resumed["warm_up_events"]), (&5_000.into(), &1_000.into()));
}
