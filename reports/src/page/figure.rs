//! A chart on a page: the drawing, what its marks mean, how to get it again, and its figures.

use maud::{Markup, PreEscaped, html};

use super::layout::table_box;
use crate::chart::Chart;
use crate::schema::read::RESULTS_FILE;

/// Tables of figures up to this many bytes stand on the page; longer ones only in their file.
const LONGEST_TABLE: usize = 24 * 1024;

/// Where a chart comes from.
#[derive(Clone, Copy)]
pub(crate) struct Origin<'a> {
    /// The command that measures again; empty when it is not known.
    pub(crate) measure: &'a str,
    /// The command that draws again from the result files.
    pub(crate) draw: &'a str,
    /// The result files.
    pub(crate) files: &'a Markup,
}

/// The figure.
pub(crate) fn figure(chart: &Chart, origin: Origin<'_>) -> Markup {
    let csv = chart.data();
    html! {
        figure data-words={ (chart.title) " " (chart.stem) " " (chart.experiment) } {
            div.box role="region" aria-label=(chart.title) tabindex="0" {
                (PreEscaped(chart.drawing()))
            }
            figcaption {
                p { (chart.caption) }
                p {
                    @if !origin.measure.is_empty() {
                        "Measure it again: " code { (origin.measure) } ". "
                    }
                    "Draw it again: " code { (origin.draw) } ". Results: " (origin.files)
                    ". Files: " (link(&chart.file())) ", " (link(&chart.dark_file()))
                    @if csv.is_some() { ", " (link(&chart.data_file())) }
                    "."
                }
            }
            @if let Some(csv) = csv.filter(|csv| csv.len() <= LONGEST_TABLE) {
                details.data {
                    summary { "Figures of this chart (CSV, " (rows(&csv)) " rows)" }
                    (table_box(&format!("Figures: {}", chart.title), html! { pre { (csv) } }))
                }
            }
        }
    }
}

/// The section of a page with every chart, drawn from one file of results; nothing without any.
pub(crate) fn section(charts: &[Chart], measure: &str, draw: &str) -> Markup {
    let files = html! { code { (RESULTS_FILE) } };
    html! {
        @if !charts.is_empty() {
            section.charts {
                h2 { @if charts.len() == 1 { "Chart" } @else { "Charts" } }
                @for chart in charts { (figure(chart, Origin { measure, draw, files: &files })) }
            }
        }
    }
}

/// A file beside the page.
fn link(file: &str) -> Markup {
    html! { a href=(file) { code { (file) } } }
}

fn rows(csv: &str) -> usize {
    csv.lines().count().saturating_sub(1)
}
