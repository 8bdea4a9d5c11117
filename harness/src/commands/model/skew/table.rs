//! The load of partitions as a table for the terminal.

use reports::schema::skew;
use reports::schema::skew::SkewResult;
use reports::words;
use reports::words::units;
use reports::words::units::NO_FIGURE;

use crate::terminal::table::table;

/// Where every placement puts the same keys.
pub(super) fn skew(result: &SkewResult) -> String {
    let mut text = format!(
        "{}: {} records of {} keys, by {}\n",
        result.workload,
        units::count(result.records),
        units::count(result.keys),
        result.exchange
    );
    let scopes = result.scopes();
    let scope_words: Vec<String> =
        scopes.iter().map(|scope| words::skew::scope_words(scope)).collect();
    let mut headings = vec!["placement", "partitions"];
    headings.extend(scope_words.iter().map(String::as_str));
    headings.extend(["variation", "Gini"]);
    let mut table = table(&headings, 1);
    for placement in result.placements() {
        for parallelism in result.parallelisms() {
            let mut row = vec![placement.to_owned(), parallelism.to_string()];
            for scope in &scopes {
                let figure = result.row(placement, parallelism, scope);
                row.push(
                    figure.map_or(NO_FIGURE.to_owned(), |it| words::skew::figure(it.max_over_mean)),
                );
            }
            let run = result.row(placement, parallelism, skew::RUN);
            row.extend(run.map(|it| words::skew::figure(it.coefficient_of_variation)));
            row.extend(run.map(|it| words::skew::figure(it.gini)));
            table.add_row(row);
        }
    }
    text.push_str(&format!(
        "{table}\nLargest partition over the mean; within windows, the mean over all of them. \
         Variation and Gini are the run's.\n"
    ));
    let hot = result.hottest.iter().take(5).map(|hot| {
        let share = hot.records as f64 / result.records.max(1) as f64;
        format!("{} ({})", hot.key, units::share(share))
    });
    let hot: Vec<String> = hot.collect();
    text.push_str(&format!("Hottest keys: {}\n{}.", hot.join(", "), words::skew::finding(result)));
    text
}
