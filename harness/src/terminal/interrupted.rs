//! What is said of a command that the user stopped: that it did, and how far it came. Nobody shall
//! take a part for the whole.

use reports::words::units;
use serde::Serialize;

/// How far an interrupted command came.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Interrupted {
    /// Always so, for readers of the JSON.
    interrupted: bool,
    /// How many had ended.
    done: u64,
    /// How many there would have been.
    of: u64,
    /// What is counted: `events`, `cells`.
    what: &'static str,
}

/// Results as JSON: alone, or with how far the command came if that is not the end.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Results<'a, T> {
    Whole(&'a T),
    Part {
        #[serde(flatten)]
        interrupted: Interrupted,
        results: &'a T,
    },
}

impl<'a, T> Results<'a, T> {
    /// All of them, unless the command was interrupted.
    pub(crate) fn new(interrupted: Option<Interrupted>, results: &'a T) -> Self {
        match interrupted {
            None => Self::Whole(results),
            Some(interrupted) => Self::Part { interrupted, results },
        }
    }
}

impl Interrupted {
    /// After so many of so many.
    pub(crate) fn after(done: u64, of: u64, what: &'static str) -> Self {
        Self { interrupted: true, done, of, what }
    }

    /// A sentence below a table.
    pub(crate) fn line(&self) -> String {
        let Self { done, of, what, .. } = self;
        let (done, of) = (units::count(*done), units::count(*of));
        format!("Interrupted after {done} of {of} {what}: only what had ended by then is shown.")
    }
}

/// The text of a table, and below it how far the command came if that is not the end.
pub(crate) fn with_note(text: String, interrupted: Option<Interrupted>) -> String {
    match interrupted {
        None => text,
        Some(interrupted) => format!("{text}\n{}", interrupted.line()),
    }
}
