//! `recover`, `consistency`, `verify`, and the commands about formulas and placements.

use super::Shows::{FieldOf, File, Status, Text};
use super::{Context, check, field, read, refused};

pub(super) const ALL: &[&Context] =
    &[&RECOVER, &CONSISTENCY, &VERIFY, &SKEW, &FORMULAS, &CALIBRATE, &PLACE];

const RECOVER: Context = Context {
    command: "recover",
    before: "",
    base: "recover --engine pipelined --clock virtual --rate 2k --duration 300ms --out results --json",
    rows: &[
        refused("input", "--input lines.ndjson", "is read by `run --input`"),
        refused("kafka-config", "--kafka-config nowhere", "cannot read nowhere"),
        field("engine", "/runs/0/engine", "", "--engine microbatch <- --engine pipelined"),
        refused("engine", "--engine pipelined", "number 1 and number 2 are both"),
        field("workload", "/runs/0/run/workload", "", "--workload forward"),
        field("rate", "/runs/0/run/rate", "", "--rate 3k <- --rate 2k"),
        field("duration", "/runs/0/run/events", "", "--duration 200ms <- --duration 300ms"),
        field("parallelism", "/runs/0/run/parallelism", "", "--parallelism 3"),
        field("seed", "/runs/1/run/output/digest", "", "--seed 7"),
        field(
            "set",
            "/runs/0/run/settings/checkpoint_interval_ms",
            "",
            "--set checkpoint_interval_ms=50",
        ),
        refused(
            "set",
            "pipelined,buffer_bytes=64 <- pipelined;--set buffer_bytes=128",
            "sets its own",
        ),
        field("fault", "/fault", "", "--fault kill:driver@50%"),
        field("clock", "/runs/0/run/clock", "", "--clock wall <- --clock virtual"),
        read("out", File("elsewhere/results.json"), "", "--out elsewhere <- --out results"),
        read(
            "force",
            Status,
            "--out earlier <- --out results",
            "--out earlier --force <- --out results",
        ),
        read("json", Text("\"schema\""), "", "<- --json"),
    ],
};

const CONSISTENCY: Context = Context {
    command: "consistency",
    before: "",
    base: "consistency --engine pipelined --workload transfers --clock virtual --duration 100ms \
           --seeds 1 --out results --json",
    rows: &[
        field("engine", "/cells/0/engine", "", "--engine microbatch <- --engine pipelined"),
        refused("engine", "--engine pipelined", "number 1 and number 2 are both"),
        field("workload", "/cells/0/workload", "", "--workload forward <- --workload transfers"),
        refused("workload", "--workload windowed-count", "follows every record"),
        field("rate", "/rate", "", "--rate 500"),
        field("duration", "/events", "", "--duration 50ms <- --duration 100ms"),
        refused("duration", "--duration 11s <- --duration 100ms", "write 1 to 10000"),
        field("parallelism", "/parallelism", "", "--parallelism 3"),
        field("seed", "/cells/0/seeds/0/seed", "", "--seed 7"),
        field("seeds", "/cells/0/seeds/1/seed", "", "--seeds 2 <- --seeds 1"),
        field("set", "/cells/0/knobs/keys", "", "--set keys=7"),
        refused("set", "--set splits=2", "one split"),
        field("clock", "/clock", "", "--clock wall <- --clock virtual"),
        read("out", File("elsewhere/results.json"), "", "--out elsewhere <- --out results"),
        read(
            "force",
            Status,
            "--out earlier <- --out results",
            "--out earlier --force <- --out results",
        ),
        read("json", Text("\"schema\""), "", "<- --json"),
    ],
};

const VERIFY: Context = Context {
    command: "verify",
    before: "",
    base: "verify --workload keyed-count --engine sequential --parallelism 1 --clock virtual --events 2000 --json",
    rows: &[
        field("engine", "/0/engine", "", "--engine pipelined <- --engine sequential"),
        field("workload", "/0/workload", "", "--workload forward <- --workload keyed-count"),
        field("parallelism", "/0/parallelism", "", "--parallelism 2 <- --parallelism 1"),
        field("clock", "/0/clock", "", "--clock wall <- --clock virtual"),
        field("events", "/0/events", "", "--events 1000 <- --events 2000"),
        field("seed", "/0/digest", "", "--seed 7"),
        field("input", "/0/events", "", "--input lines.ndjson"),
        refused("input", "--input lines.ndjson --seed 7", "cannot be used with"),
        field("set", "/0/digest", "--set keys=3", "--set keys=4"),
        refused("set", "--set keys=3 --set keys=4", "`keys` was given twice"),
        read("json", Text("\"digest\""), "", "<- --json"),
    ],
};

const SKEW: Context = Context {
    command: "skew",
    before: "",
    base: "skew --workload keyed-count --events 2000 --placement modulo --window 500 --out results --json",
    rows: &[
        read(
            "workload",
            FieldOf("results/results.json", "/workload"),
            "",
            "word-count <- keyed-count",
        ),
        field("parallelism", "/0/parallelism", "", "--parallelism 3"),
        read(
            "events",
            FieldOf("results/results.json", "/events"),
            "",
            "--events 1000 <- --events 2000",
        ),
        field("seed", "/0/records", "", "--seed 7"),
        field("placement", "/0/placement", "", "--placement jump <- --placement modulo"),
        field("window", "/1/scope", "", "--window 400 <- --window 500"),
        field("engine", "/2/scope", "", "--engine microbatch,batch_interval_ms=2"),
        // It was ignored without an engine.
        refused("rate", "--rate 50k", "--engine"),
        field(
            "rate",
            "/2/windows",
            "--engine microbatch,batch_interval_ms=2 --rate 50k",
            "--engine microbatch,batch_interval_ms=2 --rate 200k",
        ),
        field("set", "/0/records", "--set keys=3", "--set keys=4"),
        refused(
            "set",
            "--engine microbatch,batch_interval_ms=2 --set batch_interval_ms=4",
            "sets its own",
        ),
        read("out", File("elsewhere/results.json"), "", "--out elsewhere <- --out results"),
        read(
            "force",
            Status,
            "--out earlier <- --out results",
            "--out earlier --force <- --out results",
        ),
        read("json", Text("\"scope\""), "", "<- --json"),
    ],
};

const FORMULAS: Context = Context {
    command: "formulas",
    before: "",
    base: "formulas partitioning --out results --json",
    rows: &[
        field("seed", "/1/measured", "", "--seed 7"),
        read("out", File("elsewhere/results.json"), "", "--out elsewhere <- --out results"),
        read(
            "force",
            Status,
            "--out earlier <- --out results",
            "--out earlier --force <- --out results",
        ),
        read("json", Text("\"formula\""), "", "<- --json"),
    ],
};

const CALIBRATE: Context = Context {
    command: "calibrate",
    before: "",
    base: "calibrate bare --repeats 1 --duration 1ms --parallelism 1 --out results --json",
    rows: &[
        field("repeats", "/repeats", "", "--repeats 2 <- --repeats 1"),
        // As many events as fit into the time; what they take is another figure each time.
        field("duration", "/runs/0/events", "", "--duration 40ms <- --duration 1ms"),
        field("parallelism", "/parallelism", "", "--parallelism 2 <- --parallelism 1"),
        field("seed", "/seed", "", "--seed 7"),
        read("out", File("elsewhere/bare.toml"), "", "--out elsewhere <- --out results"),
        read(
            "force",
            Status,
            "--out earlier <- --out results",
            "--out earlier --force <- --out results",
        ),
        read("json", Text("\"prices\""), "", "<- --json"),
    ],
};

const PLACE: Context = Context {
    command: "place",
    before: "",
    base: "place --json 1000",
    rows: &[
        field("placement", "/0/partition", "--parallelism 7", "--parallelism 7 --placement modulo"),
        field("parallelism", "/0/partition", "--parallelism 7", "--parallelism 100"),
        field("max-parallelism", "/0/bucket", "", "--max-parallelism 1000"),
        refused(
            "max-parallelism",
            "--placement modulo --max-parallelism 64",
            "means nothing to modulo",
        ),
        field("ring-points", "/0/bucket", "--placement ring", "--placement ring --ring-points 7"),
        refused("ring-points", "--ring-points 64", "means nothing to key-groups"),
        field("type", "/0/hash", "", "--type string"),
        read("json", Text("\"hash\""), "", "<- --json"),
    ],
};

#[test]
fn every_flag_of_consistency_is_read_or_refused() {
    check(&CONSISTENCY);
}

#[test]
fn every_flag_of_recover_is_read_or_refused() {
    check(&RECOVER);
}

#[test]
fn every_flag_of_verify_is_read_or_refused() {
    check(&VERIFY);
}

#[test]
fn every_flag_of_skew_is_read_or_refused() {
    check(&SKEW);
}

#[test]
fn every_flag_of_formulas_is_read_or_refused() {
    check(&FORMULAS);
}

#[test]
fn every_flag_of_place_is_read_or_refused() {
    check(&PLACE);
}
