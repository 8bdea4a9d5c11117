//! Files: where results go, rows in and out, and the one place where the harness writes.

pub(crate) mod result_folder;
pub mod rows;
pub mod series_csv;
pub mod uri;
mod whole_file;

pub use whole_file::*;
