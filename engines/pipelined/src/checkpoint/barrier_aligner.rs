//! When the barriers of a checkpoint are all in.

/// What to do after a barrier has arrived.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Alignment {
    /// Others are still to come.
    Waiting,
    /// This was the last: take the snapshot of this checkpoint.
    Complete(u64),
}

/// Counts the barriers of one checkpoint over a subtask's channels.
///
/// Whether channels that have delivered theirs are blocked meanwhile is the caller's decision:
/// blocked they are for exactly-once (Flink's `SingleCheckpointBarrierHandler`, aligned), and not
/// for at-least-once (`CheckpointBarrierTracker`). A channel that has ended counts as one whose
/// barrier is in. There is one checkpoint at a time.
#[derive(Clone, Debug)]
pub(crate) struct BarrierAligner {
    /// Per channel: whether its barrier of the current checkpoint is in.
    arrived: Vec<bool>,
    ended: Vec<bool>,
    current: Option<u64>,
}

impl BarrierAligner {
    /// For this number of channels.
    pub(crate) fn new(channels: usize) -> Self {
        Self { arrived: vec![false; channels], ended: vec![false; channels], current: None }
    }

    /// The checkpoint whose barriers are being awaited.
    #[cfg(test)]
    pub(crate) const fn current(&self) -> Option<u64> {
        self.current
    }

    /// A barrier has arrived.
    ///
    /// # Panics
    /// When it is of another checkpoint than the barriers before it, or the second of its channel:
    /// the coordinator has one checkpoint at a time.
    pub(crate) fn barrier(&mut self, channel: usize, checkpoint: u64) -> Alignment {
        let current = *self.current.get_or_insert(checkpoint);
        assert!(current == checkpoint, "checkpoint {checkpoint} overtakes {current}");
        assert!(!self.arrived[channel], "channel {channel} sends barrier {checkpoint} twice");
        self.arrived[channel] = true;
        self.look()
    }

    /// A channel has ended.
    pub(crate) fn end(&mut self, channel: usize) -> Alignment {
        self.ended[channel] = true;
        self.look()
    }

    fn look(&mut self) -> Alignment {
        let all = self.arrived.iter().zip(&self.ended).all(|(&arrived, &ended)| arrived || ended);
        match self.current {
            Some(current) if all => {
                self.arrived.fill(false);
                self.current = None;
                Alignment::Complete(current)
            }
            _ => Alignment::Waiting,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_barrier_completes() {
        let mut aligner = BarrierAligner::new(3);
        assert_eq!(aligner.barrier(1, 4), Alignment::Waiting);
        assert_eq!(aligner.barrier(0, 4), Alignment::Waiting);
        assert_eq!(aligner.current(), Some(4));
        assert_eq!(aligner.barrier(2, 4), Alignment::Complete(4));
        assert_eq!(aligner.barrier(2, 5), Alignment::Waiting, "and the next one begins anew");
    }

    #[test]
    fn the_end_of_a_channel_counts_as_its_barrier_now_and_later() {
        let mut aligner = BarrierAligner::new(2);
        assert_eq!(aligner.barrier(0, 1), Alignment::Waiting);
        assert_eq!(aligner.end(1), Alignment::Complete(1));
        assert_eq!(aligner.barrier(0, 2), Alignment::Complete(2));
        assert_eq!(aligner.end(0), Alignment::Waiting, "no checkpoint is under way");
    }
}
