//! The rows of a job, as the harness keeps them while its processes come and go.

mod job_rows;
mod unseen;
mod upserts;

pub(crate) use job_rows::{JobRows, SubtaskRows};
pub(crate) use unseen::UnseenEvents;
