//! `diff`: two results of `compare`, made at different times, variant by variant.

pub(crate) mod table;

use crate::analysis::diff::row::FLOOR;
use crate::analysis::diff::{Diff, source};
use crate::cli::DiffArgs;
use crate::error::{Error, Outcome, Result};
use crate::terminal::out;

/// Runs the command.
///
/// # Errors
/// When a side cannot be read, and as [`Diff::check`].
pub(crate) fn diff(args: &DiffArgs) -> Result<Outcome> {
    let (a, b) = (source::open(&args.a)?, source::open(&args.b)?);
    let names = (args.a.display().to_string(), args.b.display().to_string());
    for (name, result) in [(&names.0, &a), (&names.1, &b)] {
        if result.runs.iter().any(|run| run.duet.is_some()) {
            return Err(Error::Input(format!(
                "{name} holds duets: only the ratio of the two sides of a duet means something, and \
                 no figure of one side can be compared with another time's"
            )));
        }
    }
    let floor = args.floor.unwrap_or(FLOOR);
    let diff = Diff::with_floor(floor, (&names.0, &a), (&names.1, &b));
    diff.check(args.anyway)?;
    if args.json {
        out::json(&diff);
    } else {
        out::line(&table::diff(&diff));
    }
    Ok(Outcome::Good)
}
