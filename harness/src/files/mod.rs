//! Files: where results go, rows in and out, and the one place where the harness writes.

pub(crate) mod invocation;
pub(crate) mod result_folder;
pub(crate) mod rows;
pub(crate) mod series_csv;
pub(crate) mod uri;
mod whole_file;

pub(crate) use whole_file::*;
