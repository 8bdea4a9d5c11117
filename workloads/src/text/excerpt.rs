//! How much of a text from outside a message repeats.

/// Most characters of an input that a message repeats at its beginning.
const HEAD: usize = 80;
/// And most at its end, where a parser says what it had expected.
const TAIL: usize = 60;

/// The beginning of a text, with an ellipsis where it was cut off.
pub(crate) fn excerpt(text: &str) -> String {
    match text.char_indices().nth(HEAD) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_owned(),
    }
}

/// A message that repeats a text from outside, without the middle of a long one.
pub(crate) fn abridged(message: &str) -> String {
    let Some((tail, _)) = message.char_indices().rev().nth(TAIL - 1) else {
        return message.to_owned();
    };
    match message.char_indices().nth(HEAD) {
        Some((head, _)) if head < tail => {
            format!("{}…{}", &message[..head], &message[tail..])
        }
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_not_repeated_whole() {
        assert_eq!(excerpt("short"), "short");
        assert_eq!(excerpt(&"é".repeat(HEAD)), "é".repeat(HEAD));
        assert_eq!(excerpt(&"é".repeat(1_000_000)), "é".repeat(HEAD) + "…");
        assert_eq!(abridged("short"), "short");
        let whole = "é".repeat(HEAD + TAIL);
        assert_eq!(abridged(&whole), whole);
        let long = format!("{}, expected u64", "é".repeat(1_000_000));
        let cut = abridged(&long);
        assert!(cut.ends_with("é, expected u64"), "{cut}");
        assert_eq!(cut.chars().count(), HEAD + 1 + TAIL);
    }
}
