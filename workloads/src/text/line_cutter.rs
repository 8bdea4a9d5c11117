//! Cuts an input that comes in pieces into lines, and refuses one that is too long for it.

use crate::text::{parse_line, without_mark};

/// How much there may be, and what to do when there is more.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Limit {
    /// Most bytes.
    pub bytes: u64,
    /// What to do about more, as a sentence goes on behind a semicolon.
    pub advice: &'static str,
}

/// How long an input may be.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Limits {
    /// Of a line, without its end.
    pub line: Limit,
    /// Of all.
    pub input: Limit,
}

/// A line that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WrongLine {
    /// From 1.
    pub line: u64,
    /// From 1; 0 when the line as a whole is meant.
    pub column: u64,
    /// What is wrong.
    pub cause: String,
}

/// Puts lines together out of pieces. What it holds of a line is never longer than a line may be
/// and one piece more.
#[derive(Debug)]
pub(crate) struct LineCutter {
    limits: Limits,
    /// Bytes so far.
    bytes: u64,
    /// Lines that have ended.
    lines: u64,
    /// The start of a line whose end has not come yet.
    partial: Vec<u8>,
}

impl LineCutter {
    /// Nothing has come so far.
    pub(crate) const fn new(limits: Limits) -> Self {
        Self { limits, bytes: 0, lines: 0, partial: Vec::new() }
    }

    /// The number of the line that comes next, or has begun.
    pub(crate) const fn line(&self) -> u64 {
        self.lines + 1
    }

    /// Takes a piece, and calls `each` with every line that ends in it, without its end. An empty
    /// piece ends the input, and so the last line. `each` says column and cause of what is wrong.
    ///
    /// # Errors
    /// When `each` has found something, a line is not UTF-8, or a limit is exceeded. Nothing more
    /// can be taken then.
    pub(crate) fn take(
        &mut self,
        piece: &[u8],
        mut each: impl FnMut(&str) -> Result<(), (u64, String)>,
    ) -> Result<(), WrongLine> {
        self.bytes += piece.len() as u64;
        let Limits { line: of_line, input: of_input } = self.limits;
        if self.bytes > of_input.bytes {
            let Limit { bytes, advice } = of_input;
            return Err(self.wrong(0, format!("the input has more than {bytes} bytes; {advice}")));
        }
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            let ended = part.ends_with(b"\n");
            let length = self.partial.len() + part.len() - usize::from(ended);
            if length as u64 > of_line.bytes {
                let Limit { bytes, advice } = of_line;
                return Err(
                    self.wrong(0, format!("the line has more than {bytes} bytes; {advice}"))
                );
            }
            if ended && self.partial.is_empty() {
                self.end_line(part, &mut each)?;
                continue;
            }
            self.partial.extend_from_slice(part);
            if ended {
                self.end_partial(&mut each)?;
            }
        }
        if piece.is_empty() && !without_mark(self.line(), &self.partial).is_empty() {
            self.end_partial(&mut each)?;
        }
        Ok(())
    }

    fn end_partial(
        &mut self,
        each: &mut impl FnMut(&str) -> Result<(), (u64, String)>,
    ) -> Result<(), WrongLine> {
        let mut line = std::mem::take(&mut self.partial);
        self.end_line(&line, each)?;
        line.clear();
        self.partial = line;
        Ok(())
    }

    fn end_line(
        &mut self,
        line: &[u8],
        each: &mut impl FnMut(&str) -> Result<(), (u64, String)>,
    ) -> Result<(), WrongLine> {
        let parsed = parse_line(self.line(), line, each);
        parsed.map_err(|(column, cause)| self.wrong(column, cause))?;
        self.lines += 1;
        Ok(())
    }

    fn wrong(&self, column: u64, cause: String) -> WrongLine {
        WrongLine { line: self.line(), column, cause }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: Limits = Limits {
        line: Limit { bytes: 8, advice: "break it" },
        input: Limit { bytes: 20, advice: "leave some out" },
    };

    /// The lines of an input that comes in these pieces, and what is wrong with the next.
    fn cut(pieces: &[&[u8]]) -> (Vec<String>, Option<WrongLine>) {
        let (mut cutter, mut lines) = (LineCutter::new(LIMITS), Vec::new());
        for piece in pieces.iter().chain([&&b""[..]]) {
            let taken = cutter.take(piece, |line| {
                lines.push(line.to_owned());
                Ok(())
            });
            if let Err(wrong) = taken {
                return (lines, Some(wrong));
            }
        }
        (lines, None)
    }

    fn wrong(line: u64, cause: &str) -> Option<WrongLine> {
        Some(WrongLine { line, column: 0, cause: cause.to_owned() })
    }

    #[test]
    fn lines_end_where_they_end_whatever_the_pieces_are() {
        let lines = vec!["to be".to_owned(), String::new(), "or not".to_owned()];
        assert_eq!(cut(&[b"to be\n\nor not"]), (lines.clone(), None));
        assert_eq!(cut(&[b"to", b" be", b"\r\n\n", b"or ", b"not\n"]), (lines, None));
        assert_eq!(cut(&[]), (vec![], None));
        assert_eq!(cut(&["\u{feff}".as_bytes()]), (vec![], None));
        assert_eq!(cut(&[b"\xef\xbb", b"\xbfa\n"]), (vec!["a".to_owned()], None));
    }

    #[test]
    fn a_line_without_an_end_is_refused_before_it_takes_memory() {
        assert_eq!(cut(&[b"12345678\n"]).1, None);
        let refused = "the line has more than 8 bytes; break it";
        assert_eq!(cut(&[b"1\n123456789\n"]), (vec!["1".to_owned()], wrong(2, refused)));
        assert_eq!(cut(&[b"12345", b"6789"]), (vec![], wrong(1, refused)));
    }

    #[test]
    fn an_input_without_an_end_is_refused() {
        let (lines, refused) = cut(&[b"1234567\n", b"\n\n\n\n\n\n\n\n\n\n\n\n", b"x"]);
        assert_eq!(lines.len(), 13);
        assert_eq!(refused, wrong(14, "the input has more than 20 bytes; leave some out"));
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(
            text in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..24),
            at in 0_usize..24,
        ) {
            let at = at.min(text.len());
            // An empty piece would end the input.
            let pieces: Vec<&[u8]> =
                [&text[..at], &text[at..]].into_iter().filter(|it| !it.is_empty()).collect();
            let whole: Vec<&[u8]> = [&text[..]].into_iter().filter(|it| !it.is_empty()).collect();
            let (in_pieces, at_once) = (cut(&pieces), cut(&whole));
            let is_long = |(_, wrong): &(_, Option<WrongLine>)| {
                wrong.as_ref().is_some_and(|it| it.cause.contains("the input has"))
            };
            // The limit of the whole is looked at once a piece.
            if !is_long(&at_once) {
                prop_assert_eq!(in_pieces, at_once);
            }
        }
    }
}
