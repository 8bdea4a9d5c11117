//! Texts that are nearly right: a sound one, changed in a few places by a seed.

use rand::{Rng, SeedableRng};
use rand_xoshiro::SplitMix64;

/// Numbers at which something may overflow, and some that are none.
const NUMBERS: &[&str] = &[
    "0",
    "-1",
    "-0",
    "255",
    "256",
    "4611686018427",
    "4611686018428",
    "10000000001",
    "1700000000000000",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "1e400",
    "-1e-400",
    "0.1",
    "NaN",
    "1_000",
];

/// What means something to one of the parsers.
const WORDS: &[&str] = &[
    "\n",
    "\r\n",
    "\n\n",
    " ",
    "\t",
    ",",
    ":",
    "=",
    "\"",
    "'",
    "\"\"\"",
    "\\",
    "\\u0000",
    "\\ud800",
    "{",
    "}",
    "[",
    "]",
    "[[",
    "]]",
    "{}",
    "[]",
    "null",
    "true",
    "#",
    "\u{feff}",
    "\u{1b}[31m",
    "\0",
    "\u{202e}",
    "é",
    "name",
    "knobs",
    "settings",
    "window_ms",
    "slide_ms",
    "key_file",
    "dateTime",
    "price",
    "schema",
    "runs",
    "inf",
    "nan",
    "max",
    "-",
];

/// Draws changes from a seed.
pub(crate) struct Mutation(SplitMix64);

impl Mutation {
    pub(crate) fn new(seed: u64) -> Self {
        Self(SplitMix64::seed_from_u64(seed))
    }

    /// A number below this one, which is more than 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.0.next_u64() % bound as u64) as usize
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// A text with one to four changes.
    pub(crate) fn of(&mut self, text: &str) -> Vec<u8> {
        let mut bytes = text.as_bytes().to_vec();
        for _ in 0..1 + self.below(4) {
            self.change(&mut bytes);
        }
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len() + 1);
        let end = at + self.below(40).min(bytes.len() - at);
        match self.below(8) {
            0 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = (self.0.next_u64() & 0xff) as u8;
                }
            }
            1 => drop(bytes.drain(at..end)),
            2 => {
                let twice = bytes[at..end].to_vec();
                bytes.splice(at..at, twice);
            }
            3 => bytes.truncate(at),
            4 => {
                let word = self.pick(WORDS);
                bytes.splice(at..at, word.bytes());
            }
            5 | 6 => self.change_number(bytes, at),
            // Deep, or long.
            _ => {
                let (word, times) = (self.pick(WORDS), 1 << self.below(12));
                bytes.splice(at..at, word.repeat(times).bytes());
            }
        }
    }

    /// Puts another number in the place of the first one behind a place.
    fn change_number(&mut self, bytes: &mut Vec<u8>, at: usize) {
        let Some(from) = bytes[at..].iter().position(u8::is_ascii_digit) else { return };
        let from = at + from;
        let digits = bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = self.pick(NUMBERS);
        bytes.splice(from..from + digits, number.bytes());
    }
}
