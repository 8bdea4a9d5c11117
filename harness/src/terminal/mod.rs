//! What is shown on the terminal while and after runs are made.

pub(crate) mod live;
pub(crate) mod out;
pub(crate) mod progress;
pub(crate) mod sparkline;
pub(crate) mod table;
