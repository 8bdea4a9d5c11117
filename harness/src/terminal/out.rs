//! Printing that ignores a closed pipe instead of panicking.

use std::io::Write;

use crate::files::result_folder::WrittenResults;

/// Prints a line. If the reader has closed the pipe, the line is lost.
pub fn line(text: &str) {
    drop(writeln!(std::io::stdout(), "{text}"));
}

/// Prints a line on standard error. If the reader has closed the pipe, the line is lost.
pub(crate) fn note(text: &str) {
    drop(writeln!(std::io::stderr(), "{text}"));
}

/// Prints a value as one line of JSON.
pub(crate) fn json(value: &impl serde::Serialize) {
    match serde_json::to_string(value) {
        Ok(text) => line(&text),
        Err(error) => note(&format!("error: the result cannot be printed as JSON: {error}")),
    }
}

/// Prints results that were written: as JSON, or the table and where the report lies.
pub(crate) fn results(filled: &WrittenResults, json: bool, table: impl FnOnce() -> String) {
    if json {
        line(&filled.text);
    } else {
        line(&table());
        line(&format!("\nReport: {}", filled.report.display()));
    }
}
