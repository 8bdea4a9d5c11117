//! The run that stands for a variant where only one can be drawn.

use crate::schema::RunResult;
use crate::words::summary::Variant;

/// The valid run with the median p99 from the planned time (the lower of two middle ones); without
/// a p99 the one in the middle of the order in which they ran.
pub(crate) fn median_run<'a>(variant: &Variant<'a>) -> Option<&'a RunResult> {
    let mut runs: Vec<&RunResult> = variant.valid().collect();
    runs.sort_by_key(|run| run.latency_ns.from_planned.p99);
    runs.get(runs.len().saturating_sub(1) / 2).copied()
}
