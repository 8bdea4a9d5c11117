//! What follows the failures of a run: when the job went on, and when it had caught up with the
//! plan.

use dataflow::ProcessingTime;
use reports::schema::FailureRow;

use crate::quantity::Rate;

/// Follows a job from its failures back to its plan. A plain struct: the time comes from outside.
#[derive(Debug)]
pub(crate) struct CatchUp {
    failures: Vec<FailureRow>,
    /// A split with this many unread events still counts as caught up.
    allowed: u64,
    /// Splits of which no look since the job went on has found so little unread.
    behind: Vec<bool>,
    /// When the last event is planned: who ends after that has caught up.
    plan_end: ProcessingTime,
}

impl CatchUp {
    /// For this number of splits, read at this many events per second in all, whose last event is planned
    /// at `plan_end`. Without a rate everything is planned for the start, and the end is when a
    /// job has caught up.
    pub(crate) fn new(splits: u32, rate: Rate, plan_end: ProcessingTime) -> Self {
        let in_a_millisecond =
            rate.per_second().map_or(0.0, |rate| rate / f64::from(splits.max(1)) / 1e3);
        Self {
            failures: Vec::new(),
            allowed: in_a_millisecond as u64 + 1,
            behind: vec![true; splits as usize],
            plan_end,
        }
    }

    /// Something failed.
    pub(crate) fn failed(&mut self, at: ProcessingTime, cause: &str) {
        self.behind.fill(true);
        self.failures.push(FailureRow {
            at_ns: at.0,
            cause: cause.to_owned(),
            resumed_ns: None,
            caught_up_ns: None,
        });
    }

    /// The job goes on, or reads.
    pub(crate) fn resumed(&mut self, at: ProcessingTime) {
        self.failures.iter_mut().for_each(|failure| {
            failure.resumed_ns.get_or_insert(at.0);
        });
    }

    /// A look at a split has found this many events unread.
    pub(crate) fn looked(&mut self, split: u32, at: ProcessingTime, unread: u64) {
        if self.failures.last().is_none_or(|failure| failure.resumed_ns.is_none()) {
            return;
        }
        self.behind[split as usize] = unread > self.allowed;
        if !self.behind.contains(&true) {
            self.caught_up(at);
        }
    }

    /// The job has come to its end; a split that had been read to its end was not looked at again.
    pub(crate) fn ended(&mut self, at: ProcessingTime) {
        if at >= self.plan_end {
            self.caught_up(at);
        }
    }

    fn caught_up(&mut self, at: ProcessingTime) {
        for failure in self.failures.iter_mut().filter(|failure| failure.resumed_ns.is_some()) {
            failure.caught_up_ns.get_or_insert(at.0);
        }
    }

    /// Whether a failure is not over.
    pub(crate) fn is_under_way(&self) -> bool {
        self.failures.iter().any(|failure| failure.caught_up_ns.is_none())
    }

    /// Every failure, in order.
    pub(crate) fn failures(&self) -> &[FailureRow] {
        &self.failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLIS: u64 = 1_000_000;

    fn at(millis: u64) -> ProcessingTime {
        ProcessingTime(millis * MILLIS)
    }

    /// Two splits with 4 events a millisecond each: up to 5 unread count as caught up.
    fn catch_up() -> CatchUp {
        CatchUp::new(2, Rate::PerSecond(8_000.0), at(1_000))
    }

    #[test]
    fn a_job_has_caught_up_once_the_latest_look_at_every_split_says_so() {
        let mut catch_up = catch_up();
        assert!(!catch_up.is_under_way());
        catch_up.failed(at(10), "a task is gone");
        // Of before the job went on.
        catch_up.looked(0, at(11), 0);
        catch_up.looked(1, at(11), 0);
        catch_up.resumed(at(20));
        catch_up.resumed(at(25));
        for (split, millis, unread) in [(0, 26, 5), (0, 30, 6), (1, 31, 0), (0, 32, 4_000)] {
            catch_up.looked(split, at(millis), unread);
            assert!(catch_up.is_under_way(), "at {millis} ms");
        }
        catch_up.looked(0, at(33), 5);
        assert!(!catch_up.is_under_way());
        catch_up.looked(0, at(34), 4_000);
        let expected = FailureRow {
            at_ns: 10 * MILLIS,
            cause: "a task is gone".to_owned(),
            resumed_ns: Some(20 * MILLIS),
            caught_up_ns: Some(33 * MILLIS),
        };
        assert_eq!(catch_up.failures(), [expected]);
    }

    #[test]
    fn a_failure_on_the_catch_up_begins_it_again() {
        let mut catch_up = catch_up();
        catch_up.failed(at(10), "first");
        catch_up.resumed(at(20));
        catch_up.looked(0, at(21), 0);
        catch_up.failed(at(22), "second");
        catch_up.looked(1, at(23), 0);
        catch_up.resumed(at(30));
        catch_up.looked(1, at(31), 0);
        assert!(
            catch_up.is_under_way(),
            "the look at the first split was before the second failure"
        );
        catch_up.looked(0, at(32), 0);
        let caught_up: Vec<_> = catch_up.failures().iter().map(|it| it.caught_up_ns).collect();
        assert_eq!(caught_up, [Some(32 * MILLIS); 2]);
    }

    #[test]
    fn whoever_ends_after_the_plan_has_caught_up_and_whoever_is_stopped_before_has_not() {
        let (mut ended, mut stopped) = (catch_up(), catch_up());
        for (catch_up, end) in [(&mut ended, 1_000), (&mut stopped, 999)] {
            catch_up.failed(at(10), "a task is gone");
            catch_up.resumed(at(20));
            catch_up.ended(at(end));
        }
        assert_eq!(ended.failures()[0].caught_up_ns, Some(1_000 * MILLIS));
        assert_eq!(stopped.failures()[0].caught_up_ns, None);
    }

    #[test]
    fn a_job_that_never_went_on_has_not_caught_up() {
        let mut catch_up = catch_up();
        catch_up.failed(at(10), "a task is gone");
        catch_up.ended(at(2_000));
        let failure = &catch_up.failures()[0];
        assert_eq!((failure.resumed_ns, failure.caught_up_ns), (None, None));
    }
}
