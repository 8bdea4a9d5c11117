//! Tables for the terminal: what those of all commands have in common.

use comfy_table::presets;
use comfy_table::{CellAlignment, ContentArrangement, Table};

/// An empty table with these headings; the columns from `numbers_from` on are aligned to the right.
pub(crate) fn table(header: &[&str], numbers_from: usize) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header.iter().copied());
    for column in table.column_iter_mut().skip(numbers_from) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
