//! Names that may stand in a suite once: the results of two that share one would be taken for one.

use std::ops::Range;

use crate::error::Result;
use crate::files::source_text::Text;

/// What a name is the name of.
#[derive(Copy, Clone, Debug)]
pub(super) enum Named {
    Experiment,
    Variant,
}

/// Refuses a name that an earlier one has.
///
/// # Errors
/// Points at the later one and names the place of the earlier.
pub(super) fn check_unique(
    what: Named,
    names: &[(&str, Range<usize>)],
    place: &Text<'_>,
) -> Result<()> {
    for (number, (name, span)) in names.iter().enumerate() {
        let Some((_, first)) = names[..number].iter().find(|(earlier, _)| earlier == name) else {
            continue;
        };
        let first = place.named(first);
        return Err(place.at(
            span,
            match what {
                Named::Experiment => format!(
                    "the experiment at {first} is named `{name}` too, and results are told apart \
                     by that name; give each a `name` of its own"
                ),
                Named::Variant => format!(
                    "the engine at {first} is `{name}` too, and results are told apart by that \
                     name; leave one out, or give one a setting that sets it apart"
                ),
            },
        ));
    }
    Ok(())
}
