//! What the real classes of both systems print, against our own functions: a key must land where
//! Flink and Spark put it.

use std::sync::Arc;

use dataflow::Key;
use dataflow::placement::key_group::{
    default_max_parallelism, groups_of_subtask, key_group, owner_of_group,
};
use dataflow::placement::{DecidingHash, Placement, PlacementKind, SPARK_SEED};
use dataflow::record::hash::{flink_murmur, spark_int};

/// Spark SQL's default number of shuffle partitions.
const SPARK_PARTITIONS: i32 = 200;

/// The hash and the partition that a placement over Spark's partitions has for a key.
#[track_caller]
fn lands(kind: PlacementKind, key: &impl Key, hash: i32, partition: i32) {
    let placement = kind.over(SPARK_PARTITIONS as u32, None);
    let decision = placement.explain(key);
    assert_eq!(decision.hash, DecidingHash::Signed(hash), "{} of {key:?}", kind.name());
    assert_eq!((decision.partition, decision.bucket), (partition as u32, None));
    assert_eq!(placement.partition(key), partition as u32, "{} of {key:?}", kind.name());
}

#[test]
fn integers_land_in_flinks_key_groups() {
    // hash code; murmurHash; key group of 128; subtask of 3
    let golden: [(i32, u32, u32, u32); 10] = [
        (0, 593_689_054, 94, 2),
        (1, 68_075_478, 86, 2),
        (2, 1_085_422_463, 127, 2),
        (3, 847_579_505, 113, 2),
        (42, 1_134_849_565, 29, 0),
        (100, 616_682_048, 64, 1),
        (-1, 1_982_413_648, 80, 1),
        (i32::MAX, 1_653_689_534, 62, 1),
        (i32::MIN, 1_718_298_732, 108, 2),
        (123_456_789, 1_088_346_449, 81, 1),
    ];
    let placement = Placement::key_groups(3, None);
    for (key, hash, group, subtask) in golden {
        assert_eq!(key.java_hash(), key);
        assert_eq!(flink_murmur(key), hash, "murmurHash({key})");
        assert_eq!(key_group(key, 128), group, "key group of {key}");
        assert_eq!(owner_of_group(group, 128, 3), subtask, "subtask of {key}");
        assert_eq!(placement.partition(&key), subtask, "placement of {key}");
        let decision = placement.explain(&key);
        assert_eq!(decision.hash, DecidingHash::Unsigned(u64::from(hash)));
        assert_eq!((decision.bucket, decision.partition), (Some(group), subtask));
    }
}

#[test]
fn strings_land_in_flinks_key_groups() {
    // key; hashCode; key group of 128; of 32,768; subtask of 7 with 128 groups
    let golden: [(&str, i32, u32, u32, u32); 6] = [
        ("", 0, 94, 31_198, 5),
        ("a", 97, 81, 19_409, 4),
        ("key-0", 101_943_362, 31, 19_359, 1),
        ("key-1", 101_943_363, 54, 23_094, 2),
        ("user_42", -147_134_606, 42, 28_714, 2),
        ("héllo", 103_094_734, 18, 3_602, 0),
    ];
    let placement = Placement::key_groups(7, Some(128));
    for (key, hash, group, group_of_many, subtask) in golden {
        let owned = key.to_owned();
        let shared: Arc<str> = key.into();
        assert_eq!(owned.java_hash(), hash, "hashCode of {key:?}");
        assert_eq!(shared.java_hash(), hash, "hashCode of {key:?}");
        assert_eq!(key_group(hash, 128), group, "key group of {key:?}");
        assert_eq!(key_group(hash, 32_768), group_of_many, "key group of {key:?} among 32,768");
        assert_eq!(placement.partition(&owned), subtask, "placement of {key:?}");
        assert_eq!(placement.partition(&shared), subtask, "placement of {key:?}");
    }
}

#[test]
fn longs_land_in_flinks_key_groups() {
    // key; hashCode; key group of 128. Long.hashCode folds -1 to 0.
    let golden: [(i64, i32, u32); 5] =
        [(0, 0, 94), (1, 1, 86), (-1, 0, 94), (1 << 40, 256, 54), (42, 42, 29)];
    for (key, hash, group) in golden {
        assert_eq!(key.java_hash(), hash, "Long.hashCode of {key}");
        assert_eq!((key as u64).java_hash(), hash, "the same bits, unsigned");
        assert_eq!(key_group(key.java_hash(), 128), group, "key group of {key}");
    }
}

#[test]
fn maximum_parallelism_defaults_as_in_flink() {
    let golden = [
        (1, 128),
        (2, 128),
        (4, 128),
        (85, 128),
        (86, 256),
        (100, 256),
        (128, 256),
        (170, 256),
        (171, 256),
        (1_000, 2_048),
        (21_845, 32_768),
        (30_000, 32_768),
    ];
    for (parallelism, expected) in golden {
        assert_eq!(default_max_parallelism(parallelism), expected, "of {parallelism}");
    }
}

#[test]
fn subtasks_own_flinks_ranges_of_key_groups() {
    for (subtask, range) in [(0, (0, 42)), (1, (43, 85)), (2, (86, 127))] {
        assert_eq!(groups_of_subtask(subtask, 128, 3), range, "subtask {subtask}");
    }
    // A range is where the owner function says so, also where nothing divides evenly.
    for (groups, parallelism) in [(128, 3), (128, 7), (128, 127), (128, 128), (256, 100), (97, 5)] {
        for subtask in 0..parallelism {
            let owned: Vec<u32> = (0..groups)
                .filter(|&group| owner_of_group(group, groups, parallelism) == subtask)
                .collect();
            let (first, last) = groups_of_subtask(subtask, groups, parallelism);
            assert!(owned.iter().copied().eq(first..=last), "{subtask} of {parallelism}, {groups}");
        }
    }
}

#[test]
fn placement_is_the_same_with_and_without_a_power_of_two() {
    // A remainder is a mask only for a power of two; 96 groups take the other way.
    for groups in [96, 128] {
        let placement = Placement::key_groups(5, Some(groups));
        for key in -1_000_i32..1_000 {
            let expected = owner_of_group(key_group(key, groups), groups, 5);
            assert_eq!(placement.partition(&key), expected, "{key} among {groups} groups");
        }
    }
}

#[test]
fn integers_land_in_sparks_partitions() {
    // key; murmur3 with seed 42; its remainder by 200
    let golden = [
        (0, 933_211_791, 191),
        (1, -559_580_957, 43),
        (2, 1_765_031_574, 174),
        (42, 29_417_773, 173),
        (-1, -1_604_776_387, 13),
        (i32::MAX, 133_916_647, 47),
        (123_456_789, -598_405_280, 120),
    ];
    for (key, hash, partition) in golden {
        assert_eq!(spark_int(key, SPARK_SEED), hash, "murmur3 of {key}");
        assert_eq!(key.spark_hash(SPARK_SEED), hash, "as a key: {key}");
        lands(PlacementKind::Murmur3, &key, hash, partition);
    }
}

#[test]
fn longs_land_in_sparks_partitions() {
    let golden: [(i64, i32, i32); 5] = [
        (0, -1_670_924_195, 5),
        (1, -1_712_319_331, 69),
        (42, 1_316_951_768, 168),
        (-1, -939_490_007, 193),
        (1 << 40, -1_596_767_687, 113),
    ];
    for (key, hash, partition) in golden {
        assert_eq!(key.spark_hash(SPARK_SEED), hash, "murmur3 of {key}");
        lands(PlacementKind::Murmur3, &key, hash, partition);
    }
}

#[test]
fn strings_land_in_sparks_partitions() {
    // key; murmur3 with seed 42; its remainder by 200; partition by the RDD HashPartitioner
    let golden = [
        ("", 142_593_372, 172, 0),
        ("a", 1_485_273_170, 170, 97),
        ("key-0", -1_442_122_172, 28, 162),
        ("key-1", 1_547_217_245, 45, 163),
        ("user_42", -365_300_267, 133, 194),
        ("héllo", 1_212_979_866, 66, 134),
    ];
    for (key, hash, partition, by_hash_code) in golden {
        let owned = key.to_owned();
        let shared: Arc<str> = key.into();
        assert_eq!(owned.spark_hash(SPARK_SEED), hash, "murmur3 of {key:?}");
        assert_eq!(shared.spark_hash(SPARK_SEED), hash, "murmur3 of {key:?}");
        lands(PlacementKind::Murmur3, &owned, hash, partition);
        lands(PlacementKind::Murmur3, &shared, hash, partition);
        // The RDD partitioner takes the remainder of the hash code that is not negative.
        lands(PlacementKind::JavaHash, &owned, owned.java_hash(), by_hash_code);
        lands(PlacementKind::JavaHash, &shared, owned.java_hash(), by_hash_code);
    }
}
