//! What comes from outside is checked where it enters: lines, files, names and arguments that are too
//! large, out of range or no text are refused with status 2 and a message that says where.

mod limits;
mod live_lines;
mod marks;
mod names;
mod numbers;
mod rules;

use std::path::Path;

use crate::program::{Ended, run_with_input};

/// Longest message about a bad line: what is around it, and what to do.
const LONGEST_MESSAGE: usize = 600;

/// A bid of a bidder at a time and a price, as Nexmark has it.
fn bid(bidder: u64, millis: &str, price: &str) -> String {
    format!(
        "{{\"event_type\":2,\"bid\":{{\"auction\":1,\"bidder\":{bidder},\"price\":{price},\
         \"channel\":\"Google\",\"url\":\"u\",\"dateTime\":{millis},\"extra\":\"\"}}}}\n"
    )
}

/// Runs a command line with this on standard input; it must be refused with these parts of a message,
/// which is short and has no character that a terminal obeys.
#[track_caller]
fn refused_with(folder: &Path, arguments: &[&str], input: &[u8], message: &[&str]) {
    refused_as(run_with_input(folder, arguments, input), message);
}

#[track_caller]
fn refused_as(ended: Ended, message: &[&str]) {
    let ended = ended.with_status(2);
    assert_eq!(ended.out, "");
    assert_eq!(ended.err.matches("error:").count(), 1, "{}", ended.err);
    assert!(ended.err.len() < LONGEST_MESSAGE, "{} bytes: {}", ended.err.len(), ended.err);
    let hidden = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
    assert!(!ended.err.contains(hidden), "{:?}", ended.err);
    for part in message {
        assert!(ended.err.contains(part), "`{part}` is not in: {}", ended.err);
    }
}
