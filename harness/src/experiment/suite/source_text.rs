//! A suite's text, and errors that point into it.

use std::ops::Range;

use crate::error::Error;

/// A suite's text and where it came from, for errors.
pub(super) struct Text<'a> {
    pub(super) origin: &'a str,
    pub(super) text: &'a str,
}

impl Text<'_> {
    /// Line and column of a place in the text, from 1.
    fn line_and_column(&self, span: &Range<usize>) -> (usize, usize) {
        let before = &self.text[..span.start.min(self.text.len())];
        let line = before.matches('\n').count() + 1;
        (line, before[self.line_start(span)..].chars().count() + 1)
    }

    fn line_start(&self, span: &Range<usize>) -> usize {
        let before = &self.text[..span.start.min(self.text.len())];
        before.rfind('\n').map_or(0, |newline| newline + 1)
    }

    /// A place in the text: file, line and column.
    pub(super) fn named(&self, span: &Range<usize>) -> String {
        let (line, column) = self.line_and_column(span);
        format!("{}:{line}:{column}", self.origin)
    }

    /// An error at a place in the text: file, line and column, and the line itself.
    pub(super) fn at(&self, span: &Range<usize>, message: impl std::fmt::Display) -> Error {
        let (line, column) = self.line_and_column(span);
        let start = self.line_start(span);
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
