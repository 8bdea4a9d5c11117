//! The commands, grouped as `--help` groups them. Each renders its own table.

pub(crate) mod manual;
pub(crate) mod model;
pub(crate) mod results;
pub(crate) mod runs;
