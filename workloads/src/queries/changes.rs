//! Turns changes of one type into changes of rows.

use dataflow::Change;

/// The same change, with a row made of each value in it.
pub(crate) fn change_rows<T, U>(change: Change<T>, row: impl Fn(T) -> U) -> Change<U> {
    match change {
        Change::Insert(new) => Change::Insert(row(new)),
        Change::Update { before, after } => {
            Change::Update { before: row(before), after: row(after) }
        }
        Change::Delete(old) => Change::Delete(row(old)),
    }
}
