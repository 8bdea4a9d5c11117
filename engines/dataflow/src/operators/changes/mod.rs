//! Operators that emit changes of a table instead of records.

pub mod changelog_aggregate;
pub mod deduplicate;
pub mod top_n;
