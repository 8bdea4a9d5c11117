//! What a calibration has found, for the terminal.

use reports::words::units;
use reports::words::units::NO_FIGURE;

use super::found::Found;
use crate::terminal::table::table;

/// Prices, and how well they explain what was measured.
pub(super) fn found(found: &Found) -> String {
    let mut prices = table(&["kind of work", "price", "by single repeats"], 1);
    for price in &found.prices {
        let keys =
            price.keys.map_or(String::new(), |keys| format!(", {} keys", units::count(keys)));
        let (low, high) = price.range_ns;
        prices.add_row(vec![
            format!("{}{keys}", price.kind),
            units::duration(price.price_ns),
            format!("{} .. {}", units::duration(low), units::duration(high)),
        ]);
    }
    let headings = ["run", "took", "least .. most", "by prices", "off", "off if left out"];
    let mut runs = table(&headings, 1);
    for run in &found.runs {
        let off = |share: f64| format!("{:+.1} %", 100.0 * share);
        runs.add_row(vec![
            format!("{} ({})", run.name, run.workload),
            format!("{} a {}", units::duration(run.took_ns), run.of),
            format!("{} .. {}", units::duration(run.least_ns), units::duration(run.most_ns)),
            units::duration(run.fitted_ns),
            off(run.fitted_ns / run.took_ns - 1.0),
            run.left_out_error.map_or(NO_FIGURE.to_owned(), off),
        ]);
    }
    format!(
        "{prices}\n{runs}\nOff if left out: the prices that all other runs give; {NO_FIGURE} where this \
         run alone tells of a price.\n"
    )
}
