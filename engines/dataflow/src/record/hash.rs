//! The hashes of keys by which the two systems find a key's place, bit for bit.
//!
//! Flink: `MathUtils.murmurHash` of a Java hash code. Spark: `Murmur3_x86_32`, whose treatment of
//! the last bytes differs from the published Murmur3. Golden values printed by the real classes
//! stand in `tests/golden_vectors.rs`.

/// Spark SQL's seed for the first column that is hashed.
pub const SPARK_SEED: i32 = 42;

/// Flink's `MathUtils.murmurHash` of a Java hash code: never negative.
#[inline]
pub const fn flink_murmur(code: i32) -> u32 {
    let mut hash = (code as u32).wrapping_mul(0xcc9e_2d51);
    hash = hash.rotate_left(15).wrapping_mul(0x1b87_3593);
    hash = hash.rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64);
    hash = finish(hash, 4);
    let signed = hash as i32;
    // Java's Math.abs leaves the smallest integer negative; Flink maps it to 0.
    if signed == i32::MIN { 0 } else { signed.unsigned_abs() }
}

/// `String.hashCode`: a polynomial in 31 over the UTF-16 code units.
pub fn java_string_hash(text: &str) -> i32 {
    text.encode_utf16()
        .fold(0, |hash: i32, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

/// Spark's Murmur3 of an integer: one word, length 4.
pub const fn spark_int(value: i32, seed: i32) -> i32 {
    finish(mix(seed as u32, value as u32), 4) as i32
}

/// Spark's Murmur3 of a long: low word, high word, length 8.
pub const fn spark_long(value: i64, seed: i32) -> i32 {
    let low = mix(seed as u32, value as u32);
    finish(mix(low, (value >> 32) as u32), 8) as i32
}

/// Spark's Murmur3 of bytes: little-endian words, then every byte left over as a word of its own,
/// with its sign.
pub fn spark_bytes(bytes: &[u8], seed: i32) -> i32 {
    let (words, rest) = bytes.as_chunks::<4>();
    let hash = words.iter().fold(seed as u32, |hash, &word| mix(hash, u32::from_le_bytes(word)));
    let hash = rest.iter().fold(hash, |hash, &byte| mix(hash, i32::from(byte as i8) as u32));
    finish(hash, bytes.len() as u32) as i32
}

const fn mix(hash: u32, word: u32) -> u32 {
    let word = word.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593);
    (hash ^ word).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64)
}

#[inline]
const fn finish(hash: u32, length: u32) -> u32 {
    let mut hash = hash ^ length;
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}
