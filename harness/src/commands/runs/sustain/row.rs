//! The sustained rate of an engine, from the searches for it.

use serde::Serialize;

use crate::analysis::statistics::{CONFIDENCE, Ratio};

/// The highest rate that was sustained and the lowest that was not.
pub(super) type Bracket = (f64, f64);

/// What was found for an engine.
#[derive(Clone, Debug, Serialize)]
pub(super) struct SustainRow {
    /// The engine with its settings.
    pub variant: String,
    /// Searches that have come to an end: all, unless the user has stopped it.
    pub ended: u32,
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

/// The row of an engine, from what each of its searches that have ended found: the highest rate that
/// was sustained and the lowest that was not, if there were both.
pub(super) fn row(
    variant: String,
    ended: &[Option<Bracket>],
    throughput_at_max_per_s: f64,
    generator_per_s: Option<f64>,
) -> SustainRow {
    let brackets: Vec<Bracket> = ended.iter().flatten().copied().collect();
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
        ended: ended.len() as u32,
        rate_per_s: mean.map(|mean| mean.mean),
        interval,
        searches,
        throughput_at_max_per_s,
        generator_per_s,
    }
}
