//! A suite's text, and errors that point into it.

use std::ops::Range;

use crate::error::Error;

/// A suite's text and where it came from, for errors.
pub(super) struct Text<'a> {
    pub(super) origin: &'a str,
    pub(super) text: &'a str,
}

impl Text<'_> {
    /// An error at a place in the text: file, line and column, and the line itself.
    pub(super) fn at(&self, span: &Range<usize>, message: impl std::fmt::Display) -> Error {
        let before = &self.text[..span.start.min(self.text.len())];
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = self.text[start..span.start].chars().count() + 1;
        let shown = self.text[start..].lines().next().unwrap_or_default();
        let number = line.to_string();
        let margin = " ".repeat(number.len());
        let width = span.len().clamp(1, shown.len().saturating_sub(column - 1).max(1));
        let marks = format!("{}{}", " ".repeat(column - 1), "^".repeat(width));
        Error::Input(format!(
            "{}:{line}:{column}: {message}\n{margin} |\n{number} | {shown}\n{margin} | {marks}",
            self.origin
        ))
    }
}
