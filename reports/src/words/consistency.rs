//! What `consistency` found, in words and in the cells of a table.

use super::units::{NO_FIGURE, count, duration, share};
use crate::schema::consistency::{ConsistencyCell, ConsistencyResult};

/// Headings over [`figures`].
pub const FIGURES: [&str; 5] = ["states", "unjustified", "of the time", "median", "longest"];

/// The figures of a cell as tables show them: states, share of unjustified ones, share of the time
/// during which one was seen, median and longest time until consistent.
pub fn figures(result: &ConsistencyResult, cell: &ConsistencyCell) -> [String; 5] {
    let until = cell.until_consistent_ns();
    let time = |nanos: Option<u64>| nanos.map_or(NO_FIGURE.to_owned(), |it| duration(it as f64));
    let part = |it: Option<f64>| it.map_or(NO_FIGURE.to_owned(), share);
    [
        count(cell.states()),
        part(cell.unjustified_share()),
        part(result.share_of_time(cell)),
        time(until.map(|(median, _)| median)),
        time(until.map(|(_, longest)| longest)),
    ]
}

/// What it says, in a sentence without its full stop: where a promise was broken, else for how much
/// of the time each engine shows what no prefix justifies, at its worst, and whether commits do.
pub fn finding(result: &ConsistencyResult) -> String {
    let named = |cell: &ConsistencyCell| {
        format!("{} on {} under {}", cell.workload, cell.variant, cell.guarantee)
    };
    let seen = || result.cells.iter().filter(|cell| cell.states() > 0);
    let broken = result.cells.iter().filter(|cell| !cell.keeps_its_promise());
    let broken: Vec<String> = broken.map(named).collect();
    if !broken.is_empty() {
        return format!("Broken promise: {}", broken.join("; "));
    }
    let of = |cell: &ConsistencyCell| result.share_of_time(cell).unwrap_or_default();
    let by_states = |cell: &ConsistencyCell| cell.unjustified_share().unwrap_or_default();
    let worse = |a: &&ConsistencyCell, b: &&ConsistencyCell| {
        of(a).total_cmp(&of(b)).then(by_states(a).total_cmp(&by_states(b)))
    };
    let Some(worst) = seen().max_by(worse) else {
        return "No state was seen".to_owned();
    };
    if of(worst) == 0.0 && by_states(worst) == 0.0 {
        return "Every state that was seen is the answer to a prefix of the input".to_owned();
    }
    let others = seen().filter(|cell| cell.variant != worst.variant);
    let other = others.max_by(|a, b| of(a).total_cmp(&of(b)));
    let other = other.map_or(String::new(), |cell| {
        format!(", on {} for {} at most", cell.variant, share(of(cell)))
    });
    let commits = seen().any(|cell| cell.guarantee == "exactly-once");
    let commits = if commits { "; what a commit shows is always one" } else { "" };
    format!(
        "{} shows the answer to no prefix of its input for {} of the time{other}{commits}",
        named(worst),
        share(of(worst))
    )
}
