//! What is shown on the terminal.

pub mod live;
pub mod out;
pub mod progress;
pub mod sparkline;
pub mod table;
