//! The last lines that a process has printed, for the message when it fails.

use std::collections::VecDeque;
use std::io::Read;
use std::sync::{Arc, Mutex, MutexGuard};

/// Lines that are kept.
const KEPT: usize = 40;
/// Bytes of a line that are kept.
const LONGEST: usize = 300;

/// The last lines of a process, and of each only its begin: it may print as much as it likes.
#[derive(Clone, Debug, Default)]
pub(crate) struct LastLines(Arc<Mutex<VecDeque<String>>>);

impl LastLines {
    fn lines(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.0.lock().expect("no holder fails")
    }

    /// Takes in what comes, to its end.
    pub(crate) fn follow(&self, mut from: impl Read) {
        let mut buffer = [0; 8 * 1024];
        let mut line = Vec::new();
        loop {
            let read = match from.read(&mut buffer) {
                Ok(0) | Err(_) => break,
                Ok(read) => read,
            };
            for byte in &buffer[..read] {
                match byte {
                    b'\n' => self.add(&mut line),
                    _ if line.len() < LONGEST => line.push(*byte),
                    _ => {}
                }
            }
        }
        self.add(&mut line);
    }

    fn add(&self, line: &mut Vec<u8>) {
        let text = String::from_utf8_lossy(line).trim_end().to_owned();
        line.clear();
        if text.is_empty() {
            return;
        }
        let mut lines = self.lines();
        if lines.len() == KEPT {
            lines.pop_front();
        }
        lines.push_back(text);
    }

    /// The last few that say something: no frames of a stack.
    pub(crate) fn told(&self) -> String {
        let lines = self.lines();
        let says = |line: &&String| !line.trim_start().starts_with("at ");
        let mut last: Vec<&str> = lines.iter().filter(says).rev().take(3).map(|it| &**it).collect();
        last.reverse();
        last.join(" | ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_leaves_its_last_lines() {
        let mut flood = vec![b'x'; 10_000_000];
        flood.extend(b"\n");
        for n in 0..100_000 {
            flood.extend(format!("line {n}\n").into_bytes());
        }
        flood.extend(b"Exception: no memory\n\tat some.Class(File.java:1)\n");
        let lines = LastLines::default();
        lines.follow(&flood[..]);
        assert_eq!(lines.told(), "line 99998 | line 99999 | Exception: no memory");
        assert_eq!(lines.lines().len(), KEPT);
    }
}
