//! What `consistency` found as a table for the terminal.

use reports::schema::consistency::ConsistencyResult;
use reports::words;

use crate::terminal::table::table;

/// A table for every workload, of its engines and guarantees, and what they say.
pub(super) fn consistency(result: &ConsistencyResult) -> String {
    let mut headings = vec!["engine", "guarantee"];
    headings.extend(words::consistency::FIGURES);
    let mut text = String::new();
    for cells in result.cells.chunk_by(|a, b| a.workload == b.workload) {
        let mut table = table(&headings, 2);
        for cell in cells {
            let mut row = vec![cell.variant.clone(), cell.guarantee.clone()];
            row.extend(words::consistency::figures(result, cell));
            table.add_row(row);
        }
        text.push_str(&format!("{}\n{table}\n", cells[0].workload));
    }
    text.push_str(&format!("{}.", words::consistency::finding(result)));
    if result.interrupted {
        text.push_str("\nInterrupted: only what had ended by then is shown.");
    }
    text
}
