//! What a job has read of its input, so that it goes on with no other.

use std::fmt;
use std::io::{self, Read};

use serde::{Deserialize, Serialize};

use crate::record::content_hash::{ContentHash, ContentHasher};

/// Everything before an offset of an input: equal fingerprints mean equal content up to there.
///
/// The offset counts whatever the input counts by: bytes of a file, as they are stored.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Where it ends.
    pub offset: u64,
    /// Of the bytes before.
    pub hash: ContentHash,
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes with XXH3-128 {}", self.offset, self.hash)
    }
}

/// Takes fingerprints of what is read through it.
pub struct FingerprintReader<R> {
    inner: R,
    hasher: ContentHasher,
    /// Offsets to take one at, the lowest last.
    marks: Vec<u64>,
    taken: Vec<(Fingerprint, Option<u8>)>,
    last: Option<u8>,
}

impl<R: Read> FingerprintReader<R> {
    /// Around a reader, for fingerprints up to these offsets besides that of all of it.
    pub fn new(inner: R, mut marks: Vec<u64>) -> Self {
        marks.sort_unstable_by(|a, b| b.cmp(a));
        let hasher = ContentHasher::default();
        let mut reader = Self { inner, hasher, marks, taken: Vec::new(), last: None };
        reader.take_marks();
        reader
    }

    /// The fingerprint up to one of the offsets; that of less where the input was shorter.
    pub fn upto(&self, offset: u64) -> Fingerprint {
        self.taken_at(offset).map_or_else(|| self.whole(), |taken| taken.0)
    }

    /// The byte before one of the offsets; `None` where there is none, or the input was shorter.
    pub fn byte_before(&self, offset: u64) -> Option<u8> {
        self.taken_at(offset)?.1
    }

    fn taken_at(&self, offset: u64) -> Option<(Fingerprint, Option<u8>)> {
        self.taken.iter().find(|taken| taken.0.offset == offset).copied()
    }

    /// Of all that was read.
    pub fn whole(&self) -> Fingerprint {
        let content = self.hasher.content();
        Fingerprint { offset: content.length, hash: content.hash }
    }

    fn take_marks(&mut self) {
        while self.marks.last() == Some(&self.hasher.length()) {
            self.marks.pop();
            self.taken.push((self.whole(), self.last));
        }
    }
}

impl<R: Read> Read for FingerprintReader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let before = self.hasher.length();
        // Up to the next mark and no further, so that its hash can be taken.
        let room = self.marks.last().map_or(u64::MAX, |mark| mark - before);
        let room = into.len().min(usize::try_from(room).unwrap_or(usize::MAX));
        let read = self.inner.read(&mut into[..room])?;
        self.hasher.update(&into[..read]);
        if let Some(&last) = into[..read].last() {
            self.last = Some(last);
            self.take_marks();
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_of_what_lies_before_its_offset() {
        let text = b"some lines\nof text\n";
        let mut reader = FingerprintReader::new(&text[..], vec![4, 0, 4, 11, 99]);
        let mut read = Vec::new();
        reader.read_to_end(&mut read).unwrap();
        assert_eq!(read, text);
        for offset in [0, 4, 11] {
            let hash = ContentHash::of(&text[..offset]);
            assert_eq!(reader.upto(offset as u64), Fingerprint { offset: offset as u64, hash });
        }
        let before = [0, 4, 11, 99].map(|offset| reader.byte_before(offset));
        assert_eq!(before, [None, Some(b'e'), Some(b'\n'), None]);
        let whole = Fingerprint { offset: text.len() as u64, hash: ContentHash::of(text) };
        assert_eq!((reader.whole(), reader.upto(99)), (whole, whole), "it is shorter");
    }
}
