//! Title and subtitle above a chart.

use super::canvas::{Anchor, Canvas};
use super::style::{MARGIN, SUBTITLE, TITLE, WIDTH};
use super::wrap::wrap;
use crate::error::ReportError;
use crate::schema::Sweep;
use crate::words::summary::Experiment;
use crate::words::units::{planned_rate, setting};

/// Settings that decide how long a record waits, and where it goes.
const DECIDING: [&str; 4] =
    ["buffer_timeout_ms", "batch_interval_ms", "polling_delay_ms", "placement"];
/// Lines of a title, and of a subtitle, at most.
const MAX_LINES: usize = 3;
/// Above the title.
const TOP: f64 = 12.0;
/// Between title and subtitle.
const GAP: f64 = 3.0;
/// Under the subtitle.
const BOTTOM: f64 = 14.0;

/// A title that says the finding over a subtitle that says the circumstances.
pub(crate) struct Header {
    title: Vec<String>,
    subtitle: Vec<String>,
}

impl Header {
    /// Wrapped to the width of a chart.
    pub(crate) fn new(title: &str, subtitle: &str) -> Header {
        let width = WIDTH - 2.0 * MARGIN;
        Header {
            title: wrap(title, TITLE, width, MAX_LINES),
            subtitle: wrap(subtitle, SUBTITLE, width, MAX_LINES),
        }
    }

    /// Height in CSS pixels, with the room under it.
    pub(crate) fn height(&self) -> f64 {
        let title = self.title.len() as f64 * TITLE.line;
        TOP + title + GAP + self.subtitle.len() as f64 * SUBTITLE.line + BOTTOM
    }

    /// Draws it at the top of the chart.
    pub(crate) fn draw(&self, canvas: &Canvas<'_>) -> Result<(), ReportError> {
        canvas.lines(&self.title, (MARGIN, TOP), Anchor::Left, TITLE)?;
        let top = TOP + self.title.len() as f64 * TITLE.line + GAP;
        canvas.lines(&self.subtitle, (MARGIN, top), Anchor::Left, SUBTITLE)
    }
}

/// Experiment, workload, rate, parallelism, guarantee and number of runs.
pub(crate) fn circumstances(experiment: &Experiment<'_>) -> String {
    let run = experiment.first_run();
    let mut parts = vec![experiment.name.to_string()];
    if run.workload != experiment.name {
        parts.push(format!("workload {}", run.workload));
    }
    parts.push(planned_rate(run.rate));
    parts.push(format!("parallelism {}", run.parallelism));
    parts.extend(settings(&[experiment]));
    parts.extend(promises(&[experiment]));
    joined(&parts)
}

/// The settings that decide most comparisons, where variants have them: one value, or those of all
/// variants in their order. What stands in a variant's name is not said again.
fn settings(experiments: &[&Experiment<'_>]) -> Vec<String> {
    let variants = || experiments.iter().flat_map(|experiment| &experiment.variants);
    let of = |name: &&str| {
        let unnamed = variants().filter(|variant| !variant.name.contains(&format!("{name}=")));
        let mut values: Vec<String> = Vec::new();
        for value in unnamed.filter_map(|variant| variant.runs[0].settings.get(*name)) {
            let shown = setting(value);
            if !value.is_null() && !values.contains(&shown) {
                values.push(shown);
            }
        }
        (!values.is_empty()).then(|| format!("{name}={}", values.join("/")))
    };
    DECIDING.iter().filter_map(of).collect()
}

/// The same of all points of a sweep, without what it varies.
pub(crate) fn sweep_circumstances(sweep: &Sweep, experiments: &[Experiment<'_>]) -> String {
    let varied = |name: &str| sweep.axes.iter().any(|axis| axis.name == name);
    let names: Vec<&str> = sweep.axes.iter().map(|axis| axis.name.as_str()).collect();
    let mut parts = vec![format!("over {}", names.join(" and "))];
    if let Some(first) = experiments.first() {
        let run = first.first_run();
        parts.push(format!("workload {}", run.workload));
        if !varied("rate") {
            parts.push(planned_rate(run.rate));
        }
        if !varied("parallelism") {
            parts.push(format!("parallelism {}", run.parallelism));
        }
        let all: Vec<&Experiment<'_>> = experiments.iter().collect();
        let fixed = |setting: &String| !setting.split('=').next().is_some_and(varied);
        parts.extend(settings(&all).into_iter().filter(fixed));
        parts.extend(promises(&experiments.iter().collect::<Vec<_>>()));
    }
    joined(&parts)
}

/// Guarantee, number of runs, and the clock unless it is the wall clock.
fn promises(experiments: &[&Experiment<'_>]) -> Vec<String> {
    let Some(run) = experiments.first().map(|experiment| experiment.first_run()) else {
        return Vec::new();
    };
    let counts = experiments.iter().map(|experiment| experiment.valid_of_all());
    let (valid, all) = counts.fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
    let mut parts = vec![
        format!("guarantee {}", run.guarantee),
        match valid == all {
            true => format!("{all} {}", if all == 1 { "run" } else { "runs" }),
            false => format!("{all} runs, {valid} valid"),
        },
    ];
    if run.clock != "wall" {
        parts.push(format!("{} time", run.clock));
    }
    parts
}

/// Lines break between parts, not inside them.
fn joined(parts: &[String]) -> String {
    let parts: Vec<String> = parts.iter().map(|part| part.replace(' ', "\u{a0}")).collect();
    parts.join(" · ")
}
