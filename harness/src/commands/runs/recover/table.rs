//! What `recover` found as a table for the terminal.

use comfy_table::CellAlignment;
use reports::schema::recovery::RecoverResult;
use reports::words;

use crate::terminal::table::table;

/// A failure under every guarantee of every engine, and what it says.
pub(super) fn recovery(result: &RecoverResult) -> String {
    let mut headings = vec!["engine", "guarantee"];
    headings.extend(words::recovery::FIGURES);
    headings.push("output");
    let mut table = table(&headings, 2);
    for run in &result.runs {
        let mut row = vec![run.run.variant.clone(), run.guarantee.clone()];
        row.extend(words::recovery::figures(run));
        row.push(run.outcome());
        table.add_row(row);
    }
    if let Some(column) = table.column_mut(headings.len() - 1) {
        column.set_cell_alignment(CellAlignment::Left);
    }
    let mut text = format!("{}\n{table}\n{}.", result.fault, words::recovery::finding(result));
    if result.interrupted {
        text.push_str("\nInterrupted: only what had ended by then is shown.");
    }
    text
}
