//! How often a job starts again before it gives up.

use crate::job::error::EngineError;
use crate::job::settings::{Setting, Settings};

/// Restarts in a row that bring a job no further.
pub const RESTART_ATTEMPTS: Setting = Setting::integer(
    "restart_attempts",
    (0, 1_000_000),
    5,
    "restarts in a row, without a checkpoint or batch completed between them, after which the run \
     ends with the last failure (Flink's default is without limit)",
)
.mirroring("restart-strategy.exponential-delay.attempts-before-reset-backoff");

/// Counts restarts that bring a job no further.
#[derive(Clone, Debug)]
pub struct RestartLimit {
    most: u64,
    /// What had been completed at the last failure.
    completed: u64,
    in_a_row: u64,
}

impl RestartLimit {
    /// By [`RESTART_ATTEMPTS`], where an engine has it.
    pub fn new(settings: &Settings) -> Self {
        let most = settings.get_integer(RESTART_ATTEMPTS.name).map_or(5, |most| most as u64);
        Self { most, completed: 0, in_a_row: 0 }
    }

    /// After a failure: whether the job starts again. `completed` counts checkpoints or batches in
    /// all.
    ///
    /// # Errors
    /// The failure itself if starting again does not help or has not helped often enough.
    pub fn check(
        &mut self,
        error: EngineError,
        completed: u64,
    ) -> Result<EngineError, EngineError> {
        if !error.is_transient() {
            return Err(error);
        }
        if completed > self.completed {
            self.in_a_row = 0;
        }
        self.completed = completed;
        if self.in_a_row == self.most {
            let cause = Box::new(error);
            return Err(EngineError::RestartsSpent { restarts: self.in_a_row, cause });
        }
        self.in_a_row += 1;
        Ok(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_gives_up_after_restarts_that_bring_it_no_further() {
        let mut limit = RestartLimit { most: 2, completed: 0, in_a_row: 0 };
        let mut starts_again =
            |completed| limit.check(EngineError::Lost("task".to_owned()), completed).is_ok();
        assert_eq!([0, 0, 0].map(&mut starts_again), [true, true, false]);
        assert_eq!([3, 4, 4, 4].map(&mut starts_again), [true, true, true, false]);
    }

    #[test]
    fn what_stays_is_not_tried_again() {
        let mut limit = RestartLimit { most: 2, completed: 0, in_a_row: 0 };
        assert!(limit.check(EngineError::Refused("no".to_owned()), 1).is_err());
    }
}
