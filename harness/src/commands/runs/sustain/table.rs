//! Sustained rates as a table for the terminal.

use reports::words::units;
use reports::words::units::NO_FIGURE;

use super::row::SustainRow;
use crate::terminal::table::table;

/// The highest rates that engines keep up with.
pub(super) fn sustained(workload: &str, rows: &[SustainRow]) -> String {
    let mut table =
        table(&["workload", "engine", "sustained rate", "interval", "of its throughput"], 2);
    let shown = |rate: f64| units::planned_rate(Some(rate.round()));
    let mut notes = String::new();
    for row in rows {
        let interval = row.interval.map_or(NO_FIGURE.to_owned(), |(low, high)| {
            format!("{} to {}", units::count(low as u64), units::count(high as u64))
        });
        let share = row.rate_per_s.map(|rate| rate / row.throughput_at_max_per_s);
        table.add_row([
            workload.to_owned(),
            row.variant.clone(),
            row.rate_per_s.map_or(if row.ended > 0 { "none" } else { NO_FIGURE }.to_owned(), shown),
            interval,
            share.map_or(NO_FIGURE.to_owned(), units::share),
        ]);
        if let (Some(rate), Some(generator)) = (row.rate_per_s, row.generator_per_s)
            && generator < 2.0 * rate
        {
            notes.push_str(&format!(
                "\nThe generator alone makes {}, less than twice what {} sustains: it may be what \
                 ends there.",
                shown(generator),
                row.variant
            ));
        }
    }
    format!(
        "{table}\nThe highest rate at which less than 1 % of the events are left when the plan ends and \
         the backlog does not grow by 1 % of the rate.{notes}"
    )
}
