//! The changes of a result table, row by row.

/// What a row does to the result.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum RowChange {
    /// It is put in: `+I`.
    Insert,
    /// It is taken out, and another comes in its place next: `-U`.
    UpdateBefore,
    /// It comes in the place of the one before: `+U`.
    UpdateAfter,
    /// It is taken out: `-D`.
    Delete,
}
