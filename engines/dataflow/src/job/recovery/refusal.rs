//! Why a job is not started or taken up: one wording for all engines.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::exchange::sink::Committer;
use crate::job::engine::Guarantee;
use crate::job::error::EngineError;
use crate::job::plan::Plan;
use crate::record::content_hash::ContentHash;
use crate::record::time::ProcessingTime;

impl Plan {
    /// The committer of the sink's transactions, which exactly-once cannot do without; `None` under
    /// any other guarantee.
    ///
    /// # Errors
    /// Under exactly-once, when the sink has no transactions.
    pub fn committer(
        &self,
        guarantee: Guarantee,
    ) -> Result<Option<Arc<dyn Committer>>, EngineError> {
        match (guarantee, &self.sink.committer) {
            (Guarantee::None | Guarantee::AtLeastOnce, _) => Ok(None),
            (Guarantee::ExactlyOnce, Some(committer)) => Ok(Some(Arc::clone(committer))),
            (Guarantee::ExactlyOnce, None) => {
                Err(EngineError::Refused("exactly-once needs a transactional sink".to_owned()))
            }
        }
    }

    /// The names of all stages: what is stored of a job is known by them.
    pub fn stage_names(&self) -> Vec<String> {
        self.stages.iter().map(|stage| stage.name.clone()).collect()
    }

    /// Refuses what `file` holds unless it was written by a job of the same stages.
    ///
    /// # Errors
    /// When the stages are others.
    pub fn check_stages(&self, file: &str, stored: &[String]) -> Result<(), EngineError> {
        let own = self.stage_names();
        if stored == own {
            return Ok(());
        }
        Err(EngineError::Refused(format!(
            "{file} is of the job `{}`, not of `{}`",
            stored.join(" | "),
            own.join(" | ")
        )))
    }

    /// Refuses a source that is not what `file` says was read of it: shorter, or longer where it had
    /// come to its end.
    ///
    /// # Errors
    /// When it is, and when the input behind a split has failed.
    pub fn check_read(
        &self,
        file: &str,
        split: u32,
        read: u64,
        ended: bool,
    ) -> Result<(), EngineError> {
        if let Some(obstacle) = self.source.splits.obstacle(split, read)? {
            return Err(EngineError::Refused(format!(
                "{obstacle} (the job has written {file} there); begin again with an empty checkpoint \
                 directory and output"
            )));
        }
        let end = self.source.splits.available(split, read, ProcessingTime::MAX)?.end;
        let what = match end.cmp(&read) {
            Ordering::Less => "shorter",
            Ordering::Greater if ended => "longer",
            _ => return Ok(()),
        };
        let came = if ended { " and had come to its end" } else { "" };
        Err(EngineError::Refused(format!(
            "the input is {what} than the one that the job has read: by {file} it has read {read} \
             events of split {split}{came}, and there are {end} now; give the input that the job \
             was started with, or begin again with an empty checkpoint directory and output"
        )))
    }

    /// Refuses what `file` holds unless it is of just the splits that there are; `stored` are its
    /// splits in their order.
    ///
    /// # Errors
    /// When they are others.
    pub fn check_splits(&self, file: &str, stored: &[u32]) -> Result<(), EngineError> {
        let now = self.source.splits.splits();
        if stored.iter().copied().eq(0..now) {
            return Ok(());
        }
        Err(EngineError::Refused(format!(
            "{file} was written with {} splits of input and there are {now} now",
            stored.len()
        )))
    }
}

/// Refuses what `file` holds of another job.
///
/// # Errors
/// When it is of another.
pub fn check_identity(
    file: &str,
    stored: ContentHash,
    own: ContentHash,
) -> Result<(), EngineError> {
    if stored == own {
        return Ok(());
    }
    Err(EngineError::Refused(format!(
        "{file} is of another job than the one that its folder describes: one of the two files is \
         of another attempt or another job; put back an undamaged copy, or begin again with an \
         empty checkpoint directory and output"
    )))
}

/// A fresh start where `place` holds something of a job.
pub fn already_there(place: &str) -> EngineError {
    EngineError::Refused(format!(
        "{place} holds a job already; `--resume` continues it, and an empty checkpoint directory \
         begins another"
    ))
}

/// Output of which `place` knows nothing: `what` is in the output, and `file` of that place is missing
/// or was not made for it.
pub fn foreign_output(what: &str, place: &str, file: &str) -> EngineError {
    EngineError::Refused(format!(
        "the output has {what}, and {place} knows no such thing: {file} is missing, or of another \
         attempt or another job; put back what belongs together, or begin again with an empty \
         checkpoint directory and output"
    ))
}
