//! The digest must not depend on order, must see every change, and must stay the same for ever:
//! results are compared across engines, machines and years.

use dataflow::Digest;
use dataflow::record::digest::hash_of;
use proptest::prelude::*;
use serde::Serialize;

fn digest<T: Serialize>(rows: &[T]) -> Digest {
    let mut digest = Digest::default();
    rows.iter().for_each(|row| digest.insert(row));
    digest
}

#[derive(Serialize)]
struct Named {
    user: u64,
    page: &'static str,
}

#[derive(Serialize)]
enum Shape {
    Empty,
    Round(u32),
    Square { side: u32 },
    Pair(u32, u32),
}

/// Digests in result files are compared with these bits: never change them.
#[test]
fn the_hash_of_a_value_is_fixed_for_ever() {
    let golden: Vec<(&str, u128, u128)> = vec![
        ("unit", hash_of(&()), 0x132173a6_8228d9d1_bc13060e_2d1aac79),
        ("0", hash_of(&0_u64), 0x119ef4b5_90a88835_1623977f_04307634),
        ("1", hash_of(&1_u64), 0x466e4b33_1c2a90db_cfc01d70_309b3737),
        ("-1", hash_of(&-1_i32), 0x52affda6_4f9ff74c_96761f8a_d662d850),
        ("max", hash_of(&u128::MAX), 0x715b3f92_28fcc56c_9618a888_a3178608),
        ("true", hash_of(&true), 0x466e4b33_1c2a90db_cfc01d70_309b3737),
        ("1.5", hash_of(&1.5_f64), 0x0fd7afc1_e1eb284f_810141c1_ac005b84),
        ("none", hash_of(&None::<u64>), 0x119ef4b5_90a88835_1623977f_04307634),
        ("some", hash_of(&Some(7_u64)), 0x1ac1ef7e_8599d572_edbf4a14_7d288b03),
        ("pair", hash_of(&(1_u64, 2_u64)), 0xb8ad5bb2_89d57d53_69c58efe_b5db88f4),
        ("text", hash_of("stream"), 0xdd20bde8_85096d78_ed362b32_bba4bc6a),
        ("long text", hash_of("a text longer than a word"), 0x7a8410aa_8367dd6d_db89dfbd_eef6ae74),
        ("list", hash_of(&vec![1_u32, 2, 3]), 0x99837f90_a3c17a46_06e9fd03_606d2a14),
        (
            "named",
            hash_of(&Named { user: 42, page: "/home" }),
            0x0e89237c_6152a1af_10622e7c_6dcadbe9,
        ),
        ("empty", hash_of(&Shape::Empty), 0x119ef4b5_90a88835_1623977f_04307634),
        ("round", hash_of(&Shape::Round(3)), 0xe40538b1_4462b730_9cea8b68_bbccc6d8),
        ("square", hash_of(&Shape::Square { side: 3 }), 0x5ad728d7_8ccbc5fc_37daff40_7f69397d),
        ("two", hash_of(&Shape::Pair(3, 4)), 0x7b4dc5d0_50114dff_3992f8d8_05cd3879),
    ];
    let wrong: Vec<String> = golden
        .iter()
        .filter(|(_, hash, expected)| hash != expected)
        .map(|(name, hash, _)| format!("{name}: {hash:#034x}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_digest_prints_its_count_and_its_sum() {
    let digest = Digest { records: -2, sum: 0xabc };
    assert_eq!(digest.to_string(), "-2:00000000000000000000000000000abc");
}

proptest! {
    #[test]
    fn order_and_division_do_not_matter(
        rows in proptest::collection::vec((0_u64..20, 0_u64..20), 0..60),
        cut in 0_usize..60,
    ) {
        let whole = digest(&rows);
        let mut backwards = rows.clone();
        backwards.reverse();
        prop_assert_eq!(digest(&backwards), whole);
        let (left, right) = rows.split_at(cut.min(rows.len()));
        let mut merged = digest(left);
        merged.merge(&digest(right));
        prop_assert_eq!(merged, whole);
        prop_assert_eq!(whole.records, rows.len() as i64);
    }

    #[test]
    fn what_is_taken_out_again_leaves_no_trace(
        kept in proptest::collection::vec(any::<(u64, u64)>(), 0..20),
        gone in proptest::collection::vec(any::<(u64, u64)>(), 0..20),
    ) {
        let mut both = digest(&gone);
        both.merge(&digest(&kept));
        gone.iter().for_each(|row| both.remove(row));
        prop_assert_eq!(both, digest(&kept));
    }

    #[test]
    fn an_update_is_the_row_that_is_there_now(before: (u64, u64), after: (u64, u64)) {
        let mut updated = digest(&[before]);
        updated.remove(&before);
        updated.insert(&after);
        prop_assert_eq!(updated, digest(&[after]));
    }
}

#[test]
fn a_record_written_twice_shows() {
    // An exclusive or would hide the pair, and the pair of pairs.
    let sums: Vec<u128> = (0..5).map(|copies| digest(&vec![(7_u64, 9_u64); copies]).sum).collect();
    for (copies, sum) in sums.iter().enumerate() {
        assert_eq!(sums.iter().position(|other| other == sum), Some(copies));
    }
    // Even where the count is right: one row twice instead of two rows.
    assert_ne!(digest(&[(1, 1), (1, 1)]), digest(&[(1, 1), (2, 2)]));
}

#[test]
fn values_that_differ_in_form_alone_differ() {
    fn check(a: &impl Serialize, b: &impl Serialize, what: &str) {
        assert_ne!(hash_of(a), hash_of(b), "{what}");
    }
    check(&(1_u64, 2_u64), &(2_u64, 1_u64), "order of fields");
    check(&("ab", "c"), &("a", "bc"), "where one text ends");
    check(&("", "abc"), &("abc", ""), "an empty text");
    check(&"a", &"a\0", "a zero byte behind a text");
    check(&"1234567\0", &"1234567", "a zero byte at the end of a word");
    check(&"12345678", &("1234", "5678"), "one text or two");
    check(&vec![vec![1, 2], vec![3]], &vec![vec![1], vec![2, 3]], "where one list ends");
    check(&vec![0_u64], &vec![0_u64, 0], "how many zeros");
    check(&(0_u64, 0_u64), &(0_u64,), "how many fields");
    check(&None::<u64>, &Some(0_u64), "nothing or zero");
    check(&(None::<u64>, Some(0_u64)), &(Some(0_u64), None::<u64>), "which is missing");
    check(&Shape::Round(3), &Shape::Square { side: 3 }, "the variant");
    check(&0.0_f64, &-0.0_f64, "the sign of zero");
    check(&(u128::from(1_u8)), &(1_u128 << 64), "which half of a long word");
    check(&Named { user: 1, page: "2" }, &Named { user: 2, page: "1" }, "which field");
}

/// Texts of up to 20 bytes go three ways, by their length: every single byte counts in each.
#[test]
fn every_byte_of_a_text_counts_whatever_its_length() {
    let mut seen = std::collections::HashSet::new();
    for length in 0..20 {
        assert!(seen.insert(hash_of(&"a".repeat(length))), "{length} bytes");
        for position in 0..length {
            let mut text = vec![b'a'; length];
            text[position] = b'b';
            let text = String::from_utf8(text).expect("two letters");
            assert!(seen.insert(hash_of(&text)), "{text}");
        }
    }
}

/// Names do not count: a row may rename its fields, or be a tuple.
#[test]
fn a_named_row_is_its_fields_in_order() {
    assert_eq!(hash_of(&Named { user: 1, page: "x" }), hash_of(&(1_u64, "x")));
}

/// Small tuples are what results are made of. Both halves are looked at alone: among a million
/// values of 64 good bits a collision has a chance of 1 in 37 million.
#[test]
fn a_million_small_tuples_differ_in_either_half() {
    let hashes: Vec<u128> = (0..1_000_u64)
        .flat_map(|left| (0..1_000_u64).map(move |right| hash_of(&(left, right))))
        .collect();
    for (half, shift) in [("low", 0), ("high", 64)] {
        let mut halves: Vec<u64> = hashes.iter().map(|hash| (hash >> shift) as u64).collect();
        halves.sort_unstable();
        halves.dedup();
        assert_eq!(halves.len(), hashes.len(), "{half} half");
    }
}

/// A sum hides what adds up. If the hash were a function of the left field plus one of the right,
/// rows with their fields swapped among them would go unseen.
#[test]
fn fields_exchanged_between_two_rows_show() {
    for a in 0..60_u64 {
        for c in 0..a {
            for b in 0..60_u64 {
                let d = b + 1 + a;
                let right = digest(&[(a, b), (c, d)]);
                let wrong = digest(&[(a, d), (c, b)]);
                assert_ne!(right.sum, wrong.sum, "({a}, {b}) and ({c}, {d})");
            }
        }
    }
    // One key a count too high and another one too low.
    for count in 1..5_000_u64 {
        let right = digest(&[(7, count), (8, count)]);
        let wrong = digest(&[(7, count + 1), (8, count - 1)]);
        assert_ne!(right.sum, wrong.sum, "counts around {count}");
    }
}

/// Flips every bit of the input by turns and counts how often each bit of the hash follows.
fn check_avalanche(name: &str, bits: u32, sample: impl Fn(u64, Option<u32>) -> u128) {
    const SAMPLES: u64 = 512;
    let mut weakest_input = (f64::INFINITY, 0);
    let mut followed_by_output = [0_u64; 128];
    for bit in 0..bits {
        let mut flipped = 0;
        for number in 0..SAMPLES {
            let difference = sample(number, None) ^ sample(number, Some(bit));
            flipped += u64::from(difference.count_ones());
            for (output, count) in followed_by_output.iter_mut().enumerate() {
                *count += (difference >> output & 1) as u64;
            }
        }
        let mean = flipped as f64 / SAMPLES as f64;
        assert!((40.0..=88.0).contains(&mean), "{name}: input bit {bit} flips {mean} of 128");
        let off = 64.0 - (mean - 64.0).abs();
        if off < weakest_input.0 {
            weakest_input = (off, bit);
        }
    }
    let trials = (SAMPLES * u64::from(bits)) as f64;
    let share = |count: u64| count as f64 / trials;
    let weakest = (0..128).max_by(|&a, &b| {
        let off = |bit: usize| (share(followed_by_output[bit]) - 0.5).abs();
        off(a).total_cmp(&off(b))
    });
    let weakest = weakest.expect("there are 128 bits");
    let weakest_share = share(followed_by_output[weakest]);
    println!(
        "{name}: weakest input bit {} flips {:.1} of 128; weakest output bit {weakest} follows \
         {:.1} % of flips",
        weakest_input.1,
        weakest_input.0,
        100.0 * weakest_share
    );
    assert!((0.4..=0.6).contains(&weakest_share), "{name}: output bit {weakest}: {weakest_share}");
}

/// `number` spread over a word, or small: both are met in results.
fn word(number: u64) -> u64 {
    if number.is_multiple_of(2) { number } else { number.wrapping_mul(0x9e37_79b9_7f4a_7c15) }
}

fn flip(word: u64, bit: Option<u32>) -> u64 {
    bit.map_or(word, |bit| word ^ 1 << bit)
}

#[test]
fn every_input_bit_moves_about_half_of_the_output() {
    check_avalanche("one word", 64, |number, bit| hash_of(&flip(word(number), bit)));
    check_avalanche("first of two", 64, |number, bit| {
        hash_of(&(flip(word(number), bit), word(number / 3)))
    });
    check_avalanche("second of two", 64, |number, bit| {
        hash_of(&(word(number / 3), flip(word(number), bit)))
    });
    check_avalanche("second of five", 64, |number, bit| {
        hash_of(&(number, flip(word(number), bit), 1_u32, -1_i64, 5_u8))
    });
    check_avalanche("a text", 200, |number, bit| {
        let mut bytes = format!("{number:025}").into_bytes();
        if let Some(bit) = bit {
            bytes[bit as usize / 8] ^= 1 << (bit % 8);
        }
        hash_of(&Bytes(&bytes))
    });
}

/// Bytes that are hashed as a text is.
struct Bytes<'a>(&'a [u8]);
impl Serialize for Bytes<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}
