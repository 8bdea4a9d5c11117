//! The text of a file that people write, and errors that point into it.

use std::ops::Range;

use crate::error::{Error, abridged};

/// Characters of a line that are shown, and those of them before the place that is meant.
const SHOWN: usize = 80;
const SHOWN_BEFORE: usize = 40;

/// The text and where it came from, for errors.
pub(crate) struct Text<'a> {
    pub(crate) origin: &'a str,
    pub(crate) text: &'a str,
}

impl Text<'_> {
    /// Line and column of a place in the text, from 1.
    fn line_and_column(&self, span: &Range<usize>) -> (usize, usize) {
        let begin = self.text.floor_char_boundary(span.start);
        let line = self.text[..begin].matches('\n').count() + 1;
        (line, self.text[self.line_start(span)..begin].chars().count() + 1)
    }

    fn line_start(&self, span: &Range<usize>) -> usize {
        let begin = self.text.floor_char_boundary(span.start);
        self.text[..begin].rfind('\n').map_or(0, |newline| newline + 1)
    }

    /// A place in the text: file, line and column.
    pub(crate) fn named(&self, span: &Range<usize>) -> String {
        let (line, column) = self.line_and_column(span);
        format!("{}:{line}:{column}", self.origin)
    }

    /// An error at a place in the text: file, line and column, and the line itself, or of a long one
    /// what is around the place.
    pub(crate) fn at(&self, span: &Range<usize>, message: impl std::fmt::Display) -> Error {
        let (line, column) = self.line_and_column(span);
        let whole = self.text[self.line_start(span)..].lines().next().unwrap_or_default();
        let from = if column > SHOWN { column - 1 - SHOWN_BEFORE } else { 0 };
        let shown: String = whole.chars().skip(from).take(SHOWN).collect();
        let is_cut = whole.chars().nth(from + SHOWN).is_some();
        let (head, tail) = (if from > 0 { "…" } else { "" }, if is_cut { "…" } else { "" });
        let offset = column - 1 - from + head.chars().count();
        let width =
            span.len().clamp(1, shown.chars().count().saturating_sub(column - 1 - from).max(1));
        let marks = format!("{}{}", " ".repeat(offset), "^".repeat(width));
        let number = line.to_string();
        let message = message.to_string();
        let message = abridged(&message);
        let margin = " ".repeat(number.len());
        Error::Input(format!(
            "{}:{line}:{column}: {message}\n{margin} |\n{number} | {head}{shown}{tail}\n{margin} | \
             {marks}",
            self.origin
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, span: Range<usize>) -> String {
        Text { origin: "x.toml", text }.at(&span, "no").to_string()
    }

    #[test]
    fn a_place_is_pointed_at() {
        assert_eq!(shown("a = 1\nb = 23", 10..12), "x.toml:2:5: no\n  |\n2 | b = 23\n  |     ^^");
        // Behind the end, and within a letter.
        assert_eq!(shown("a =", 3..3), "x.toml:1:4: no\n  |\n1 | a =\n  |    ^");
        assert_eq!(shown("é", 1..2), "x.toml:1:1: no\n  |\n1 | é\n  | ^");
        assert_eq!(shown("", 7..9), "x.toml:1:1: no\n  |\n1 | \n  | ^");
    }

    #[test]
    fn of_a_long_line_only_what_is_around_the_place_is_shown() {
        let line = format!("{}!!{}", "a".repeat(500_000), "b".repeat(500_000));
        let around = format!("…{}!!{}…", "a".repeat(40), "b".repeat(38));
        let marks = " ".repeat(41) + "^^";
        assert_eq!(
            shown(&line, 500_000..500_002),
            format!("x.toml:1:500001: no\n  |\n1 | {around}\n  | {marks}")
        );
        assert!(shown(&line, 0..1_000_002).len() < 300);
        // A message may repeat it as well.
        let text = Text { origin: "x.toml", text: "a = 1" };
        let error = text.at(&(0..1), format!("{line} is no number")).to_string();
        assert!(error.len() < 10_000 && error.contains("b is no number\n"), "{}", error.len());
    }
}
