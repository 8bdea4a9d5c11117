//! Lines of text as input, and the errors that point into them.

mod excerpt;
mod input_error;
mod line;
mod line_cutter;
mod rfc3339;

pub(crate) use excerpt::{abridged, excerpt};
pub use input_error::InputError;
pub(crate) use line::{parse_line, without_mark};
pub(crate) use line_cutter::{Limit, Limits, LineCutter, WrongLine};
pub(crate) use rfc3339::unix_nanos;
