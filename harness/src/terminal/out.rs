//! Standard output and standard error, by way of which a closed pipe is no panic.

use std::io::Write;

/// Prints a line. Whoever reads may have gone: then there is nobody to tell.
pub fn line(text: &str) {
    drop(writeln!(std::io::stdout(), "{text}"));
}

/// Prints a line on standard error, likewise.
pub fn note(text: &str) {
    drop(writeln!(std::io::stderr(), "{text}"));
}

/// Prints a value as one line of JSON.
pub fn json(value: &impl serde::Serialize) {
    match serde_json::to_string(value) {
        Ok(text) => line(&text),
        Err(error) => note(&format!("error: the result cannot be printed as JSON: {error}")),
    }
}
