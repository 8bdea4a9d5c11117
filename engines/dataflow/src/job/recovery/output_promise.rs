//! What a checkpoint or a log knows of a job's output, held against the output at each attempt.

use std::sync::Arc;

use crate::exchange::sink::{CommitHead, Committer};
use crate::job::error::EngineError;
use crate::job::recovery::refusal::foreign_output;
use crate::operator::snapshot::Version;
use crate::record::content_hash::ContentHash;

/// What is known of an output.
pub struct OutputPromise {
    /// The newest commit that the output is known to have.
    pub made: Option<CommitHead>,
    /// The last commit that it can have, and the seal of what this was made for.
    pub last: Option<(Version, ContentHash)>,
    /// What a commit belongs to: `checkpoint` or `batch`.
    pub unit: &'static str,
    /// The folder that says so, as a person finds it.
    pub place: String,
    /// The file in it that is made for a commit.
    pub file: fn(u64) -> String,
}

impl OutputPromise {
    /// Refuses an output that lacks what is known of it, that another job has written, or that is
    /// ahead of this one. Returns its newest commit.
    ///
    /// # Errors
    /// As [`Committer::inspect`], and when the output and the job do not belong together.
    pub async fn check(
        &self,
        committer: &Arc<dyn Committer>,
    ) -> Result<Option<CommitHead>, EngineError> {
        let Some(newest) = committer.inspect(self.made).await? else { return Ok(None) };
        let id = newest.head.id;
        let of = format!("{} {}", self.unit, id.0);
        let what = match self.last {
            Some((last, origin)) if id == last && newest.origin != origin => {
                format!("the results of another {of}")
            }
            Some((last, _)) if id <= last => return Ok(Some(newest.head)),
            _ => format!("the results of {of}"),
        };
        Err(foreign_output(&what, &self.place, &(self.file)(id.0)))
    }
}
