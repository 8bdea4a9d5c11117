//! The knobs that every workload understands, their values, and the rules between them.

mod common;
mod generated;
mod resolve;
mod rules;

pub use crate::events::key_distribution::MAX_KEYS;
pub use crate::spec::nanos;
pub use common::COMMON;
pub(crate) use common::LONGEST_MS;
pub use generated::only_generated;
pub use resolve::{resolve, with_common};
