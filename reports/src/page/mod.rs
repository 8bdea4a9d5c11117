//! One self-contained page: verdicts, tables, charts, settings and the machine.
//!
//! It needs no network: styles and charts are inline, and so is the script that sorts and filters
//! tables, without which the page says the same.

mod charts;
mod compare;
mod comparisons;
mod environment;
mod figure;
pub mod formulas;
mod invalid;
mod layout;
pub mod recovery;
mod results;
mod settings;
pub mod skew;
mod verdicts;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::chart::Chart;
use crate::schema::CompareResult;
use crate::schema::read::Source;
use crate::words::summary::{Experiment, experiments};

/// What a page is made of.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// The results.
    pub result: &'a CompareResult,
    /// Charts drawn from them.
    pub charts: &'a [Chart],
    /// The files they were read from.
    pub source: &'a Source,
    /// The result directory as the user named it, for the command that draws again.
    pub directory: &'a str,
}

/// Lays out the page.
pub fn page(page: &Page<'_>) -> String {
    let experiments = experiments(page.result);
    document(
        &page.result.suite,
        html! { (head(page)) (banners(page)) },
        body(page, &experiments),
        html! {
            "Drawn from " (files(page.source)) ". Draw it again: "
            code { (redraw(page.directory)) }
        },
    )
}

/// A self-contained document.
fn document(title: &str, header: Markup, main: Markup, footer: Markup) -> String {
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
    document.into_string()
}

fn head(page: &Page<'_>) -> Markup {
    let result = page.result;
    let valid = result.runs.iter().filter(|run| run.valid).count();
    html! {
        h1 { "Streamgauge: " (result.suite) }
        p.meta {
            @if !result.started.is_empty() { "Started " (result.started) " · " }
            (valid) " of " (result.runs.len()) " runs valid"
        }
        @if !result.command.is_empty() { p.meta { "Reproduce: " code { (result.command) } } }
    }
}

fn banners(page: &Page<'_>) -> Markup {
    let result = page.result;
    html! {
        @if result.interrupted {
            p.banner role="note" {
                strong { "Interrupted. " }
                "The suite was stopped before its end: some runs are missing or cut short, and "
                "what follows is what there is."
            }
        }
        @if let Source::Runs(files) = page.source {
            p.banner role="note" {
                strong { "Unfinished. " }
                "There is no results.json, so nothing was compared: the figures are those of "
                (files.len()) " single run files."
            }
        }
    }
}

fn body(page: &Page<'_>, experiments: &[Experiment<'_>]) -> Markup {
    if experiments.is_empty() {
        return html! {
            section {
                h2 { "Verdict" }
                p { "No runs were recorded, so there is nothing to compare." }
            }
            (environment::section(&page.result.environment))
        };
    }
    html! {
        (verdicts::section(experiments))
        (results::section(experiments))
        (comparisons::section(page.result))
        (charts::section(page, experiments))
        (invalid::section(page.result))
        (settings::section(experiments))
        (environment::section(&page.result.environment))
    }
}

/// A table that scrolls in its own box; reachable by keyboard, and named for screen readers.
fn table_box(name: &str, table: Markup) -> Markup {
    html! { div.box role="region" aria-label=(name) tabindex="0" { (table) } }
}

fn files(source: &Source) -> Markup {
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
fn redraw(directory: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-:+,@%".contains(c);
    match !directory.is_empty() && directory.chars().all(plain) {
        true => format!("streamgauge plot {directory}"),
        false => format!("streamgauge plot '{}'", directory.replace('\'', r"'\''")),
    }
}
