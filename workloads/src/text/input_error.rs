//! The error of an input that cannot be read.

/// An input that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{input}{}: {cause}", place(*.line, *.column))]
pub struct InputError {
    /// The input, as the user named it.
    pub input: String,
    /// Line, from 1; 0 when the input as a whole is meant.
    pub line: u64,
    /// Column, from 1; 0 when the line as a whole is meant.
    pub column: u64,
    /// What is wrong.
    pub cause: String,
}

fn place(line: u64, column: u64) -> String {
    match (line, column) {
        (0, _) => String::new(),
        (line, 0) => format!(":{line}"),
        (line, column) => format!(":{line}:{column}"),
    }
}
