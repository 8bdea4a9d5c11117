//! Title and subtitle above a chart.

use super::canvas::{Anchor, Canvas};
use super::style::{MARGIN, SUBTITLE, TITLE, WIDTH};
use super::wrap::wrap;
use crate::error::ReportError;
use crate::summary::Experiment;
use crate::units::planned_rate;

/// Lines of a title, and of a subtitle, at most.
const MAX_LINES: usize = 3;
/// Above the title.
const TOP: f64 = 12.0;
/// Between title and subtitle.
const GAP: f64 = 3.0;
/// Under the subtitle.
const BOTTOM: f64 = 14.0;

/// A title that says the finding over a subtitle that says the circumstances.
pub struct Header {
    title: Vec<String>,
    subtitle: Vec<String>,
}

impl Header {
    /// Wrapped to the width of a chart.
    pub fn new(title: &str, subtitle: &str) -> Header {
        let width = WIDTH - 2.0 * MARGIN;
        Header {
            title: wrap(title, TITLE, width, MAX_LINES),
            subtitle: wrap(subtitle, SUBTITLE, width, MAX_LINES),
        }
    }

    /// Height in CSS pixels, with the room under it.
    pub fn height(&self) -> f64 {
        let title = self.title.len() as f64 * TITLE.line;
        TOP + title + GAP + self.subtitle.len() as f64 * SUBTITLE.line + BOTTOM
    }

    /// Draws it at the top of the chart.
    pub fn draw(&self, canvas: &Canvas<'_>) -> Result<(), ReportError> {
        canvas.lines(&self.title, (MARGIN, TOP), Anchor::Left, TITLE)?;
        let top = TOP + self.title.len() as f64 * TITLE.line + GAP;
        canvas.lines(&self.subtitle, (MARGIN, top), Anchor::Left, SUBTITLE)
    }
}

/// Experiment, workload, rate, parallelism, guarantee and number of runs.
pub fn circumstances(experiment: &Experiment<'_>) -> String {
    let run = experiment.first_run();
    let (valid, all) = experiment.valid_of_all();
    let mut parts = vec![experiment.name.to_string()];
    if run.workload != experiment.name {
        parts.push(format!("workload {}", run.workload));
    }
    parts.extend([
        planned_rate(run.rate),
        format!("parallelism {}", run.parallelism),
        format!("guarantee {}", run.guarantee),
        match valid == all {
            true => format!("{all} {}", if all == 1 { "run" } else { "runs" }),
            false => format!("{all} runs, {valid} valid"),
        },
    ]);
    if run.clock != "wall" {
        parts.push(format!("{} time", run.clock));
    }
    // Lines break between parts, not inside them.
    let parts: Vec<String> = parts.iter().map(|part| part.replace(' ', "\u{a0}")).collect();
    parts.join(" · ")
}
