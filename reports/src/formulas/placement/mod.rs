//! Closed forms of H(x): what moves when the number of partitions changes.

pub mod half_of_many_groups;
pub mod moved_by_consistent_hashing;
pub mod moved_by_remainder;
pub mod moved_key_groups;
pub mod ring_balance;
