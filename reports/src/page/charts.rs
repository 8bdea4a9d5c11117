//! Charts, inline, with what is needed to draw them again.

use maud::{Markup, html};

use super::figure::{Origin, figure};
use crate::chart::Chart;
use crate::words::summary::Experiment;

/// A figure for each chart, under its experiment's name.
pub(crate) fn section(
    charts: &[Chart],
    experiments: &[Experiment<'_>],
    origin: Origin<'_>,
) -> Markup {
    let mut names: Vec<&str> = Vec::new();
    for experiment in experiments {
        if !names.contains(&experiment.name) {
            names.push(experiment.name);
        }
    }
    names.retain(|name| charts.iter().any(|chart| chart.experiment == *name));
    html! {
        section.charts {
            h2 { "Charts" }
            @if names.is_empty() { p { "No run has figures that can be drawn." } }
            @else {
                p.note { "Point at a mark to read its value; every chart has its figures under it." }
            }
            @for name in names {
                h3 { (name) }
                @for chart in charts.iter().filter(|chart| chart.experiment == name) {
                    (figure(chart, origin))
                }
            }
        }
    }
}
