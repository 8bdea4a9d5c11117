//! Fits text into a width: whole words if possible, an ellipsis if not.

use super::style::{Text, text_width};

/// Breaks `text` into at most `max_lines` lines no wider than `width` CSS pixels.
///
/// Lines break after a space or a comma outside numbers, not at a no-break space; a longer word is cut anywhere.
/// What does not fit is cut off with an ellipsis. Control characters, which XML forbids, become
/// spaces.
pub(crate) fn wrap(text: &str, style: Text, width: f64, max_lines: usize) -> Vec<String> {
    let text: String = text.chars().map(|c| if is_printable(c) { c } else { ' ' }).collect();
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in words(&text) {
        if line.is_empty() || fits(&format!("{line}{word}"), style, width) {
            line.push_str(word);
        } else {
            lines.push(std::mem::replace(&mut line, word.to_string()));
        }
        while !fits(&line, style, width) {
            let cut = longest_prefix(&line, style, width);
            let rest = line.split_off(cut);
            lines.push(std::mem::replace(&mut line, rest));
        }
    }
    lines.push(line);
    let mut lines: Vec<String> = lines.iter().map(|line| line.trim().to_string()).collect();
    lines.retain(|line| !line.is_empty());
    if lines.len() > max_lines {
        lines.truncate(max_lines);
        if let Some(last) = lines.last_mut() {
            while !last.is_empty() && !fits(&format!("{last}…"), style, width) {
                last.pop();
            }
            last.push('…');
        }
    }
    lines
}

/// The text in parts after which a line may break.
fn words(text: &str) -> Vec<&str> {
    let (mut words, mut from) = (Vec::new(), 0);
    for (at, c) in text.char_indices() {
        let next = at + c.len_utf8();
        let is_in_number = text[next..].starts_with(|c: char| c.is_ascii_digit());
        if c == ' ' || (c == ',' && !is_in_number) {
            words.push(&text[from..next]);
            from = next;
        }
    }
    words.push(&text[from..]);
    words
}

fn fits(line: &str, style: Text, width: f64) -> bool {
    text_width(line.trim(), style) <= width
}

/// Bytes of the longest beginning that fits; at least one character.
fn longest_prefix(line: &str, style: Text, width: f64) -> usize {
    let ends = line.char_indices().map(|(at, c)| at + c.len_utf8());
    let fitting = ends.take_while(|end| fits(&line[..*end], style, width)).last();
    fitting.unwrap_or_else(|| line.chars().next().map_or(0, char::len_utf8))
}

/// Whether XML 1.0 allows the character and it has a shape.
pub(crate) fn is_printable(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::super::style::LABEL;
    use super::*;

    #[test]
    fn numbers_stay_whole() {
        assert_eq!(words("1,357 with a, b,c"), ["1,357 ", "with ", "a,", " ", "b,", "c"]);
    }

    #[test]
    fn long_names_break_and_end_in_an_ellipsis() {
        let name = "microbatch, batch_interval_ms=50, shuffle_partitions=16, placement=ring";
        let lines = wrap(name, LABEL, 180.0, 3);
        assert!(lines.len() == 3, "{lines:?}");
        assert_eq!(lines[0], "microbatch,");
        assert!(lines.iter().all(|line| text_width(line, LABEL) <= 180.0), "{lines:?}");
        let cut = wrap(&"x".repeat(300), LABEL, 100.0, 2);
        assert_eq!(cut.len(), 2);
        assert!(cut[1].ends_with('…'));
        assert!(wrap("", LABEL, 100.0, 2).is_empty());
        assert_eq!(wrap("a\u{0}b", LABEL, 100.0, 2), ["a b"]);
    }

    #[test]
    fn a_width_too_small_for_one_character_ends() {
        assert_eq!(wrap("abc", LABEL, 1.0, 2).len(), 2);
    }
}
