//! `compare`, which makes runs, and `sweep`, which does so at many points.

use super::Shows::{File, Status, Text};
use super::{Context, check, field, read, refused};

pub(super) const ALL: &[&Context] = &[&COMPARE, &SWEEP];

/// Each row's folder holds a baseline of the same comparison.
const COMPARE: Context = Context {
    command: "compare",
    before: "compare --workload keyed-count --engine sequential --events 300 --repeats 1 --out old \
             --save-baseline old",
    base: "compare --workload keyed-count --engine sequential --events 300 --repeats 1 --out made --json",
    rows: &[
        field("quick", "/suite", "", "--quick"),
        refused("input", "--input lines.ndjson", "is read by `run --input`"),
        refused("kafka-config", "--kafka-config nowhere", "cannot read nowhere"),
        read("out", File("elsewhere/results.json"), "", "--out elsewhere <- --out made"),
        read("force", Status, "--out earlier <- --out made", "--out earlier --force <- --out made"),
        field("engine", "/runs/0/variant", "", "--engine pipelined <- --engine sequential"),
        refused(
            "engine",
            "--engine pipelined --engine sequential",
            "number 1 and number 3 are both",
        ),
        field("workload", "/runs/0/workload", "", "--workload forward <- --workload keyed-count"),
        refused("workload", "--workload keyed-count", "--workload keyed-count was given twice"),
        field("clock", "/runs/0/clock", "", "--clock virtual"),
        refused("clock", "--clock virtual --engine pipelined --duet", "is simulated"),
        refused("clock", "--clock virtual --against-itself", "is simulated"),
        field("against-itself", "/runs/1/variant", "", "--against-itself"),
        field("duet", "/runs/0/duet", "--engine pipelined", "--engine pipelined --duet"),
        refused("duet", "--duet", "name another with --engine"),
        refused("duet", "--engine pipelined --duet --parallelism 2", "cannot be used with"),
        refused("duet", "--engine pipelined --duet --baseline old", "cannot be used with"),
        refused("duet", "--duet --dry-run <- --out made", "cannot be used with"),
        field("until", "/runs/4/repeat", "", "--engine pipelined --until 100% <- --repeats 1"),
        field(
            "budget",
            "/runs/10/repeat",
            "--engine pipelined --until 0.001% <- --repeats 1",
            "--engine pipelined --until 0.001% --budget 1ms <- --repeats 1",
        ),
        refused("budget", "--budget 1s <- --repeats 1", "--until"),
        // An option that another one excludes is not asked for.
        refused("budget", "--budget 1s", "cannot be used with"),
        field("dry-run", "/schema", "", "--dry-run <- --out made"),
        refused("dry-run", "--dry-run", "cannot be used with"),
        refused("live", "--live", "cannot be used with"),
        refused("live", "--live --dry-run <- --out made; <- --json", "cannot be used with"),
        read("json", Text("\"schema\""), "", "<- --json"),
        read("save-baseline", File("results/baselines/new.json"), "", "--save-baseline new"),
        refused(
            "save-baseline",
            "--save-baseline new --dry-run <- --out made",
            "cannot be used with",
        ),
        field("baseline", "/diff/a/name", "", "--baseline old"),
        refused(
            "baseline",
            "--baseline old --warm-up 1ms",
            "as long as the baseline's, which has none",
        ),
        read(
            "baseline-dir",
            File("kept/new.json"),
            "--save-baseline new",
            "--save-baseline new --baseline-dir kept",
        ),
        refused("baseline-dir", "--baseline-dir kept", "goes with --save-baseline or --baseline"),
        // The baseline has one run, of which nothing can be judged.
        read(
            "fail-on-regression",
            Status,
            "--baseline old --repeats 5 <- --repeats 1",
            "--baseline old --fail-on-regression 5% --repeats 5 <- --repeats 1",
        ),
        refused("fail-on-regression", "--baseline old --fail-on-regression 5%", "needs 5 runs"),
        refused("fail-on-regression", "--fail-on-regression 5%", "--baseline"),
        refused(
            "fail-on-regression",
            "--fail-on-regression 5% --baseline old --dry-run <- --out made",
            "cannot be used with",
        ),
        field("repeats", "/runs/1/repeat", "", "--repeats 2 <- --repeats 1"),
        field("warm-up", "/runs/0/warm_up_events", "--rate 5k", "--rate 5k --warm-up 10ms"),
        field("rate", "/runs/0/rate", "--rate 5k", "--rate 6k"),
        field("events", "/runs/0/events", "", "--events 200 <- --events 300"),
        field(
            "duration",
            "/runs/0/events",
            "--rate 5k --duration 50ms <- --events 300",
            "--rate 5k --duration 60ms <- --events 300",
        ),
        field("parallelism", "/runs/0/parallelism", "", "--parallelism 3"),
        field("seed", "/runs/0/output/digest", "", "--seed 7"),
        field("set", "/runs/0/output/digest", "--set keys=3", "--set keys=4"),
        refused(
            "set",
            "pipelined,buffer_bytes=64 <- sequential;--set buffer_bytes=128",
            "sets its own",
        ),
        field(
            "guarantee",
            "/runs/0/guarantee",
            "pipelined <- sequential",
            "pipelined <- sequential;--guarantee at-least-once",
        ),
        read(
            "threshold",
            Status,
            "--threshold throughput_per_s>1",
            "--threshold throughput_per_s>1e15",
        ),
        refused(
            "threshold",
            "--threshold throughput_per_s>1 --dry-run <- --out made",
            "cannot be used with",
        ),
    ],
};

const SWEEP: Context = Context {
    command: "sweep",
    before: "",
    base: "sweep --workload keyed-count --engine sequential --axis splits=1,2 --events 300 --repeats 1 --out results --json",
    rows: &[
        field("workload", "/runs/0/workload", "", "--workload forward <- --workload keyed-count"),
        field("axis", "/sweep/axes/0/name", "", "--axis parallelism=1,2 <- --axis splits=1,2"),
        refused(
            "axis",
            "pipelined,buffer_bytes=64 <- sequential;buffer_bytes=128,256 <- splits=1,2",
            "sets its own",
        ),
        read(
            "force",
            Status,
            "--out earlier <- --out results",
            "--out earlier --force <- --out results",
        ),
        refused("input", "--input lines.ndjson", "is read by `run --input`"),
        refused("kafka-config", "--kafka-config nowhere", "cannot read nowhere"),
        field("engine", "/runs/0/variant", "", "--engine pipelined <- --engine sequential"),
        refused("engine", "--engine sequential", "number 1 and number 2 are both"),
        read("out", File("elsewhere/results.json"), "", "--out elsewhere <- --out results"),
        read("json", Text("\"schema\""), "", "<- --json"),
        field("repeats", "/runs/1/repeat", "", "--repeats 2 <- --repeats 1"),
        field("warm-up", "/runs/0/warm_up_events", "--rate 5k", "--rate 5k --warm-up 10ms"),
        field("rate", "/runs/0/rate", "--rate 5k", "--rate 6k"),
        refused(
            "rate",
            "--rate 5k;rate=1k,2k <- splits=1,2",
            "varied by --axis and fixed by --rate",
        ),
        field("events", "/runs/0/events", "", "--events 200 <- --events 300"),
        field(
            "duration",
            "/runs/0/events",
            "--rate 5k --duration 50ms <- --events 300",
            "--rate 5k --duration 60ms <- --events 300",
        ),
        field("parallelism", "/runs/0/parallelism", "", "--parallelism 3"),
        field("seed", "/runs/0/output/digest", "", "--seed 7"),
        field("set", "/runs/0/output/digest", "--set keys=3", "--set keys=4"),
        field(
            "guarantee",
            "/runs/0/guarantee",
            "pipelined <- sequential",
            "pipelined <- sequential;--guarantee at-least-once",
        ),
        read(
            "threshold",
            Status,
            "--threshold throughput_per_s>1",
            "--threshold throughput_per_s>1e15",
        ),
    ],
};

#[test]
fn every_flag_of_compare_is_read_or_refused() {
    check(&COMPARE);
}

#[test]
fn every_flag_of_sweep_is_read_or_refused() {
    check(&SWEEP);
}
