//! Lines of text as input, and the errors that point into them.

mod input_error;
mod line;

pub use input_error::InputError;
pub(crate) use line::{parse_line, without_mark};
