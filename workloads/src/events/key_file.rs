//! Keys from a file, each as frequent as the file says.
//!
//! The file is text. Every line holds a key, an unsigned integer of 64 bits, and may hold its
//! weight behind a comma or a tab; without one it is 1. Only the ratio of weights counts. Lines
//! without anything are skipped. Lines and file have a length that they must not exceed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind};
use std::sync::{Arc, Mutex, PoisonError};

use dataflow::record::digest::hash_of;

use crate::events::alias_table::{AliasTable, TABLE_KEYS};
use crate::text::{InputError, Limit, Limits, LineCutter, WrongLine, excerpt};

/// How long a key file may be. Both leave room for ten times what it takes to write a key and its
/// weight.
const LIMITS: Limits = Limits {
    line: Limit { bytes: 1 << 12, advice: "a line of a key file holds one key and its weight" },
    input: Limit { bytes: TABLE_KEYS << 8, advice: "leave out keys that hardly occur" },
};

/// The keys of a file, drawn by their weights: 16 bytes a key.
#[derive(Debug)]
pub struct KeyFile {
    keys: Box<[u64]>,
    table: AliasTable,
    hash: u64,
}

impl KeyFile {
    /// The keys of this file. It is read once: a process that asks again is given what it had
    /// before, so that all runs of a comparison draw from the same keys, and a pipe will do.
    ///
    /// # Errors
    /// When it cannot be read, or a line is wrong: says where, and what to do.
    pub fn open(path: &str) -> Result<Arc<Self>, InputError> {
        static READ: Mutex<BTreeMap<String, Arc<KeyFile>>> = Mutex::new(BTreeMap::new());
        // A holder cannot fail half-way: the map is changed by one insertion.
        let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = read.get(path) {
            return Ok(Arc::clone(file));
        }
        let unreadable = |error| wrong(path, 0, 0, format!("the key file cannot be read: {error}"));
        let mut text = BufReader::new(File::open(path).map_err(unreadable)?);
        let mut lines = KeyLines::default();
        loop {
            let piece = match text.fill_buf() {
                Ok(piece) => piece,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(unreadable(error)),
            };
            let bytes = piece.len();
            lines.take(path, piece)?;
            if bytes == 0 {
                break;
            }
            text.consume(bytes);
        }
        let file = Arc::new(lines.end(path)?);
        read.insert(path.to_owned(), Arc::clone(&file));
        Ok(file)
    }

    /// The keys in the text of a file; `name` is the file as the user knows it.
    ///
    /// # Errors
    /// When a line is wrong, or nothing could ever be drawn.
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Self, InputError> {
        let mut lines = KeyLines::default();
        lines.take(name, bytes)?;
        lines.take(name, &[])?;
        lines.end(name)
    }

    /// A hash of the keys and their weights: two files of the same hash give the same events.
    pub const fn hash(&self) -> u64 {
        self.hash
    }

    /// The key of a draw.
    pub fn key(&self, draw: u64) -> u64 {
        self.keys[self.table.pick(draw) as usize]
    }
}

/// The keys of the lines that have come so far.
struct KeyLines {
    lines: LineCutter,
    keys: Vec<u64>,
    weights: Vec<f64>,
}

impl Default for KeyLines {
    fn default() -> Self {
        Self { lines: LineCutter::new(LIMITS), keys: Vec::new(), weights: Vec::new() }
    }
}

impl KeyLines {
    /// Takes a piece of the text; an empty one ends it.
    fn take(&mut self, name: &str, piece: &[u8]) -> Result<(), InputError> {
        let Self { lines, keys, weights } = self;
        let taken = lines.take(piece, |line| {
            let Some((key, weight)) = key_and_weight(line)? else { return Ok(()) };
            if keys.len() as u64 == TABLE_KEYS {
                let cause =
                    format!("a key file holds at most {TABLE_KEYS} keys; leave out the rest");
                return Err((0, cause));
            }
            keys.push(key);
            weights.push(weight);
            Ok(())
        });
        taken.map_err(|WrongLine { line, column, cause }| wrong(name, line, column, cause))
    }

    /// All keys.
    fn end(self, name: &str) -> Result<KeyFile, InputError> {
        let Self { keys, weights, .. } = self;
        let sum: f64 = weights.iter().sum();
        if keys.is_empty() {
            let cause = "the key file holds no key; write one unsigned integer on each line";
            return Err(wrong(name, 0, 0, cause.to_owned()));
        }
        if !(sum > 0.0 && sum.is_finite()) {
            let cause = format!("the weights add up to {sum}; at least one must be more than 0");
            return Err(wrong(name, 0, 0, cause));
        }
        let hash = hash_of(&(&keys, weights.iter().map(|it| it.to_bits()).collect::<Vec<_>>()));
        Ok(KeyFile { keys: keys.into(), table: AliasTable::new(&weights), hash: hash as u64 })
    }
}

/// What a line holds; nothing if it is empty.
fn key_and_weight(line: &str) -> Result<Option<(u64, f64)>, (u64, String)> {
    if line.trim().is_empty() {
        return Ok(None);
    }
    let (key, weight) = match line.find([',', '\t']) {
        Some(at) => (&line[..at], Some((at + 1, &line[at + 1..]))),
        None => (line, None),
    };
    let column =
        |before: usize, text: &str| (before + text.len() - text.trim_start().len()) as u64 + 1;
    let number = key.trim().parse().map_err(|_| {
        let cause = format!(
            "`{}` is no key; write an unsigned integer, and its weight behind a comma or a tab",
            excerpt(key.trim())
        );
        (column(0, key), cause)
    })?;
    let Some((at, text)) = weight else { return Ok(Some((number, 1.0))) };
    match text.trim().parse::<f64>() {
        Ok(weight) if weight >= 0.0 && weight.is_finite() => Ok(Some((number, weight))),
        _ => {
            let cause =
                format!("`{}` is no weight; write a number of 0 or more", excerpt(text.trim()));
            Err((column(at, text), cause))
        }
    }
}

fn wrong(name: &str, line: u64, column: u64, cause: String) -> InputError {
    InputError { input: name.to_owned(), line, column, cause }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Draws;

    fn parse(text: &str) -> Result<KeyFile, InputError> {
        KeyFile::parse("keys.txt", text.as_bytes())
    }

    #[test]
    fn keys_are_as_frequent_as_their_weights_say() {
        let file = parse("\u{feff}7\n\n18446744073709551615, 2.5\n9\t0.5\r\n 11 ,0").unwrap();
        let draws = Draws::new(1, "file");
        let mut seen = BTreeMap::new();
        for number in 0..40_000 {
            *seen.entry(file.key(draws.at(number))).or_insert(0_u32) += 1;
        }
        assert_eq!(seen.keys().copied().collect::<Vec<_>>(), [7, 9, u64::MAX]);
        // Four standard errors of a share of a quarter, at most as large for the others.
        for (key, expected) in [(7, 10_000), (u64::MAX, 25_000), (9, 5_000)] {
            assert!(seen[&key].abs_diff(expected) < 400, "{key}: {}", seen[&key]);
        }
    }

    #[test]
    fn a_line_that_is_wrong_is_pointed_at() {
        for (text, expected) in [
            ("7\nx\n", "keys.txt:2:1: `x` is no key"),
            ("7\n  -3\n", "keys.txt:2:3: `-3` is no key"),
            ("7,heavy", "keys.txt:1:3: `heavy` is no weight"),
            ("7\n8\t -1", "keys.txt:2:4: `-1` is no weight"),
            ("7,NaN", "keys.txt:1:3: `NaN` is no weight"),
            ("7,1,2", "keys.txt:1:3: `1,2` is no weight"),
            ("\n\n", "keys.txt: the key file holds no key"),
            ("7,0\n8,0", "keys.txt: the weights add up to 0"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
        let error = KeyFile::parse("k", b"1\n2\xff\n").unwrap_err().to_string();
        assert!(error.starts_with("k:2:2: not UTF-8"), "{error}");
    }

    #[test]
    fn the_hash_tells_files_apart_that_give_other_events() {
        let hash = |text| parse(text).unwrap().hash();
        assert_eq!(hash("1\n2"), hash("1,1\n\n2\t1.0\n"));
        assert_ne!(hash("1\n2"), hash("1\n2,2"));
        assert_ne!(hash("1\n2"), hash("2\n1"));
    }

    #[test]
    fn a_file_without_an_end_of_a_line_is_refused_where_that_shows() {
        let error = parse(&format!("7\n{}", "8".repeat(100_000))).unwrap_err().to_string();
        assert!(error.starts_with("keys.txt:2: the line has more than 4096 bytes"), "{error}");
        let error = parse(&"x".repeat(4_000)).unwrap_err().to_string();
        assert!(error.len() < 200, "{error}");
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = KeyFile::open("no/such/file").unwrap_err().to_string();
        assert!(error.starts_with("no/such/file: the key file cannot be read"), "{error}");
    }
}
