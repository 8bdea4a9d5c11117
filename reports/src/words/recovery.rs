//! What `recover` found, in words and in the cells of a table.

use super::units::{NO_FIGURE, count, duration};
use crate::schema::recovery::{RecoverResult, RecoverRun};

/// The figures of a run as tables show them: outage, replayed events, catch-up, peak latency, lost,
/// duplicated.
pub fn figures(run: &RecoverRun) -> [String; 6] {
    let time = |nanos: Option<u64>| nanos.map_or(NO_FIGURE.to_owned(), |it| duration(it as f64));
    let rows = |rows: Option<u64>| rows.map_or(NO_FIGURE.to_owned(), count);
    [
        time(run.outage_ns),
        count(run.replayed),
        time(run.catch_up_ns),
        time(run.latency_ns_max),
        rows(run.lost),
        rows(run.duplicated),
    ]
}

/// Headings over [`figures`].
pub const FIGURES: [&str; 6] =
    ["outage", "replayed events", "catch-up", "peak latency", "lost", "duplicated"];

/// What the runs say, in a sentence without its full stop: whether exactly-once kept its promise,
/// else whether at-least-once did.
pub fn finding(result: &RecoverResult) -> String {
    let of = |guarantee: &'static str| {
        result.runs.iter().filter(move |run| run.guarantee == guarantee && run.has_failed())
    };
    let broken: Vec<String> = result
        .runs
        .iter()
        .filter(|run| !run.keeps_its_promise())
        .map(|run| {
            let [.., lost, duplicated] = figures(run);
            format!(
                "{} on {} lost {lost} rows and duplicated {duplicated}",
                run.guarantee, run.run.variant
            )
        })
        .collect();
    if !broken.is_empty() {
        return format!("Broken promise: {}", broken.join("; "));
    }
    let back = |guarantee| {
        let parts = of(guarantee).filter_map(|run| {
            let way = run.outage_ns?.saturating_add(run.catch_up_ns?);
            Some(format!("{} on {}", duration(way as f64), run.run.variant))
        });
        parts.collect::<Vec<String>>().join(", ")
    };
    let whole = |run: &&RecoverRun| run.lost.is_some() && run.duplicated.is_some();
    for (guarantee, says) in [
        ("exactly-once", "Exactly-once loses and duplicates nothing"),
        ("at-least-once", "At-least-once loses nothing"),
    ] {
        if of(guarantee).any(|run| whole(&run)) {
            let back = back(guarantee);
            let back = if back.is_empty() { back } else { format!("; back after {back}") };
            return format!("{says}{back}");
        }
    }
    match result.runs.iter().any(RecoverRun::has_failed) {
        true => "No run with a guarantee came to its end".to_owned(),
        false => "Nothing failed".to_owned(),
    }
}
