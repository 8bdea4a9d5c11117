//! The commands about results, suites and this machine.

use super::Shows::{File, Lines, Status, Text};
use super::{Context, check, field, read, refused};

pub(super) const ALL: &[&Context] = &[&DIFF, &PLOT, &LIST, &SAMPLE, &SYSTEMS, &DOCTOR, &MAN];

/// A comparison.
const OLD: &str =
    "compare --workload keyed-count --engine sequential --events 300 --repeats 1 --out old";

const DIFF: Context = Context {
    command: "diff",
    before: "compare --workload keyed-count --engine sequential --events 300 --repeats 1 --out old && \
             compare --workload keyed-count --engine sequential --events 400 --repeats 1 --out new",
    base: "diff old new --json",
    rows: &[
        read("anyway", Status, "", "--anyway"),
        field("floor", "/floor", "--anyway", "--anyway --floor 1%"),
        read("json", Text("\"rows\""), "--anyway", "--anyway <- --json"),
    ],
};

const PLOT: Context = Context {
    command: "plot",
    before: OLD,
    base: "plot old",
    rows: &[read("png", File("old/charts/keyed-count-throughput.png"), "", "--png")],
};

const LIST: Context = Context {
    command: "list",
    before: "",
    base: "list suites",
    rows: &[
        read("show", Text("[[experiment]]"), "", "--show quick"),
        // What was to be listed was ignored, and so was the form.
        refused("show", "engines <- suites;--show quick", "--show prints a suite"),
        refused("show", "--show quick --json", "cannot be used with"),
        read("json", Text("{\"suites\""), "", "--json"),
    ],
};

const SYSTEMS: Context = Context {
    command: "systems list",
    before: "",
    base: "systems list",
    rows: &[read("json", Text("\"systems\""), "", "--json")],
};

const SAMPLE: Context = Context {
    command: "sample",
    before: "",
    base: "sample --workload keyed-count",
    rows: &[
        read("workload", Text("\"key\""), "", "word-count <- keyed-count"),
        read("events", Lines, "--events 3", "--events 4"),
        field("seed", "/key", "", "--seed 7"),
        field("set", "/key", "--set keys=1", "--set keys=100"),
        refused("set", "--set keys=3 --set keys=4", "`keys` was given twice"),
        read("output", File("sample.ndjson"), "", "--output sample.ndjson"),
        refused(
            "kafka-config",
            "--kafka-config client",
            "--kafka-config goes with --output kafka:",
        ),
    ],
};

const DOCTOR: Context = Context {
    command: "doctor",
    before: "",
    base: "doctor --json",
    rows: &[
        field(
            "duration",
            "/noise_events",
            "--repeats 5 --duration 5ms",
            "--repeats 5 --duration 50ms",
        ),
        field(
            "repeats",
            "/noise/0/pairs",
            "--duration 5ms --repeats 5",
            "--duration 5ms --repeats 6",
        ),
        read(
            "json",
            Text("\"schema\""),
            "--duration 5ms --repeats 5",
            "--duration 5ms --repeats 5 <- --json",
        ),
    ],
};

const MAN: Context = Context {
    command: "man",
    before: "",
    base: "man",
    rows: &[read("out", File("pages/streamgauge.1"), "", "--out pages")],
};

#[test]
fn every_flag_about_results_is_read_or_refused() {
    for context in [&PLOT, &LIST, &SAMPLE, &MAN] {
        check(context);
    }
}

#[test]
fn every_flag_of_diff_is_read_or_refused() {
    check(&DIFF);
}

#[test]
fn every_flag_of_doctor_is_read_or_refused() {
    check(&DOCTOR);
}
