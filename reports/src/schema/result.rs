//! Everything of a run, a comparison and a sweep under one name.

pub use super::compare::*;
pub use super::latency::*;
pub use super::recovery_figures::*;
pub use super::rescale::*;
pub use super::run::*;
pub use super::series::*;
pub use super::sweep::*;
pub use super::tasks::*;
