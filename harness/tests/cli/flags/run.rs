//! `run`: alone, in virtual time, with a file, and with a pipe.

use super::Shows::{File, Status, Text};
use super::{Context, as_alone, check, field, read, refused};
use crate::program::{run, words};

pub(super) const ALL: &[&Context] = &[&ALONE, &VIRTUAL, &FILE, &PIPE];

const ALONE: Context = Context {
    command: "run",
    before: "",
    base: "run --engine pipelined --workload keyed-count --events 400 --json",
    rows: &[
        field("engine", "/engine", "", "--engine sequential <- --engine pipelined"),
        field("workload", "/workload", "", "--workload forward <- --workload keyed-count"),
        field("clock", "/clock", "", "--clock virtual"),
        field("input", "/records_in", "", "--input lines.ndjson"),
        refused("kafka-config", "--kafka-config client.properties", "goes with --input or"),
        refused(
            "kafka-config",
            "--kafka-config client.properties --input lines.ndjson <- --events 400",
            "goes with --input or --output kafka:",
        ),
        read("output", File("rows.ndjson"), "", "--output rows.ndjson"),
        read(
            "batches",
            Text("trigger"),
            "microbatch <- pipelined; <- --json",
            "microbatch <- pipelined;--batches <- --json",
        ),
        read("batches", Text("no batches"), "<- --json", "--batches <- --json"),
        refused("batches", "--batches", "cannot be used with"),
        read(
            "checkpoint-dir",
            File("state"),
            "--guarantee exactly-once",
            "--guarantee exactly-once --checkpoint-dir state",
        ),
        refused("resume", "--resume", "--checkpoint-dir"),
        field(
            "no-check-output",
            "/output/files/checked",
            "--guarantee exactly-once --output file:out",
            "--guarantee exactly-once --output file:out --no-check-output",
        ),
        refused("no-check-output", "--no-check-output", "goes with a folder of part files"),
        field(
            "stop-after",
            "/interrupted",
            "--guarantee exactly-once --rate 1k",
            "--guarantee exactly-once --rate 1k --stop-after 200",
        ),
        refused(
            "stop-after",
            "--guarantee exactly-once --stop-after 200 --repeats 2",
            "--stop-after ends the first run",
        ),
        field(
            "fault",
            "/recovery/restarts",
            "--guarantee exactly-once --rate 1k",
            "--guarantee exactly-once --rate 1k --fault kill:subtask@50%",
        ),
        refused("trace", "--trace trace", "--clock virtual"),
        refused("live", "--live", "cannot be used with"),
        refused("live", "--live --output print <- --json", "--live draws where"),
        field(
            "force",
            "/interrupted",
            "nexmark-q5 <- keyed-count;9e15 <- 400;--rate 1k --set window_ms=10000 --set slide_ms=1 --set keys=2147483648 --guarantee exactly-once --stop-after 10",
            "nexmark-q5 <- keyed-count;9e15 <- 400;--rate 1k --set window_ms=10000 --set slide_ms=1 --set keys=2147483648 --guarantee exactly-once --stop-after 10 --force",
        ),
        read("json", Text("\"schema\""), "", "<- --json"),
        field("repeats", "/repeat", "", "--repeats 2"),
        field("warm-up", "/warm_up_events", "--rate 2k", "--rate 2k --warm-up 50ms"),
        field("rate", "/rate", "--rate 2k", "--rate 4k"),
        refused("rate", "--rate 1e-12", "0.001 events per second or more"),
        field("events", "/events", "", "--events 300 <- --events 400"),
        field(
            "duration",
            "/events",
            "--rate 2k --duration 100ms <- --events 400",
            "--rate 2k --duration 150ms <- --events 400",
        ),
        field("parallelism", "/parallelism", "", "--parallelism 3"),
        field("seed", "/output/digest", "", "--seed 7"),
        field("set", "/output/digest", "--set keys=3", "--set keys=4"),
        refused("set", "--set keys=3 --set keys=4", "`keys` was given twice"),
        refused(
            "set",
            "pipelined,buffer_bytes=64 <- pipelined;--set buffer_bytes=128",
            "sets its own",
        ),
        field("guarantee", "/guarantee", "", "--guarantee at-least-once"),
        refused("guarantee", "--guarantee none --set guarantee=none", "say the same thing twice"),
        refused(
            "guarantee",
            "pipelined,guarantee=none <- pipelined;--guarantee exactly-once",
            "sets its own",
        ),
        read(
            "threshold",
            Status,
            "--threshold throughput_per_s>1",
            "--threshold throughput_per_s>1e15",
        ),
    ],
};

const VIRTUAL: Context = Context {
    command: "run",
    before: "",
    base: "run --engine pipelined --workload keyed-count --clock virtual --rate 1k --events 400 --json",
    rows: &[
        field("engine", "/engine", "", "--engine sequential <- --engine pipelined"),
        field("workload", "/workload", "", "--workload forward <- --workload keyed-count"),
        field("clock", "/clock", "", "--clock wall <- --clock virtual"),
        field("input", "/records_in", "", "--input lines.ndjson"),
        refused("kafka-config", "--kafka-config client.properties", "goes with --input or"),
        read("output", File("rows.ndjson"), "", "--output rows.ndjson"),
        read(
            "batches",
            Text("trigger"),
            "microbatch <- pipelined; <- --json",
            "microbatch <- pipelined;--batches <- --json",
        ),
        read(
            "checkpoint-dir",
            File("state"),
            "--guarantee exactly-once",
            "--guarantee exactly-once --checkpoint-dir state",
        ),
        refused("resume", "--resume", "--checkpoint-dir"),
        field(
            "no-check-output",
            "/output/files/checked",
            "--guarantee exactly-once --output file:out",
            "--guarantee exactly-once --output file:out --no-check-output",
        ),
        field(
            "stop-after",
            "/interrupted",
            "--guarantee exactly-once",
            "--guarantee exactly-once --stop-after 200",
        ),
        field(
            "fault",
            "/recovery/restarts",
            "--guarantee exactly-once",
            "--guarantee exactly-once --fault kill:subtask@50%",
        ),
        read("trace", File("trace"), "", "--trace trace"),
        refused("live", "--live", "cannot be used with"),
        field(
            "force",
            "/interrupted",
            "nexmark-q5 <- keyed-count;9e15 <- 400;--set window_ms=10000 --set slide_ms=1 --set keys=2147483648 --guarantee exactly-once --stop-after 10",
            "nexmark-q5 <- keyed-count;9e15 <- 400;--set window_ms=10000 --set slide_ms=1 --set keys=2147483648 --guarantee exactly-once --stop-after 10 --force",
        ),
        read("json", Text("\"schema\""), "", "<- --json"),
        field("repeats", "/repeat", "", "--repeats 2"),
        field("warm-up", "/warm_up_events", "", "--warm-up 50ms"),
        refused("warm-up", "--warm-up 50ms <- --rate 1k", "there is no pilot"),
        refused("warm-up", "--warm-up 50ms --rate max <- --rate 1k", "there is no pilot"),
        field("rate", "/rate", "", "--rate 2k <- --rate 1k"),
        field("events", "/events", "", "--events 300 <- --events 400"),
        field(
            "duration",
            "/events",
            "--duration 100ms <- --events 400",
            "--duration 150ms <- --events 400",
        ),
        refused("duration", "--duration 1s <- --events 400; <- --rate 1k", "there is no pilot"),
        refused(
            "duration",
            "--duration 1s <- --events 400;--rate max <- --rate 1k",
            "there is no pilot",
        ),
        field("parallelism", "/parallelism", "", "--parallelism 3"),
        field("seed", "/output/digest", "", "--seed 7"),
        field("set", "/output/digest", "--set keys=3", "--set keys=4"),
        field("guarantee", "/guarantee", "", "--guarantee at-least-once"),
        read(
            "threshold",
            Status,
            "--threshold throughput_per_s>1",
            "--threshold throughput_per_s>1e15",
        ),
    ],
};

const FILE: Context = Context {
    command: "run",
    before: "",
    base: "run --engine pipelined --workload keyed-count --input lines.ndjson --json",
    rows: &[
        field("engine", "/engine", "", "--engine sequential <- --engine pipelined"),
        field("workload", "/workload", "", "--workload uppercase <- --workload keyed-count"),
        field("clock", "/clock", "", "--clock virtual"),
        field("input", "/records_in", "", "--input other.ndjson <- --input lines.ndjson"),
        refused(
            "kafka-config",
            "--kafka-config client.properties",
            "goes with --input or --output kafka:",
        ),
        read("output", File("rows.ndjson"), "", "--output rows.ndjson"),
        read(
            "batches",
            Text("trigger"),
            "microbatch <- pipelined; <- --json",
            "microbatch <- pipelined;--batches <- --json",
        ),
        read(
            "checkpoint-dir",
            File("state"),
            "--guarantee exactly-once",
            "--guarantee exactly-once --checkpoint-dir state",
        ),
        refused("resume", "--resume", "--checkpoint-dir"),
        field(
            "no-check-output",
            "/output/files/checked",
            "--guarantee exactly-once --output file:out",
            "--guarantee exactly-once --output file:out --no-check-output",
        ),
        field(
            "stop-after",
            "/interrupted",
            "--guarantee exactly-once --rate 1k",
            "--guarantee exactly-once --rate 1k --stop-after 50",
        ),
        field(
            "fault",
            "/recovery/restarts",
            "--guarantee exactly-once --rate 1k",
            "--guarantee exactly-once --rate 1k --fault kill:subtask@50%",
        ),
        read("trace", File("trace"), "--clock virtual", "--clock virtual --trace trace"),
        refused("live", "--live", "cannot be used with"),
        as_alone("force"),
        read("json", Text("\"schema\""), "", "<- --json"),
        field("repeats", "/repeat", "", "--repeats 2"),
        refused("warm-up", "--warm-up 50ms --rate 1k", "--warm-up is for generated events"),
        field("rate", "/rate", "", "--rate 2k"),
        field("events", "/records_in", "", "--events 50"),
        refused("duration", "--duration 100ms", "--duration is the length of generated events"),
        field("parallelism", "/parallelism", "", "--parallelism 3"),
        field("seed", "/seed", "", "--seed 7"),
        field("set", "/knobs/splits", "--set splits=3", "--set splits=4"),
        refused("set", "--set keys=3", "`keys` shapes events while they are generated"),
        field("guarantee", "/guarantee", "", "--guarantee at-least-once"),
        read(
            "threshold",
            Status,
            "--threshold throughput_per_s>1",
            "--threshold throughput_per_s>1e15",
        ),
    ],
};

/// The pipe has no line.
const PIPE: Context = Context {
    command: "run",
    before: "",
    base: "run --engine pipelined --workload keyed-count --input - --json",
    rows: &[
        field("engine", "/engine", "", "microbatch <- pipelined"),
        field("workload", "/workload", "", "--workload forward <- --workload keyed-count"),
        refused("clock", "--clock virtual", "has no virtual time"),
        field("input", "/records_in", "", "--input lines.ndjson <- --input -"),
        refused(
            "kafka-config",
            "--kafka-config client.properties",
            "goes with --input or --output kafka:",
        ),
        read("output", File("rows.ndjson"), "", "--output rows.ndjson"),
        read("batches", Text("no batches"), "<- --json", "--batches <- --json"),
        refused(
            "checkpoint-dir",
            "--guarantee exactly-once --checkpoint-dir state",
            "can be read again",
        ),
        refused("resume", "--resume", "--checkpoint-dir"),
        refused("no-check-output", "--no-check-output", "goes with a folder of part files"),
        refused("stop-after", "--stop-after 3", "--guarantee exactly-once"),
        refused("fault", "--fault kill:subtask@50%", "nobody knows how many will come"),
        refused("trace", "--trace trace", "--clock virtual"),
        refused("live", "--live", "cannot be used with"),
        as_alone("force"),
        read("json", Text("\"schema\""), "", "<- --json"),
        refused("repeats", "--repeats 2", "can be read once"),
        refused("warm-up", "--warm-up 50ms", "--warm-up is for generated events"),
        refused("rate", "--rate 1k", "come when they come"),
        as_alone("events"),
        refused("duration", "--duration 100ms", "--duration is the length of generated events"),
        field("parallelism", "/parallelism", "", "--parallelism 3"),
        field("seed", "/seed", "", "--seed 7"),
        refused("set", "--set splits=3", "generated or dealt out"),
        refused("set", "--set keys=3", "`keys` shapes events while they are generated"),
        refused("guarantee", "--guarantee exactly-once", "can be read again"),
        read("threshold", Status, "", "--threshold throughput_per_s>1e15"),
    ],
};

#[test]
fn every_flag_of_run_is_read_or_refused() {
    check(&ALONE);
}

#[test]
fn every_flag_of_run_is_read_or_refused_in_virtual_time() {
    check(&VIRTUAL);
}

#[test]
fn every_flag_of_run_is_read_or_refused_beside_a_file() {
    check(&FILE);
}

#[test]
fn every_flag_of_run_is_read_or_refused_beside_a_pipe() {
    check(&PIPE);
}

/// A fault that found nobody was passed over in silence.
#[test]
fn a_fault_that_strikes_nobody_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let struck = |fault: &str| {
        let line = format!(
            "run --engine pipelined --workload keyed-count --clock virtual --rate 1k --events 400 \
             --guarantee exactly-once --json --fault {fault}"
        );
        run(folder.path(), &words(&line)).err
    };
    let told = struck("kill:subtask@40%");
    assert!(!told.contains("--fault"), "{told}");
    let told = struck("kill:task@40%");
    assert!(told.contains("--fault: 0 of 1 struck; the rest found nobody"), "{told}");
}
