//! `place` puts keys where Flink and Spark put them, and says which hash decided.

use dataflow::placement::PLACEMENTS;
use serde_json::{Value, json};

use crate::program::{Ended, run, words};

fn place(line: &str) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &words(&format!("place {line}")))
}

#[track_caller]
fn places(line: &str, expected: &Value) {
    let ended = place(&format!("--json {line}")).with_status(0);
    assert_eq!((&ended.json(), ended.err.as_str()), (expected, ""), "{line}");
}

/// As the real classes print them.
#[test]
fn keys_are_where_flink_and_spark_put_them() {
    places(
        "--type int --parallelism 3 --max-parallelism 128 -- 42 -2147483648",
        &json!([
            { "key": 42, "hash": 1_134_849_565, "bucket": 29, "partition": 0 },
            { "key": -2_147_483_648, "hash": 1_718_298_732, "bucket": 108, "partition": 2 },
        ]),
    );
    // A long of -1 has the hash code 0.
    places(
        "--parallelism 3 -- -1",
        &json!([{ "key": -1, "hash": 593_689_054, "bucket": 94, "partition": 2 }]),
    );
    places(
        "--type string --parallelism 7 user_42",
        &json!([{ "key": "user_42", "hash": 1_193_504_810, "bucket": 42, "partition": 2 }]),
    );
    places(
        "--placement murmur3 --parallelism 200 --type int 1",
        &json!([{ "key": 1, "hash": -559_580_957, "bucket": null, "partition": 43 }]),
    );
    places(
        "--placement murmur3 --parallelism 200 --type long 1",
        &json!([{ "key": 1, "hash": -1_712_319_331, "bucket": null, "partition": 69 }]),
    );
    places(
        "--placement java-hash --parallelism 200 --type string user_42",
        &json!([{ "key": "user_42", "hash": -147_134_606, "bucket": null, "partition": 194 }]),
    );
}

#[test]
fn integers_are_longs_over_two_partitions_unless_said_otherwise() {
    let plain = place("--json 1099511627776").with_status(0).json();
    let spelled =
        "--json --type long --parallelism 2 --placement key-groups --max-parallelism 128 --";
    assert_eq!(plain, place(&format!("{spelled} 1099511627776")).json());
    assert_eq!(plain[0]["bucket"], 54);
}

#[test]
fn every_placement_places() {
    for placement in PLACEMENTS {
        let line = format!("--placement {placement} --parallelism 5 --json -7 0 123456789");
        let placed = place(&line).with_status(0).json();
        let placed = placed.as_array().unwrap();
        assert_eq!(placed.len(), 3);
        for (key, placed) in [-7, 0, 123_456_789].into_iter().zip(placed) {
            assert_eq!(placed["key"], key);
            assert!(placed["hash"].is_number(), "{placed}");
            assert!(placed["partition"].as_u64().unwrap() < 5, "{placed}");
            let has_bucket = ["key-groups", "ring"].contains(placement);
            assert_eq!(placed["bucket"].is_u64(), has_bucket, "{placed}");
        }
    }
    let ring = |points: &str| {
        let line = format!("--placement ring --parallelism 4 {points} --json 1 2 3 4 5 6 7 8");
        place(&line).with_status(0).json()
    };
    assert_eq!(ring(""), ring("--ring-points 128"));
    let most = |placed: Value| {
        placed.as_array().unwrap().iter().map(|it| it["bucket"].as_u64().unwrap()).max()
    };
    assert!(most(ring("--ring-points 2")) < Some(8));
}

#[test]
fn a_table_names_what_decided() {
    let ended = place("--parallelism 3 --type int 42 -1").with_status(0);
    for part in ["key group", "murmur", "1134849565", "29", "1982413648", "80"] {
        assert!(ended.out.contains(part), "`{part}` is not in {}", ended.out);
    }
    let table = place("--placement java-hash 42").with_status(0).out;
    assert!(table.contains("hashCode") && !table.contains("key group"), "{table}");
}
