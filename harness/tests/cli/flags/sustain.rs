//! `sustain`, which searches for a rate, in virtual time.

use super::Shows::{FieldOf, File, Status, Text};
use super::{Context, check, field, read, refused};

pub(super) const ALL: &[&Context] = &[&SUSTAIN];

/// Where the probes are.
const PROBES: &str = "results/results.json";

const SUSTAIN: Context = Context {
    command: "sustain",
    before: "",
    base: "sustain --clock virtual --engine sequential --workload forward --events 20000 --repeats 1 \
           --precision 50% --out results --json",
    rows: &[
        read("workload", FieldOf(PROBES, "/runs/0/workload"), "", "keyed-count <- forward"),
        field("engine", "/0/variant", "", "--engine pipelined <- --engine sequential"),
        refused("engine", "--engine sequential", "number 1 and number 2 are both"),
        read("clock", FieldOf(PROBES, "/runs/0/clock"), "", "--clock wall <- --clock virtual"),
        field("latency", "/0/rate_per_s", "", "--latency 1ns"),
        field("precision", "/0/interval/1", "", "--precision 1% <- --precision 50%"),
        read("out", File("elsewhere/results.json"), "", "--out elsewhere <- --out results"),
        read(
            "force",
            Status,
            "--out earlier <- --out results",
            "--out earlier --force <- --out results",
        ),
        read("json", Text("\"variant\""), "", "<- --json"),
        field("repeats", "/0/searches/1", "", "--repeats 2 <- --repeats 1"),
        read("warm-up", FieldOf(PROBES, "/runs/0/warm_up_events"), "", "--warm-up 1ms"),
        refused("rate", "--rate 10k", "leave --rate out"),
        read("events", FieldOf(PROBES, "/runs/0/events"), "", "--events 10000 <- --events 20000"),
        read(
            "duration",
            FieldOf(PROBES, "/runs/0/events"),
            "--duration 2ms <- --events 20000",
            "--duration 3ms <- --events 20000",
        ),
        read("parallelism", FieldOf(PROBES, "/runs/0/parallelism"), "", "--parallelism 3"),
        read("seed", FieldOf(PROBES, "/runs/0/output/digest"), "", "--seed 7"),
        read("set", FieldOf(PROBES, "/runs/0/output/digest"), "--set keys=3", "--set keys=4"),
        read(
            "guarantee",
            FieldOf(PROBES, "/runs/0/guarantee"),
            "pipelined <- sequential",
            "pipelined <- sequential;--guarantee at-least-once",
        ),
        // It was ignored: a search has no one throughput that could be held against it.
        refused("threshold", "--threshold throughput_per_s>1e12", "sustain judges no --threshold"),
    ],
};

#[test]
fn every_flag_of_sustain_is_read_or_refused() {
    check(&SUSTAIN);
}
