//! Whatever is wrong is answered with status 2 and one message that says what, and nothing is
//! written.

use std::net::TcpListener;
use std::path::Path;

use crate::program::{contents, run, words};

const RUN: &str = "run --engine pipelined --workload keyed-count --events 100";

/// Runs a command line that is wrong, in a folder of files that are wrong.
#[track_caller]
fn refused(line: &str, message: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    let before = contents(folder.path());
    let ended = run(folder.path(), &words(line)).with_status(2);
    assert_eq!(ended.out, "", "{line}");
    assert!(ended.err.starts_with("error: "), "{line}: {}", ended.err);
    assert_eq!(ended.err.matches("error:").count(), 1, "{line}: {}", ended.err);
    assert!(!ended.err.contains("panicked"), "{line}: {}", ended.err);
    for part in message {
        assert!(ended.err.contains(part), "{line}: `{part}` is not in: {}", ended.err);
    }
    assert_eq!(contents(folder.path()), before, "{line}");
}

fn prepare(folder: &Path) {
    let write = |name: &str, content: &[u8]| std::fs::write(folder.join(name), content).unwrap();
    write("broken.toml", b"# a suite\nname = \"x\n");
    write("unknown_field.toml", b"[[experiment]]\nworkload = \"forward\"\nengines = [\"pipelined\"]\nrate = \"max\"\nevnts = 3\n");
    write("not_utf8.txt", b"to be\nor \xff not\n");
    write("not_json.ndjson", b"{\"key\":1}\n{\"key\":}\n");
    write("wrong_type.ndjson", b"{\"key\":1}\n{\"key\":2}\n{\"key\":\"x\"}\n");
    write("keys.txt", b"7\n8,2\n9,heavy\n");
    std::fs::create_dir(folder.join("folder")).unwrap();
}

/// A port on which nobody listens.
fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn a_skew_that_cannot_be_measured_is_refused() {
    refused("skew --workload forward", &["forward has no keyed exchange behind its source"]);
    refused("skew --workload nexmakr-q5", &["did you mean `nexmark-q5`?"]);
    refused("skew --placement modulu", &["modulu", "modulo"]);
    refused("skew --parallelism 0", &["--parallelism", "1..=32768"]);
    refused("skew --window 0", &["`0` is no count"]);
    refused("skew --set zipf_exponent=4", &["zipf_exponent", "0 to 3"]);
    refused("skew --set key_file=keys.txt", &["keys.txt", "3", "heavy"]);
    refused("skew --rate 0 --engine microbatch", &["rate"]);
    refused("skew --set batch_interval_ms=9", &["batch_interval_ms"]);
    refused("skew --out keys.txt", &["cannot write results to keys.txt"]);
}

#[test]
fn what_cannot_be_varied_is_refused() {
    refused("sweep", &["--axis"]);
    refused("sweep --axis rate", &["`rate` is no axis; write --axis NAME=VALUE,VALUE"]);
    refused("sweep --axis rate=10k", &["with two values or more"]);
    refused("sweep --axis rate=10k,,20k", &["is no axis"]);
    refused("sweep --axis rate=10k,10k", &["has the value 10k twice"]);
    refused("sweep --axis rate=10k,fast", &["`fast` is no rate"]);
    refused("sweep --axis parallelism=1,0", &["whole numbers from 1 to 32768, not `0`"]);
    refused("sweep --axis kyes=1,2", &["did you mean `keys`?"]);
    refused("sweep --axis keys=1,x", &["`keys`", "`x`"]);
    refused("sweep --axis keys=1,2 --axis keys=3,4", &["--axis keys was given twice"]);
    refused("sweep --axis keys=1,2 --set keys=3", &["varied by --axis and fixed by --set"]);
    refused("sweep --axis rate=1k,2k --rate 3k", &["varied by --axis and fixed by --rate"]);
    refused(
        "sweep --axis keys=1,2 --axis splits=1,2 --axis rate=1k,2k",
        &["a sweep has one axis or two"],
    );
    refused("sustain --rate 10k", &["leave --rate out"]);
    refused("sustain --precision 0%", &["`0%` is no percentage"]);
    refused("sustain --engine pipeline", &["did you mean `pipelined`?"]);
}

#[test]
fn unknown_names_are_answered_with_the_nearest() {
    refused("run --engine pipeline --workload forward", &["did you mean `pipelined`?"]);
    refused("run --engine pipelined --workload foward", &["did you mean `forward`?"]);
    refused(
        "run --engine pipelined,bufer_bytes=9 --workload forward",
        &["did you mean `buffer_bytes`?"],
    );
    refused(&format!("{RUN} --set kyes=3"), &["did you mean `keys`?"]);
    refused(&format!("{RUN} --set bufer_bytes=3"), &["did you mean `buffer_bytes`?"]);
    refused("compare quik", &["did you mean `quick`?", "SUITE.toml"]);
    refused("compare --engine microbach", &["did you mean `microbatch`?"]);
    refused("compare --workload foward", &["did you mean `forward`?"]);
    refused("compare --set bach_interval_ms=9", &["did you mean `batch_interval_ms`?"]);
    refused("verify --engine pipeline", &["did you mean `pipelined`?"]);
    refused("verify --workload foward", &["did you mean `forward`?"]);
    refused("verify --set kyes=3", &["there is no knob `kyes`; did you mean `keys`?"]);
    refused("sample --workload foward", &["did you mean `forward`?"]);
    refused("sample --workload forward --set kyes=3", &["did you mean `keys`?"]);
    refused("list --show quik", &["did you mean `quick`?"]);
}

#[test]
fn a_setting_of_another_engine_is_refused_by_run() {
    refused(&format!("{RUN} --set batch_interval_ms=9"), &["`batch_interval_ms`", "pipelined"]);
}

#[test]
fn values_that_make_no_sense_say_what_would() {
    refused(&format!("{RUN} --rate 0"), &["--rate", "more than 0"]);
    refused(&format!("{RUN} --rate -5"), &["--rate", "more than 0"]);
    refused(&format!("{RUN} --rate fast"), &["--rate", "or max"]);
    refused(&format!("{RUN} --rate 1e-12"), &["--rate", "0.001 events per second or more"]);
    refused(&format!("{RUN} --parallelism 0"), &["--parallelism", "1..=32768"]);
    refused(&format!("{RUN} --parallelism -1"), &["--parallelism", "1..=32768"]);
    refused("run --engine pipelined --workload forward --events 0", &["--events", "from 1"]);
    refused("run --engine pipelined --workload forward --events -3", &["--events", "from 1"]);
    refused("run --engine pipelined --workload forward --duration 0s", &["--duration", "longer"]);
    refused(&format!("{RUN} --duration 2s"), &["--events", "--duration", "cannot be used with"]);
    refused(&format!("{RUN} --repeats 0"), &["--repeats", "1..=10000"]);
    refused(&format!("{RUN} --seed -1"), &["--seed", "invalid digit"]);
    refused(&format!("{RUN} --set keys"), &["key=value"]);
    refused(&format!("{RUN} --set keys=0"), &["`keys` takes a whole number from 1"]);
    refused(&format!("{RUN} --set buffer_bytes=3"), &["from 64", "not `3`"]);
    refused(&format!("{RUN} --set zipf_exponent=NaN"), &["`zipf_exponent`"]);
    refused("verify --parallelism 1,0", &["--parallelism", "1..=32768"]);
}

#[test]
fn knobs_that_make_no_sense_together_say_what_to_do() {
    refused(&format!("{RUN} --set zipf_exponent=4"), &["`zipf_exponent`", "from 0 to 3"]);
    refused(&format!("{RUN} --set zpif_exponent=1"), &["did you mean `zipf_exponent`?"]);
    refused(&format!("{RUN} --set key_distribution=zipf"), &["needs `zipf_exponent`"]);
    refused(&format!("{RUN} --set hot_keys=3"), &["`hot_keys`", "leave it out"]);
    refused(&format!("{RUN} --set splits=2 --set idle_splits=2"), &["idle_splits=2", "at most 1"]);
    refused(&format!("{RUN} --set load_peak=2"), &["`load_peak`", "load_shape=constant"]);
    refused(&format!("{RUN} --set load_shape=wave"), &["`load_shape` takes one of", "poisson"]);
    refused(
        &format!("{RUN} --set load_shape=square --set load_peak=3"),
        &["load_peak=3", "at most 2"],
    );
    refused("sample --workload forward --set disorder=exponential", &["needs `disorder_ms`"]);
    refused("verify --set payload_distribution=uniform", &["needs `payload_bytes`"]);
}

#[test]
fn a_key_file_that_is_wrong_is_pointed_at() {
    refused(&format!("{RUN} --set key_file=keys.txt"), &["keys.txt:3:3: ", "`heavy` is no weight"]);
    refused(&format!("{RUN} --set key_file=no.txt"), &["no.txt", "cannot be read"]);
    refused(&format!("{RUN} --set key_file=folder"), &["folder", "cannot be read"]);
    refused(&format!("{RUN} --set key_file=not_utf8.txt"), &["not_utf8.txt:1:1: ", "no key"]);
}

#[test]
fn a_guarantee_is_promised_only_where_it_can_be_kept() {
    let run = "run --workload keyed-count --events 1000";
    refused(
        &format!("{run} --engine sequential --guarantee exactly-once"),
        &["`guarantee`", "not `exactly-once`", "only none"],
    );
    for engine in ["pipelined", "microbatch"] {
        let run = format!("{run} --engine {engine}");
        refused(&format!("{run} --guarantee sometimes"), &["sometimes", "at-least-once"]);
        refused(&format!("{run} --resume"), &["--checkpoint-dir"]);
        refused(&format!("{run} --checkpoint-dir c"), &["--guarantee exactly-once"]);
        refused(&format!("{run} --stop-after 10"), &["--guarantee exactly-once"]);
        let run = format!("{run} --guarantee exactly-once");
        refused(
            &format!("{run} --output print"),
            &["exactly-once", "file:PATH", "standard output"],
        );
        let piped = run.replace("--events 1000", "--input -");
        refused(&piped, &["read again"]);
        refused(&format!("{run} --checkpoint-dir c --resume"), &["holds no job"]);
        refused(&format!("{run} --checkpoint-dir c --repeats 2"), &["--repeats"]);
        refused(&format!("{run} --fault kill:everyone@40%"), &["everyone", "subtask"]);
        refused(&format!("{run} --fault burn:it@1s"), &["no fault", "kill:VICTIM@WHEN"]);
    }
}

#[test]
fn settings_that_do_not_go_together_are_refused() {
    let count = "--workload keyed-count --parallelism 4";
    for engine in ["pipelined", "microbatch"] {
        refused(
            &format!("run --engine {engine} {count} --set max_parallelism=3"),
            &["max_parallelism=3", "at least 4"],
        );
    }
    for engine in ["pipelined", "microbatch"] {
        refused(
            &format!(
                "run --engine {engine} --workload keyed-count --parallelism 100 --set placement=ring --set ring_points=65536"
            ),
            &["ring_points=65536", "at most 41943"],
        );
    }
    refused(
        &format!(
            "run --engine pipelined {count} --set exclusive_buffers_per_channel=0 \
             --set floating_buffers_per_gate=0"
        ),
        &["both 0"],
    );
}

#[test]
fn a_suite_is_pointed_at_by_line_and_column() {
    refused("compare broken.toml", &["broken.toml:2:", "name = \"x"]);
    refused("compare unknown_field.toml", &["unknown_field.toml:5:1: ", "unknown field `evnts`"]);
    refused("compare missing.toml", &["missing.toml"]);
    refused("compare folder", &["folder"]);
}

#[test]
fn an_input_that_cannot_be_read_is_named() {
    refused(&format!("{RUN} --input missing.ndjson"), &["missing.ndjson"]);
    refused(&format!("{RUN} --input file:missing.ndjson"), &["missing.ndjson"]);
    refused(&format!("{RUN} --input folder"), &["folder", "it is a folder"]);
    refused(
        &format!("{RUN} --input kafka:broker/topic"),
        &["`broker` is no broker", "kafka:HOST:PORT/TOPIC"],
    );
    refused(&format!("{RUN} --input pulsar:broker/topic"), &["`pulsar:`", "tcp:HOST:PORT"]);
    let piped = "run --engine pipelined --workload keyed-count";
    refused(&format!("{RUN} --input tcp:localhost"), &["tcp:HOST:PORT"]);
    let port = closed_port();
    refused(&format!("{piped} --input tcp:127.0.0.1:{port}"), &["127.0.0.1", "refused"]);
}

/// None of this starts a process, or needs one to be installed.
#[test]
fn a_real_system_is_not_asked_for_what_it_cannot_do() {
    let run = "run --engine flink --events 10";
    refused(&format!("{run} --workload nexmark-q6"), &["cannot run `nexmark-q6`", "`flink-sql`"]);
    refused(&format!("{run} --workload forward --clock virtual"), &["on the wall clock only"]);
    let split =
        "--workload windowed-count --set split_keys=4 --set window_ms=100 --duration 5s --rate 10";
    refused(
        &format!("run --engine flink {split}"),
        &["`split_keys=4` has no effect on engine flink"],
    );
    refused(
        &format!("{run} --workload forward --guarantee exactly-once --output rows"),
        &["engine flink (Apache Flink) cannot commit its rows there"],
    );
    refused(
        &format!("{run} --workload forward --guarantee at-least-once --checkpoint-dir state"),
        &["engine flink (Apache Flink) keeps its checkpoints by itself"],
    );
    refused(
        "recover --engine spark --workload forward --fault kill:executor@50%",
        &["`kill:executor@50%` cannot strike Apache Spark", "kill:driver"],
    );
}

/// The client of Kafka is a feature of the build.
#[cfg(not(feature = "kafka"))]
#[test]
fn a_build_without_kafka_says_how_to_have_it() {
    let folder = tempfile::tempdir().unwrap();
    for line in [
        "run --engine pipelined --workload keyed-count --input kafka:localhost:9092/topic",
        "run --engine pipelined --workload keyed-count --events 9 --output kafka:localhost:9092/topic",
        "sample --workload keyed-count --output kafka:localhost:9092/topic",
    ] {
        let err = run(folder.path(), &words(line)).with_status(2).err;
        assert!(err.contains("cargo build --release --features kafka"), "{line}: {err}");
    }
}

#[test]
fn a_wrong_line_is_pointed_at_by_line_and_column() {
    refused(&format!("{RUN} --input not_json.ndjson"), &["not_json.ndjson:2:8: "]);
    refused(&format!("{RUN} --input wrong_type.ndjson"), &["wrong_type.ndjson:3:10: "]);
    for workload in ["word-count", "uppercase"] {
        refused(
            &format!("run --engine pipelined --workload {workload} --input not_utf8.txt"),
            &["not_utf8.txt:2:4: ", "UTF-8"],
        );
    }
}

#[test]
fn an_output_that_cannot_be_written_is_named() {
    refused(&format!("{RUN} --output missing/out.ndjson"), &["missing/out.ndjson"]);
    refused(&format!("{RUN} --output folder"), &["folder", "it is a folder"]);
    let port = closed_port();
    refused(&format!("{RUN} --output tcp:127.0.0.1:{port}"), &["127.0.0.1", "refused"]);
    refused(&format!("{RUN} --clock virtual --trace missing/trace"), &["missing/trace"]);
    refused("compare --quick --out broken.toml", &["broken.toml"]);
}

#[test]
fn options_that_exclude_one_another_say_so() {
    refused(&format!("{RUN} --json --output print"), &["--json", "standard output"]);
    refused(&format!("{RUN} --json --output -"), &["--json", "standard output"]);
    refused(&format!("{RUN} --trace trace.txt"), &["--trace", "--clock virtual"]);
    refused(&format!("{RUN} --clock virtual --input -"), &["virtual time"]);
    refused("compare quick --quick", &["--quick"]);
}

#[test]
fn results_that_are_not_there_cannot_be_drawn() {
    refused("plot missing", &["missing", "results.json"]);
    refused("plot folder", &["folder", "results.json"]);
}

#[test]
fn a_failure_that_cannot_be_planned_is_refused_with_the_forms() {
    const FORMS: &[&str] = &["--fault", "kill:VICTIM@WHEN", "lose:MESSAGE@NUMBER"];
    refused("recover --fault burn:task@1s", FORMS);
    refused("recover --fault kill", FORMS);
    refused("recover --rate max", &["events per second"]);
    refused("recover --rate 0", &["--rate", "more than 0"]);
    refused("recover --engine microbach", &["did you mean `microbatch`?"]);
    refused("recover --workload foward", &["did you mean `forward`?"]);
    refused("recover --set kyes=3", &["did you mean `keys`?"]);
    refused("recover --set guarantee=none", &["every guarantee"]);
    refused("recover --engine pipelined,guarantee=none", &["every guarantee"]);
    refused("recover --engine sequential", &["`guarantee`"]);
    refused("recover --out broken.toml", &["broken.toml"]);
    refused("consistency --rate max", &["events per second"]);
    refused(
        "consistency --workload nexmark-q6",
        &["nexmark-q6", "an auction expires", "transfers"],
    );
    refused("consistency --workload transfrs", &["did you mean `transfers`?"]);
    refused("consistency --set guarantee=none", &["every guarantee"]);
    refused("consistency --seeds 0", &["--seeds"]);
    refused("consistency --engine sequential", &["`guarantee`"]);
}

#[test]
fn a_key_that_cannot_be_placed_is_named_with_what_to_do() {
    refused("place --parallelism 3 42 user_7", &["`user_7`", "no long", "--type string"]);
    refused("place --type int 3000000000", &["`3000000000`", "no int", "--type long"]);
    refused("place --type int 1.5", &["`1.5`", "--type string"]);
    refused("place", &["<KEY>"]);
    refused("place -- -x", &["`-x`"]);
    refused("place --placement rnig 1", &["'rnig'", "ring"]);
    refused("place --placement modulo --max-parallelism 64 1", &["--max-parallelism", "modulo"]);
    refused("place --ring-points 64 1", &["--ring-points", "key-groups"]);
    refused("place --parallelism 4 --max-parallelism 3 1", &["max_parallelism=3", "at least 4"]);
    refused("place --placement ring --parallelism 100 --ring-points 65536 1", &["at most 41943"]);
    refused("place --parallelism 0 1", &["--parallelism", "1..=32768"]);
}
