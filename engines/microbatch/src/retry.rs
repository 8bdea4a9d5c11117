//! How often a task may fail before the run does.

use std::collections::BTreeMap;

use dataflow::EngineError;

use crate::slot::LostTask;

/// Failures of every task of one batch, as `spark.task.maxFailures` counts them.
#[derive(Debug)]
pub(crate) struct TaskFailures {
    most: u64,
    /// By stage and partition.
    counts: BTreeMap<(usize, u32), u64>,
}

impl TaskFailures {
    /// None yet; the one of this number is one too many.
    pub(crate) const fn new(most: u64) -> Self {
        Self { most, counts: BTreeMap::new() }
    }

    /// Takes note of tasks of a stage that were lost together; tells why, for whoever watches.
    ///
    /// # Errors
    /// When one of them has failed too often.
    pub(crate) fn note(
        &mut self,
        stage: usize,
        lost: Vec<LostTask>,
    ) -> Result<String, EngineError> {
        let causes: Vec<String> = lost.iter().map(LostTask::cause).collect();
        for task in lost {
            let count = self.counts.entry((stage, task.partition)).or_default();
            *count += 1;
            if *count >= self.most {
                return Err(task.into_error());
            }
        }
        Ok(causes.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use dataflow::ProcessingTime;

    use super::*;

    fn lost(partition: u32) -> LostTask {
        let name = format!("window/{partition}");
        LostTask { partition, name, at: ProcessingTime::ZERO, read: 0, error: None }
    }

    #[test]
    fn the_failure_of_that_number_is_the_last() {
        let mut failures = TaskFailures::new(2);
        let cause = failures.note(1, vec![lost(0), lost(1)]).unwrap();
        assert_eq!(cause, "task window/0 was lost; task window/1 was lost");
        assert!(failures.note(0, vec![lost(0)]).is_ok(), "another stage counts for itself");
        let error = failures.note(1, vec![lost(1)]).unwrap_err();
        assert!(matches!(error, EngineError::Lost(name) if name == "window/1"));
    }
}
