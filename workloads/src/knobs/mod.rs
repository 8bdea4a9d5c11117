//! The knobs that every workload understands, their values, and the rules between them.

mod common;
mod generated;
mod limits;
mod resolve;
mod rules;
mod windows;

pub use crate::events::key_distribution::MAX_KEYS;
pub use crate::spec::nanos;
pub use common::COMMON;
pub(crate) use common::LONGEST_MS;
pub use generated::{not_from_outside, not_of_topics, only_generated};
pub(crate) use limits::{LARGEST_INPUT_BYTES, input_limits};
pub use resolve::{resolve, with_common};
pub(crate) use windows::{check_hops, check_open_windows};
