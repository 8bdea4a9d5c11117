//! Makes rows out of changes.

use dataflow::Change;

/// The same change of rows made out of those it has.
pub(crate) fn change_rows<T, U>(change: Change<T>, row: impl Fn(T) -> U) -> Change<U> {
    match change {
        Change::Insert(new) => Change::Insert(row(new)),
        Change::Update { before, after } => {
            Change::Update { before: row(before), after: row(after) }
        }
        Change::Delete(old) => Change::Delete(row(old)),
    }
}
