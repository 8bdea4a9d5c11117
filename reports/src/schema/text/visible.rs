//! Characters that would do something to a terminal or a page instead of being seen.

use std::borrow::Cow;

use serde::de::{Deserialize, Deserializer};

/// Whether a character is not seen and may change what is: a control character, as those that begin
/// an escape sequence, or one that changes the direction of text or breaks a line.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text for a terminal or a page: hidden characters are written as JSON writes them, `\u001b`.
/// Only the ends of lines and tabs stay what they are. So a line of JSON says the same as before.
///
/// ```
/// use reports::schema::text::visible;
/// assert_eq!(visible("a\nb\tc"), "a\nb\tc");
/// assert_eq!(visible("a\u{1b}[31mred"), r"a\u001b[31mred");
/// ```
pub fn visible(text: &str) -> Cow<'_, str> {
    written_out(text, |c| is_hidden(c) && c != '\n' && c != '\t')
}

fn written_out(text: &str, hides: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&hides) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if hides(c) {
            shown.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// Checks that a name has no hidden character, which would end its line or reach a terminal.
///
/// # Errors
/// Says which it has.
///
/// ```
/// use reports::schema::text::check_name;
/// assert!(check_name("latency under skew").is_ok());
/// let refused = check_name("a\nb").unwrap_err();
/// assert!(refused.contains(r"\u000a"));
/// ```
pub fn check_name(name: &str) -> Result<(), String> {
    match name.chars().find(|c| is_hidden(*c)) {
        None => Ok(()),
        Some(c) => Err(format!(
            "a name has no control character such as \\u{:04x}, which a terminal would obey; leave it \
             out",
            u32::from(c)
        )),
    }
}

/// A name out of a result file, with hidden characters written out, ends of lines too: a name is one
/// line wherever it is shown.
pub(crate) fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    Ok(written_out(&name, is_hidden).into_owned())
}
