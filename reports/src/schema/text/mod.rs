//! Text from outside: how a file of it is read, and which characters must not reach a terminal or a
//! page as they are.

mod file;
mod visible;

pub use file::{LARGEST_RESULTS, read_text};
pub(crate) use visible::name;
pub use visible::{check_name, visible};
