//! How evenly keys spread, in words and in the cells of a table.

use super::units::{count, significant};
use crate::schema::skew::{RUN, SkewResult, SkewRow};

/// What it says, in a sentence without a full stop, about the number of partitions over which a
/// placement is most skewed.
pub fn finding(result: &SkewResult) -> String {
    let run = result.rows.iter().rev().filter(|row| row.scope == RUN);
    run.max_by(|a, b| a.max_over_mean.total_cmp(&b.max_over_mean))
        .map_or_else(|| NOTHING.to_owned(), |worst| finding_over(result, worst.parallelism))
}

/// What it says about this number of partitions: the most skewed placement over the run, the least
/// skewed beside it, and the least skew there is within the narrowest windows.
pub(crate) fn finding_over(result: &SkewResult, parallelism: u32) -> String {
    let skew = |row: &&SkewRow| row.max_over_mean;
    let within = |scope: &str| -> Vec<&SkewRow> {
        let rows = result.rows.iter();
        rows.filter(|row| row.scope == scope && row.parallelism == parallelism).collect()
    };
    let least = |rows: &[&SkewRow]| {
        rows.iter().copied().min_by(|a, b| skew(a).total_cmp(&skew(b))).cloned()
    };
    let times = |row: &SkewRow| format!("{}x the mean", significant(row.max_over_mean));
    let run = within(RUN);
    let Some(worst) = run.iter().rev().max_by(|a, b| skew(a).total_cmp(&skew(b))) else {
        return NOTHING.to_owned();
    };
    let mut text = format!(
        "Over the run {} puts {} on one of {parallelism} partitions",
        worst.placement,
        times(worst)
    );
    let alone = run.len() == 1;
    if let Some(best) = least(&run).filter(|_| !alone) {
        text += &format!(", {} {}x", best.placement, significant(best.max_over_mean));
    }
    let narrowest = result.scopes().into_iter().find(|scope| *scope != RUN);
    if let Some(best) = narrowest.and_then(|scope| least(&within(scope))) {
        let least = if alone { "" } else { "at least " };
        text += &format!("; within {} {least}{}", scope_words(&best.scope), times(&best));
    }
    text
}

/// Said when there is no row.
const NOTHING: &str = "No record met the exchange";

/// A scope as a reader would say it.
pub fn scope_words(scope: &str) -> String {
    match scope.strip_prefix("per_") {
        Some("batch") => "one batch".to_owned(),
        Some(records) => match records.parse() {
            Ok(number) => format!("{} records", count(number)),
            Err(_) => format!("{records} records"),
        },
        None => "the run".to_owned(),
    }
}

/// A figure of a table: two digits behind the point.
pub fn figure(value: f64) -> String {
    format!("{value:.2}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::skew::PER_BATCH;

    #[test]
    fn the_finding_sets_the_run_beside_its_windows() {
        let row = |placement: &str, scope: &str, max_over_mean| SkewRow {
            placement: placement.to_owned(),
            parallelism: 10,
            scope: scope.to_owned(),
            windows: 1,
            max_over_mean,
            max_over_mean_worst: max_over_mean,
            coefficient_of_variation: 0.0,
            gini: 0.0,
            records: Vec::new(),
        };
        let result = |rows| SkewResult { rows, ..SkewResult::default() };
        let both = result(vec![
            row("modulo", RUN, 5.5),
            row("modulo", "per_500", 5.6),
            row("java-hash", RUN, 5.5),
            row("jump", RUN, 1.05),
            row("jump", "per_500", 5.17),
        ]);
        assert_eq!(
            finding(&both),
            "Over the run modulo puts 5.50x the mean on one of 10 partitions, jump 1.05x; within \
             500 records at least 5.17x the mean"
        );
        assert_eq!(
            finding(&result(vec![row("jump", RUN, 1.05), row("jump", PER_BATCH, 5.17)])),
            "Over the run jump puts 1.05x the mean on one of 10 partitions; within one batch 5.17x \
             the mean"
        );
        assert_eq!(finding(&result(Vec::new())), "No record met the exchange");
    }
}
