//! The commands, grouped as `--help` groups them. Each renders its own table.

pub mod manual;
pub mod model;
pub mod results;
pub mod runs;
