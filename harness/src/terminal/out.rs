//! Printing that ignores a closed pipe instead of panicking, and remembers every other failure that
//! the standard library tells of. Whatever is printed here, hidden characters in it, such as escape
//! sequences in a name, are written out: a terminal must not obey what comes from outside.

use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, OnceLock};

use kafka::Tell;
use reports::schema::text::visible;

use crate::error::{Error, Result, abridged};
use crate::files::result_folder::WrittenResults;

/// Why something that was to be printed did not reach standard output: the first reason.
static LOST: OnceLock<String> = OnceLock::new();

/// Takes note of a write that failed. A reader that has closed the pipe has had enough.
pub(crate) fn written(written: io::Result<()>) {
    if let Err(error) = written
        && error.kind() != ErrorKind::BrokenPipe
    {
        LOST.get_or_init(|| format!("cannot write to standard output: {error}"));
    }
}

/// Whether everything that was printed has reached standard output: asked at the end of a command.
///
/// # Errors
/// When something did not, as on a full disk.
pub(crate) fn all_written() -> Result<()> {
    written(io::stdout().flush());
    match LOST.get() {
        None => Ok(()),
        Some(reason) => Err(Error::run(reason)),
    }
}

/// Prints a line. If the reader has closed the pipe, the line is lost.
pub fn line(text: &str) {
    written(writeln!(io::stdout(), "{}", visible(text)));
}

/// Prints a line on standard error. If the reader has closed the pipe, the line is lost.
pub(crate) fn note(text: &str) {
    drop(writeln!(io::stderr(), "{}", visible(text)));
}

/// Tells what happens at a broker, a line each.
pub(crate) fn tell() -> Tell {
    Arc::new(note)
}

/// Prints an error.
pub(crate) fn error(error: &Error) {
    note(&abridged(&format!("error: {error}")));
}

/// Prints a value as one line of JSON.
pub(crate) fn json(value: &impl serde::Serialize) {
    match serde_json::to_string(value) {
        Ok(text) => line(&text),
        Err(error) => {
            LOST.get_or_init(|| format!("the result cannot be printed as JSON: {error}"));
        }
    }
}

/// Prints results that were written: as JSON, or the table and where the report lies.
pub(crate) fn results(filled: &WrittenResults, json: bool, table: impl FnOnce() -> String) {
    if json {
        line(&filled.text);
    } else {
        line(&table());
        line(&format!("\nReport: {}", filled.report.display()));
        if let Some(former) = &filled.set_aside {
            line(&format!("The results that were there: {}", former.display()));
        }
    }
}
