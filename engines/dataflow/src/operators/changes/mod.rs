//! Operators that emit changes of a table instead of records.

pub(crate) mod changelog_aggregate;
pub(crate) mod deduplicate;
pub(crate) mod top_n;
