//! Output on the terminal: tables, the progress bar and the live view.

pub(crate) mod interrupted;
pub(crate) mod live;
pub(crate) mod out;
pub(crate) mod progress;
pub(crate) mod sparkline;
pub(crate) mod table;
