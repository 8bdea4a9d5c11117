//! The page of a comparison or a sweep: verdicts, tables, charts, settings and the machine.

use maud::{Markup, html};

use super::figure::Origin;
use super::layout::{document, files, redraw};
use super::{charts, comparisons, environment, invalid, results, settings, verdicts};
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
    let (draw, files) = (redraw(page.directory), files(page.source));
    let origin = Origin { measure: &page.result.command, draw: &draw, files: &files };
    html! {
        (verdicts::section(page.result, experiments))
        (results::section(page.result, experiments))
        (comparisons::section(page.result))
        (charts::section(page.charts, experiments, origin))
        (invalid::section(page.result))
        (settings::section(experiments))
        (environment::section(&page.result.environment))
    }
}
