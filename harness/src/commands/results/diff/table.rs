//! Two results side by side as tables for the terminal.

use comfy_table::CellAlignment;
use reports::words::units;
use reports::words::units::NO_FIGURE;
use reports::words::verdict;

use crate::analysis::diff::Diff;
use crate::analysis::diff::row::{Row, Verdict};
use crate::terminal::table::table;

/// Two results side by side: what differs besides, a table per experiment, and how to read it.
pub(crate) fn diff(diff: &Diff) -> String {
    let mut text = String::new();
    let mut add = |line: String| text.push_str(&format!("{line}\n"));
    for (letter, side) in [("A", &diff.a), ("B", &diff.b)] {
        let stopped = if side.interrupted { ", interrupted" } else { "" };
        add(format!("{letter}: {} ({}{stopped})", side.name, side.started));
    }
    for difference in &diff.differences {
        add(format!("Not the same configuration: {difference}"));
    }
    for note in &diff.notes {
        add(format!("Not the same: {} is {} in A and {} in B", note.what, note.a, note.b));
    }
    for (letter, missing) in [("A", &diff.only_in_a), ("B", &diff.only_in_b)] {
        for it in missing {
            add(format!("Only in {letter}: {it}"));
        }
    }
    for rows in
        diff.rows.chunk_by(|a, b| (&a.experiment, a.measures) == (&b.experiment, b.measures))
    {
        let headings = ["variant", "metric", "A", "B", "B/A", "interval", "valid runs", "B is"];
        let mut table = table(&headings, 2);
        if let Some(column) = table.column_mut(headings.len() - 1) {
            column.set_cell_alignment(CellAlignment::Left);
        }
        for row in rows {
            table.add_row(diff_row(row));
        }
        add(format!("\n{}:\n{table}", rows[0].experiment));
    }
    let judged = diff.rows.iter().filter(|row| row.verdict != Verdict::TooFew).count();
    add(format!(
        "\nA and B are medians of valid runs, B/A is the ratio of geometric means, its interval \
         Welch's at 95 %; below five runs on a side it is the range, and there is no verdict. Less \
         than the floor of {} is not judged.",
        units::share(diff.floor)
    ));
    if judged > 1 {
        add(format!(
            "Of {judged} such intervals about one in twenty lies beside the truth by chance alone."
        ));
    }
    text.trim_end().to_owned()
}

fn diff_row(row: &Row) -> Vec<String> {
    let figure = |value: Option<f64>| value.map_or(NO_FIGURE.to_owned(), |value| row.figure(value));
    let interval = row.interval.map_or(NO_FIGURE.to_owned(), |(low, high)| {
        format!("{} to {}", units::significant(low), units::significant(high))
    });
    vec![
        row.variant.clone(),
        verdict::metric_name(&row.metric),
        figure(row.median_a),
        figure(row.median_b),
        row.ratio.map_or(NO_FIGURE.to_owned(), units::ratio),
        interval,
        format!("{}, {}", row.runs_a, row.runs_b),
        row.verdict.words().to_owned(),
    ]
}
