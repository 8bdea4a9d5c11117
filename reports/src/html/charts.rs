//! Charts, inline, with what is needed to draw them again.

use maud::{Markup, PreEscaped, html};

use super::{Page, files, redraw};
use crate::summary::Experiment;

/// A figure for each chart, under its experiment's name.
pub(super) fn section(page: &Page<'_>, experiments: &[Experiment<'_>]) -> Markup {
    let mut names: Vec<&str> = Vec::new();
    for experiment in experiments {
        if !names.contains(&experiment.name) {
            names.push(experiment.name);
        }
    }
    names.retain(|name| page.charts.iter().any(|chart| chart.experiment == *name));
    html! {
        section {
            h2 { "Charts" }
            @if names.is_empty() { p { "No run has figures that can be drawn." } }
            @for name in names {
                h3 { (name) }
                @for chart in page.charts.iter().filter(|chart| chart.experiment == name) {
                    figure {
                        div.box role="region" aria-label=(chart.title) tabindex="0" {
                            (PreEscaped(&chart.svg))
                        }
                        figcaption {
                            (chart.caption) " Data: " (files(page.source)) ". File: "
                            code { (chart.file()) } ". Draw it again: " code { (redraw(page.directory)) }
                        }
                    }
                }
            }
        }
    }
}
