//! Charts as SVG: each a pure function of results, one per file.
//!
//! The same results give the same bytes. Figures that are missing, zero where that means nothing,
//! or not numbers are left out; a chart with nothing to draw is `None`.

pub mod formulas;
pub mod latency;
mod median_run;
pub mod partitions;
pub mod recovery;
pub mod sweep;
pub mod tasks;
pub mod throughput;

use crate::error::ReportError;
use crate::schema::{CompareResult, LatencyKind};
use crate::words::summary::experiments;

/// A chart of one experiment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    /// The experiment it shows.
    pub experiment: String,
    /// File name without directory and extension: `<experiment>-<chart>`.
    pub stem: String,
    /// The finding, or what is shown where there is none.
    pub title: String,
    /// What marks mean and what was left out, for the caption.
    pub caption: String,
    /// The drawing, self-contained, with its alternative text.
    pub svg: String,
}

impl Chart {
    /// Path inside the result directory.
    pub fn file(&self) -> String {
        format!("charts/{}.svg", self.stem)
    }

    /// Path of the drawing for dark backgrounds.
    pub fn dark_file(&self) -> String {
        format!("charts/{}-dark.svg", self.stem)
    }

    /// Path of the figures that it shows, if it has a table of them.
    pub fn data_file(&self) -> String {
        format!("charts/{}.csv", self.stem)
    }

    /// The figures that it shows as CSV, from the SVG's `<metadata>`; `None` when a chart has no
    /// table of them.
    pub fn data(&self) -> Option<String> {
        crate::draw::data::apart(&self.svg).1
    }

    /// The drawing without the table of figures, for a page that has the table elsewhere.
    pub fn drawing(&self) -> String {
        crate::draw::data::apart(&self.svg).0
    }
}

/// Every chart of a result, in the order of its experiments.
///
/// # Errors
/// [`ReportError::Draw`] when the drawing library refuses.
pub fn all(result: &CompareResult) -> Result<Vec<Chart>, ReportError> {
    let palette = crate::draw::style::Palette::of(result);
    let mut charts: Vec<Chart> = Vec::new();
    let experiments = experiments(result);
    if let Some(sweep) = &result.sweep {
        // The experiments are points of one picture; a dozen charts for each would bury it.
        let drawn = [
            crate::chart::sweep::sweep_curve::draw(sweep, &experiments, &palette)?,
            crate::chart::sweep::crossover_map::draw(sweep, &experiments, &palette)?,
        ];
        return Ok(drawn.into_iter().flatten().collect());
    }
    for experiment in &experiments {
        let drawn = [
            crate::chart::throughput::throughput_bars::draw(experiment, &palette)?,
            crate::chart::latency::latency_percentiles::draw(
                experiment,
                LatencyKind::FromPlanned,
                &palette,
            )?,
            crate::chart::latency::latency_percentiles::draw(
                experiment,
                LatencyKind::AfterWindowEnd,
                &palette,
            )?,
            crate::chart::latency::latency_histogram::draw(experiment, &palette)?,
            crate::chart::latency::latency_over_time::draw(experiment)?,
            crate::chart::throughput::throughput_over_time::draw(experiment, &palette)?,
            crate::chart::latency::latency_parts::draw(experiment)?,
            crate::chart::tasks::batch_anatomy::draw(experiment)?,
            crate::chart::tasks::batch_slots::draw(experiment)?,
            crate::chart::tasks::pipeline_anatomy::draw(experiment)?,
            crate::chart::partitions::partition_load::draw(experiment, &palette)?,
            crate::chart::tasks::batch_load::draw(experiment, &palette)?,
        ];
        for mut chart in drawn.into_iter().flatten() {
            chart.stem = unused(&chart.stem, &charts);
            charts.push(chart);
        }
    }
    charts.extend(crate::chart::throughput::cost_per_record::draw(&experiments, &palette)?);
    Ok(charts)
}

/// `stem`, numbered if another chart already has it.
fn unused(stem: &str, charts: &[Chart]) -> String {
    let taken = |stem: &str| charts.iter().any(|chart| chart.stem == stem);
    let numbered = (2..).map(|number| format!("{stem}-{number}"));
    std::iter::once(stem.to_string()).chain(numbered).find(|s| !taken(s)).unwrap_or_default()
}

/// A file name of an experiment and a chart: lower-case letters, digits, dots and hyphens.
fn stem(experiment: &str, chart: &str) -> String {
    const LONGEST: usize = 80;
    let mut stem = String::new();
    for c in experiment.chars().take(LONGEST) {
        match c.to_ascii_lowercase() {
            c @ ('a'..='z' | '0'..='9') => stem.push(c),
            '.' if stem.ends_with(|c: char| c.is_alphanumeric()) => stem.push('.'),
            _ if !stem.ends_with('-') && !stem.is_empty() => stem.push('-'),
            _ => {}
        }
    }
    let stem = stem.trim_end_matches(['-', '.']);
    let stem = if stem.is_empty() { "experiment" } else { stem };
    format!("{stem}-{chart}")
}

#[cfg(test)]
mod tests {
    use super::stem;

    #[test]
    fn file_names_stay_inside_the_directory() {
        assert_eq!(stem("../../etc/passwd", "throughput"), "etc-passwd-throughput");
        assert_eq!(stem("Keyed count, 1.5 M/s", "x"), "keyed-count-1.5-m-s-x");
        assert_eq!(stem("<>", "x"), "experiment-x");
    }
}
