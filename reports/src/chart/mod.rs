//! Charts as SVG: each a pure function of results, one per file.
//!
//! The same results give the same bytes. Figures that are missing, zero where that means nothing,
//! or not numbers are left out; a chart with nothing to draw is `None`.
//!
//! A new chart is a file with a function and its `ChartKind`, and a line in `KINDS`: file
//! names, tables of figures and the place on the page follow from these.

mod consistency;
mod formulas;
mod kind;
mod latency;
mod median_run;
mod output;
mod partitions;
mod recovery;
mod sweep;
mod tasks;
mod throughput;

use kind::{ChartKind, Draw, Outcome};
use output::{stem, unused};

use crate::draw::style::Palette;
use crate::error::ReportError;
use crate::schema::consistency::ConsistencyResult;
use crate::schema::recovery::RecoverResult;
use crate::schema::skew::SkewResult;
use crate::schema::{CompareResult, FormulasResult, Measures};
use crate::words::summary::experiments;

pub use output::Chart;

/// Every kind of chart, in the order of a page.
const KINDS: &[ChartKind] = &[
    throughput::throughput_bars::KIND,
    latency::latency_percentiles::FROM_PLANNED,
    latency::latency_percentiles::AFTER_WINDOW_END,
    latency::latency_histogram::KIND,
    latency::latency_over_time::KIND,
    throughput::throughput_over_time::KIND,
    latency::latency_parts::KIND,
    tasks::batch_anatomy::KIND,
    tasks::batch_slots::KIND,
    tasks::pipeline_anatomy::KIND,
    partitions::partition_load::KIND,
    tasks::batch_load::KIND,
    throughput::cost_per_record::KIND,
    sweep::sweep_curve::RATE_LATENCY,
    sweep::sweep_curve::BATCH_INTERVAL,
    sweep::sweep_curve::BUFFER_TIMEOUT,
    sweep::sweep_curve::OTHER,
    sweep::crossover_map::KIND,
    recovery::KIND,
    consistency::KIND,
    partitions::skew::KIND,
    formulas::max_over_mean::KIND,
    formulas::residence::KIND,
    formulas::flusher_wait::KIND,
    formulas::moved_fraction::KIND,
];

/// Every chart of a comparison or a sweep, in the order of its experiments.
///
/// # Errors
/// [`ReportError::Draw`] when the drawing library refuses.
pub fn all(result: &CompareResult) -> Result<Vec<Chart>, ReportError> {
    let (palette, experiments) = (Palette::of(result), experiments(result));
    let mut charts = Vec::new();
    if let Some(sweep) = &result.sweep {
        // The experiments are points of one picture; a dozen charts for each would bury it.
        let first = experiments.first().map_or("", |experiment| experiment.name);
        for kind in KINDS {
            if let Draw::Sweep(draw) = kind.draw {
                add(&mut charts, first, kind.tag, draw(sweep, &experiments, &palette))?;
            }
        }
        return Ok(charts);
    }
    for experiment in &experiments {
        for kind in KINDS {
            if let Draw::Experiment(draw) = kind.draw {
                let stem = stem(experiment.name, kind.tag);
                add(&mut charts, experiment.name, &stem, draw(experiment, &palette))?;
            }
        }
    }
    let measured = experiments.iter().find(|it| it.measures == Measures::Throughput);
    for kind in KINDS {
        if let (Draw::Suite(draw), Some(first)) = (kind.draw, measured) {
            add(&mut charts, first.name, kind.tag, draw(&experiments, &palette))?;
        }
    }
    Ok(charts)
}

/// Every chart of what `recover` left.
///
/// # Errors
/// [`ReportError::Draw`] when the drawing library refuses.
pub fn of_recovery(result: &RecoverResult) -> Result<Vec<Chart>, ReportError> {
    let mut charts = Vec::new();
    for kind in KINDS {
        if let Draw::Recovery(draw) = kind.draw {
            add(&mut charts, "recover", kind.tag, draw(result))?;
        }
    }
    Ok(charts)
}

/// Every chart of what `consistency` left.
///
/// # Errors
/// [`ReportError::Draw`] when the drawing library refuses.
pub fn of_consistency(result: &ConsistencyResult) -> Result<Vec<Chart>, ReportError> {
    let mut charts = Vec::new();
    for kind in KINDS {
        if let Draw::Consistency(draw) = kind.draw {
            add(&mut charts, "consistency", kind.tag, draw(result))?;
        }
    }
    Ok(charts)
}

/// Every chart of what `skew` left.
///
/// # Errors
/// [`ReportError::Draw`] when the drawing library refuses.
pub fn of_skew(result: &SkewResult) -> Result<Vec<Chart>, ReportError> {
    let mut charts = Vec::new();
    for kind in KINDS {
        if let Draw::Skew(draw) = kind.draw {
            add(&mut charts, "skew", kind.tag, draw(result))?;
        }
    }
    Ok(charts)
}

/// Every chart of what `formulas` left, chapter by chapter.
///
/// # Errors
/// [`ReportError::Draw`] when the drawing library refuses.
pub fn of_formulas(result: &FormulasResult) -> Result<Vec<Chart>, ReportError> {
    let mut charts = Vec::new();
    for kind in KINDS {
        if let Draw::Chapter(chapter, draw) = kind.draw {
            add(&mut charts, chapter, &stem(chapter, kind.tag), draw(result))?;
        }
    }
    Ok(charts)
}

/// Adds a drawing, if there is one, under a file name that no other chart has.
fn add(
    charts: &mut Vec<Chart>,
    experiment: &str,
    stem: &str,
    drawn: Outcome,
) -> Result<(), ReportError> {
    if let Some(drawing) = drawn? {
        let stem = unused(stem, charts);
        charts.push(Chart::of(experiment, stem, drawing));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::KINDS;

    #[test]
    fn no_two_kinds_share_a_file_name() {
        for (place, kind) in KINDS.iter().enumerate() {
            let plain = |c: char| c == '-' || c.is_ascii_lowercase();
            assert!(!kind.tag.is_empty() && kind.tag.chars().all(plain), "{}", kind.tag);
            assert!(KINDS[..place].iter().all(|other| other.tag != kind.tag), "{}", kind.tag);
        }
    }
}
