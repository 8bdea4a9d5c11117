//! Named random streams.

use xxhash_rust::xxh3::Xxh3;

/// The seed of the stream called `stream` in a run with this seed: XXH3 (64 bits) over the run's
/// seed, little-endian, and the name's bytes. Fixed by the two alone, on both clocks, so that a
/// stream which is added or drawn from more often moves no other.
pub(crate) fn stream_seed(seed: u64, stream: &str) -> u64 {
    let mut hasher = Xxh3::new();
    hasher.update(&seed.to_le_bytes());
    hasher.update(stream.as_bytes());
    hasher.digest()
}

#[cfg(test)]
mod tests {
    use xxhash_rust::xxh3::xxh3_64;

    use super::*;

    #[test]
    fn it_is_the_hash_of_the_bytes_in_one_piece() {
        let mut bytes = 0x0102_0304_0506_0708_u64.to_le_bytes().to_vec();
        bytes.extend_from_slice(b"flusher/3");
        assert_eq!(stream_seed(0x0102_0304_0506_0708, "flusher/3"), xxh3_64(&bytes));
    }
}
