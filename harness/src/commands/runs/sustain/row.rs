//! The sustained rate of an engine, from the searches for it.

use serde::Serialize;

use crate::analysis::statistics::{CONFIDENCE, Ratio};

/// What was found for an engine.
#[derive(Clone, Debug, Serialize)]
pub(super) struct SustainRow {
    /// The engine with its settings.
    pub variant: String,
    /// Highest sustained rate, events per second: the geometric mean over searches; `null` when no
    /// rate was sustained.
    pub rate_per_s: Option<f64>,
    /// 95 % interval by Student's t from five searches on, else the range of their brackets.
    pub interval: Option<(f64, f64)>,
    /// What each search found: the middle of its bracket.
    pub searches: Vec<f64>,
    /// Events per second when they are taken as fast as the engine can.
    pub throughput_at_max_per_s: f64,
    /// Events per second that the generator makes by itself: above half of this rate the generator,
    /// not the engine, is the limit.
    pub generator_per_s: Option<f64>,
}

/// The row of an engine, from what each search found: the highest rate that was sustained and the
/// lowest that was not.
pub(super) fn row(
    variant: String,
    brackets: &[(f64, f64)],
    throughput_at_max_per_s: f64,
    generator_per_s: Option<f64>,
) -> SustainRow {
    let searches: Vec<f64> = brackets.iter().map(|(low, high)| (low * high).sqrt()).collect();
    let logs: Vec<f64> = searches.iter().map(|rate| rate.ln()).collect();
    let mean = Ratio::of_logs(&logs, CONFIDENCE);
    let range = || {
        let low = brackets.iter().map(|it| it.0).fold(f64::INFINITY, f64::min);
        (low, brackets.iter().map(|it| it.1).fold(0.0, f64::max))
    };
    let interval = mean.as_ref().map(|mean| if mean.is_enough() { mean.interval } else { range() });
    SustainRow {
        variant,
        rate_per_s: mean.map(|mean| mean.mean),
        interval,
        searches,
        throughput_at_max_per_s,
        generator_per_s,
    }
}
