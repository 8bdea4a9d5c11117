//! What all pages share: the document around them, boxes of tables, and how they are drawn again.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::schema::read::Source;
use crate::schema::text::visible;

/// A self-contained document. Whatever it shows of results, hidden characters in it are written out.
pub(crate) fn document(title: &str, header: Markup, main: Markup, footer: Markup) -> String {
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="generator" content={ "Streamgauge " (env!("CARGO_PKG_VERSION")) };
                title { "Streamgauge: " (title) }
                style { (PreEscaped(include_str!("../../assets/report.css"))) }
            }
            body {
                header { (header) }
                main { (main) }
                footer { (footer) }
                script { (PreEscaped(include_str!("../../assets/report.js"))) }
            }
        }
    };
    visible(&document.into_string()).into_owned()
}

/// A table that scrolls in its own box; reachable by keyboard, and named for screen readers.
pub(crate) fn table_box(name: &str, table: Markup) -> Markup {
    html! { div.box role="region" aria-label=(name) tabindex="0" { (table) } }
}

pub(crate) fn files(source: &Source) -> Markup {
    html! {
        @match source {
            Source::Results(file) => code { (file) },
            Source::Runs(files) => @match files.as_slice() {
                [] => "no files",
                [only] => code { (only) },
                [first, .., last] => {
                    code { (first) } " to " code { (last) } " (" (files.len()) " files)"
                }
            }
        }
    }
}

/// The command that draws the page again, quoted for a shell where needed.
pub(crate) fn redraw(directory: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-:+,@%".contains(c);
    match !directory.is_empty() && directory.chars().all(plain) {
        true => format!("streamgauge plot {directory}"),
        false => format!("streamgauge plot '{}'", directory.replace('\'', r"'\''")),
    }
}
