//! Knobs for tests.

use dataflow::job::settings::Setting;

use crate::knobs::{resolve, with_common};
use crate::spec::Knobs;

/// The common knobs, some of them given.
pub(crate) fn common(given: &[(&str, &str)]) -> Knobs {
    resolved(&[], given)
}

/// The common knobs and a workload's own, some of them given.
pub(crate) fn resolved(own: &[Setting], given: &[(&str, &str)]) -> Knobs {
    let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    resolve("test", &with_common(own), &given, None).unwrap()
}
