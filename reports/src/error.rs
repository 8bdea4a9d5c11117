//! What can go wrong between a result directory and a page, and what to do about it.

use std::path::PathBuf;

/// Why a report could not be read, drawn or written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The directory holds nothing that can be drawn.
    #[error(
        "no results in {}: it has neither results.json nor runs/*.json; \
         give the directory that `streamgauge compare` wrote (its --out)", dir.display()
    )]
    NoResults {
        /// The directory asked for.
        dir: PathBuf,
    },
    /// A file or directory could not be read.
    #[error("cannot read {}: {reason}", path.display())]
    Read {
        /// What was to be read.
        path: PathBuf,
        /// The system's reason.
        reason: std::io::Error,
    },
    /// A file is not JSON, or a field is missing or of the wrong type.
    #[error("{}:{line}:{column}: {message}; {advice}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column, from 1; 0 where the end of the file came too early.
        column: usize,
        /// What is wrong there.
        message: String,
        /// What to do.
        advice: String,
    },
    /// A JSON file of another kind or version.
    #[error(
        "{}:{line}:{column}: not a Streamgauge result: schema is {found}, \
         this version reads {expected}; {advice}", path.display()
    )]
    Schema {
        /// The file.
        path: PathBuf,
        /// Line of the schema tag, from 1.
        line: usize,
        /// Column of the schema tag, from 1.
        column: usize,
        /// The tag found, or `missing`.
        found: String,
        /// The tag this version reads.
        expected: &'static str,
        /// What to do.
        advice: String,
    },
    /// A file could not be written.
    #[error(
        "cannot write {}: {reason}; check that the directory is writable and the disk not full",
        path.display()
    )]
    Write {
        /// What was to be written.
        path: PathBuf,
        /// The system's reason.
        reason: std::io::Error,
    },
    /// The drawing library refused.
    #[error("cannot draw a chart: {reason}; the results themselves are not affected")]
    Draw {
        /// Its reason.
        reason: String,
    },
}
