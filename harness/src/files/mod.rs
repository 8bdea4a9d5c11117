//! Files: where results go, and rows in and out. What writes them is the crate `files`.

pub(crate) mod at_once;
pub(crate) mod invocation;
pub(crate) mod result_folder;
pub(crate) mod row_change;
pub(crate) mod rows;
pub(crate) mod series_csv;
pub(crate) mod source_text;
pub(crate) mod uri;

pub(crate) use ::files::folder::{make_folder, rename};
pub(crate) use ::files::unfinished::remove_unfinished;
pub(crate) use ::files::whole_file::{WholeFile, write_plain, write_whole};
