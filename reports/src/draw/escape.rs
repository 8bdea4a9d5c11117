//! Text inside XML.

use super::wrap::is_printable;

/// Text as an attribute or an element may hold it.
pub(crate) fn escaped(text: &str) -> String {
    let text: String = text.chars().map(|c| if is_printable(c) { c } else { ' ' }).collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
