//! When checkpoints are triggered, and when they are complete.

use dataflow::ProcessingTime;

/// Intervals of the coordinator, in nanoseconds.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct CheckpointTimes {
    /// Between two triggers.
    pub(crate) interval_nanos: u64,
    /// After which a checkpoint has failed.
    pub(crate) timeout_nanos: u64,
    /// From the completion of one to the trigger of the next, at least.
    pub(crate) min_pause_nanos: u64,
}

/// What is due.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Nothing before [`CheckpointCoordinator::due_at`].
    Nothing,
    /// Tell the sources to begin this checkpoint.
    Trigger(u64),
    /// This checkpoint took too long.
    Expired(u64),
}

/// A checkpoint that everybody has acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Acknowledged<A> {
    /// Its id.
    pub(crate) id: u64,
    /// When it was triggered.
    pub(crate) triggered: ProcessingTime,
    /// Per subtask: what it sent; `None` for one that had ended.
    pub(crate) acknowledgements: Vec<Option<A>>,
}

/// Triggers checkpoints at a fixed rate, one at a time, and collects their acknowledgements.
///
/// Mirrors Flink's `CheckpointCoordinator` and `CheckpointRequestDecider`: the first trigger comes
/// after a time drawn from minimum pause to interval, then at a fixed rate; a trigger that comes
/// while one is pending waits for its end.
#[derive(Clone, Debug)]
pub(crate) struct CheckpointCoordinator<A> {
    times: CheckpointTimes,
    next_at: ProcessingTime,
    not_before: ProcessingTime,
    next_id: u64,
    pending: Option<Pending<A>>,
    /// Per subtask that has ended: the newest checkpoint it has taken part in.
    ended: Vec<Option<u64>>,
}

#[derive(Clone, Debug)]
struct Pending<A> {
    id: u64,
    triggered: ProcessingTime,
    acknowledgements: Vec<Option<A>>,
}

impl<A> CheckpointCoordinator<A> {
    /// For this number of subtasks; ids count from `next_id`, and `random` draws the first trigger.
    pub(crate) fn new(
        times: CheckpointTimes,
        subtasks: usize,
        next_id: u64,
        now: ProcessingTime,
        random: u64,
    ) -> Self {
        let least = times.min_pause_nanos.min(times.interval_nanos);
        let first = least + random % (times.interval_nanos - least + 1);
        Self {
            times,
            next_at: now.after(first),
            not_before: now,
            next_id,
            pending: None,
            ended: vec![None; subtasks],
        }
    }

    /// When to look again.
    pub(crate) fn due_at(&self) -> ProcessingTime {
        match &self.pending {
            Some(pending) => pending.triggered.after(self.times.timeout_nanos),
            None => self.next_at.max(self.not_before),
        }
    }

    /// What is due now.
    pub(crate) fn look(&mut self, now: ProcessingTime) -> Due {
        if now < self.due_at() {
            return Due::Nothing;
        }
        match self.pending.take() {
            Some(expired) => Due::Expired(expired.id),
            None => {
                // At a fixed rate; what was missed is not made up for.
                let missed = now.since(self.next_at) / self.times.interval_nanos;
                self.next_at = self.next_at.after((missed + 1) * self.times.interval_nanos);
                Due::Trigger(self.begin(now))
            }
        }
    }

    /// Begins one out of turn; `None` while another is pending.
    pub(crate) fn trigger(&mut self, now: ProcessingTime) -> Option<u64> {
        self.pending.is_none().then(|| self.begin(now))
    }

    fn begin(&mut self, now: ProcessingTime) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        let acknowledgements = self.ended.iter().map(|_| None).collect();
        self.pending = Some(Pending { id, triggered: now, acknowledgements });
        id
    }

    /// A subtask has acknowledged; of a checkpoint that is not pending it is ignored.
    pub(crate) fn acknowledge(&mut self, id: u64, subtask: usize, sent: A) {
        if let Some(pending) = self.pending.as_mut().filter(|pending| pending.id == id) {
            pending.acknowledgements[subtask] = Some(sent);
        }
    }

    /// A subtask has ended: no acknowledgement of it is awaited for checkpoints after `newest`,
    /// the last one that it has taken part in. That one may still be on its way.
    pub(crate) fn end(&mut self, subtask: usize, newest: u64) {
        self.ended[subtask] = Some(newest);
    }

    /// The pending checkpoint once everybody has acknowledged or ended.
    pub(crate) fn take_complete(&mut self) -> Option<Acknowledged<A>> {
        let pending = self.pending.as_ref()?;
        let mut all = pending.acknowledgements.iter().zip(&self.ended);
        if !all.all(|(sent, ended)| sent.is_some() || ended.is_some_and(|it| it < pending.id)) {
            return None;
        }
        let Pending { id, triggered, acknowledgements } = self.pending.take()?;
        Some(Acknowledged { id, triggered, acknowledgements })
    }

    /// A checkpoint is durable and committed.
    pub(crate) fn completed(&mut self, now: ProcessingTime) {
        self.not_before = now.after(self.times.min_pause_nanos);
    }

    /// Whether a checkpoint is under way.
    pub(crate) const fn is_pending(&self) -> bool {
        self.pending.is_some()
    }

    /// The id that the next checkpoint will have.
    pub(crate) const fn next_id(&self) -> u64 {
        self.next_id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMES: CheckpointTimes =
        CheckpointTimes { interval_nanos: 100, timeout_nanos: 1_000, min_pause_nanos: 30 };

    fn at(nanos: u64) -> ProcessingTime {
        ProcessingTime(nanos)
    }

    #[test]
    fn triggers_at_a_fixed_rate_from_a_drawn_phase_and_one_at_a_time() {
        let mut coordinator = CheckpointCoordinator::new(TIMES, 2, 7, at(0), 10);
        assert_eq!((coordinator.due_at(), coordinator.look(at(39))), (at(40), Due::Nothing));
        assert_eq!(coordinator.look(at(45)), Due::Trigger(7));
        assert_eq!(coordinator.look(at(150)), Due::Nothing, "one at a time");
        coordinator.acknowledge(7, 0, 'a');
        assert_eq!(coordinator.take_complete(), None);
        coordinator.acknowledge(6, 1, 'x');
        assert_eq!(coordinator.take_complete(), None, "of another checkpoint");
        coordinator.acknowledge(7, 1, 'b');
        let complete = coordinator.take_complete().expect("both have");
        assert_eq!((complete.id, complete.triggered), (7, at(45)));
        assert_eq!(complete.acknowledgements, [Some('a'), Some('b')]);
        coordinator.completed(at(150));
        assert_eq!(coordinator.due_at(), at(180), "140 has passed; the pause has not");
        assert_eq!(coordinator.look(at(180)), Due::Trigger(8));
        assert_eq!(coordinator.trigger(at(181)), None);
    }

    #[test]
    fn who_has_ended_need_not_acknowledge() {
        let mut coordinator = CheckpointCoordinator::new(TIMES, 2, 1, at(0), 0);
        coordinator.end(0, 0);
        assert_eq!(coordinator.trigger(at(1)), Some(1));
        coordinator.acknowledge(1, 1, ());
        let complete = coordinator.take_complete().expect("the other has");
        assert_eq!(complete.acknowledgements, [None, Some(())]);
    }

    #[test]
    fn who_took_part_and_then_ended_is_awaited() {
        let mut coordinator = CheckpointCoordinator::new(TIMES, 1, 1, at(0), 0);
        assert_eq!(coordinator.trigger(at(1)), Some(1));
        coordinator.end(0, 1);
        assert_eq!(coordinator.take_complete(), None, "its part is being uploaded");
        coordinator.acknowledge(1, 0, ());
        assert!(coordinator.take_complete().is_some());
    }

    #[test]
    fn one_that_takes_too_long_expires() {
        let mut coordinator: CheckpointCoordinator<()> =
            CheckpointCoordinator::new(TIMES, 1, 1, at(0), 0);
        assert_eq!(coordinator.look(at(30)), Due::Trigger(1));
        assert_eq!(coordinator.look(at(1_029)), Due::Nothing);
        assert_eq!(coordinator.look(at(1_030)), Due::Expired(1));
    }

    #[test]
    fn first_triggers_lie_from_the_pause_to_the_interval() {
        let first = |random| {
            let coordinator: CheckpointCoordinator<()> =
                CheckpointCoordinator::new(TIMES, 1, 1, at(0), random);
            coordinator.due_at().0
        };
        let seen: std::collections::BTreeSet<u64> = (0..1_000).map(first).collect();
        assert_eq!((seen.first(), seen.last()), (Some(&30), Some(&100)));
    }
}
