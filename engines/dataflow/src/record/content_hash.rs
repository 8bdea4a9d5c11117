//! Whether bytes are those that were written: XXH3-128 of them.

use std::fmt;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

/// XXH3-128 of some content, most significant byte first. It tells damage and mix-ups, not attacks.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ContentHash(pub [u8; 16]);

impl ContentHash {
    /// Of bytes that are all there.
    pub fn of(content: &[u8]) -> Self {
        let mut hasher = ContentHasher::default();
        hasher.update(content);
        hasher.hash()
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

/// Length and hash of content that comes piece by piece.
#[derive(Clone, Default)]
pub struct ContentHasher {
    hasher: Box<Xxh3>,
    length: u64,
}

impl ContentHasher {
    /// Takes the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.hasher.update(piece);
        self.length += piece.len() as u64;
    }

    /// The hash of all pieces so far.
    pub fn hash(&self) -> ContentHash {
        ContentHash(self.hasher.digest128().to_be_bytes())
    }

    /// Bytes so far.
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// Bytes so far, and their hash.
    pub fn content(&self) -> Content {
        Content { length: self.length, hash: self.hash() }
    }
}

/// What a file holds, without holding it.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Its length in bytes.
    pub length: u64,
    /// The hash of its bytes.
    pub hash: ContentHash,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_hash_as_the_whole_and_as_xxhsum_prints_it() {
        let mut hasher = ContentHasher::default();
        ["a", "", "bc"].iter().for_each(|piece| hasher.update(piece.as_bytes()));
        let whole = ContentHash::of(b"abc");
        assert_eq!(hasher.content(), Content { length: 3, hash: whole });
        // `printf abc | xxhsum -H2`.
        assert_eq!(whole.to_string(), "06b05ab6733a618578af5f94892f3950");
    }
}
