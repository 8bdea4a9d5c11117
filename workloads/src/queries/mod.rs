//! The workloads, one per file: plan and evaluator side by side.

mod forward;
mod keyed_count;
pub mod nexmark;
mod uppercase;
mod windowed_count;
mod word_count;

pub use forward::{Forward, Forwarded};
pub use keyed_count::{KeyCount, KeyedCount};
pub use uppercase::{Uppercase, UppercaseLine};
pub use windowed_count::{WindowCount, WindowedCount};
pub use word_count::{WordCount, WordTotal};

use dataflow::Change;

/// The same change of rows made out of those it has.
fn change_rows<T, U>(change: Change<T>, row: impl Fn(T) -> U) -> Change<U> {
    match change {
        Change::Insert(new) => Change::Insert(row(new)),
        Change::Update { before, after } => {
            Change::Update { before: row(before), after: row(after) }
        }
        Change::Delete(old) => Change::Delete(row(old)),
    }
}
