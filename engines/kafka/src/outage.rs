//! Which partitions bring nothing though there is something to come, why, and for how long. It knows
//! neither a broker nor a clock: the fetcher tells it what it meets.

use dataflow::ProcessingTime;

/// How long a partition, or all brokers, may bring nothing.
pub(crate) const LONGEST_OUTAGE_NANOS: u64 = 60_000_000_000;
/// Between two looks at the brokers. What is over at the next one is not told of.
pub(crate) const LOOK_NANOS: u64 = 5_000_000_000;

/// Why a partition brings nothing.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// No broker leads it.
    NoLeader,
    /// This broker leads it and does not answer.
    SilentLeader(i32),
    /// This broker leads it, answers, and sends none of the messages that it has.
    NoMessages(i32),
    /// It ends here now, before where it ended when it was opened.
    Shorter(u64),
}

impl Trouble {
    /// What is wrong with the partition.
    pub(crate) fn what(self) -> String {
        match self {
            Self::NoLeader => "it has no leader".to_owned(),
            Self::SilentLeader(broker) => {
                format!("broker {broker}, which leads it, does not answer")
            }
            Self::NoMessages(broker) => {
                format!("broker {broker}, which leads it, sends none of the messages that it has")
            }
            Self::Shorter(end) => {
                format!("it ends at offset {end} now, before where it ended when it was opened")
            }
        }
    }

    /// What to do about it.
    pub(crate) fn cure(self) -> &'static str {
        match self {
            Self::NoLeader => {
                "start a broker that holds a replica of it, or leave it out with partitions="
            }
            Self::SilentLeader(_) => {
                "is that broker running, and does it advertise an address that can be reached from here?"
            }
            Self::NoMessages(_) => "the log of that broker may say why",
            Self::Shorter(_) => {
                "messages were lost with a broker; begin again with an empty checkpoint directory"
            }
        }
    }
}

/// What follows from a look at a partition.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing.
    Nothing,
    /// The reader is told that the partition is waited for.
    Waits,
    /// The reader, who was told so, is told that this is over.
    Over,
    /// It has lasted too long.
    Expired,
}

/// How it stands with every split.
#[derive(Clone, Debug)]
pub(crate) struct Outages(Vec<SplitOutage>);

/// How it stands with a split.
#[derive(Clone, Debug, Default)]
struct SplitOutage {
    /// Whether something has come of it since the last look.
    moved: bool,
    /// Whether the broker has said that it has no more for now.
    at_end: bool,
    /// Whether a broker has failed since something came of it.
    doubted: bool,
    /// Since when it is in trouble.
    since: Option<ProcessingTime>,
    told: bool,
}

impl Outages {
    /// Nothing has come of any split yet.
    pub(crate) fn new(splits: usize) -> Self {
        Self(vec![SplitOutage::default(); splits])
    }

    /// A message of a split has come, or it is read from elsewhere.
    pub(crate) fn moved_on(&mut self, split: u32) {
        let split = &mut self.0[split as usize];
        *split = SplitOutage { moved: true, told: split.told, ..SplitOutage::default() };
    }

    /// The broker has no more of a split for now.
    pub(crate) fn reached_end(&mut self, split: u32) {
        self.moved_on(split);
        self.0[split as usize].at_end = true;
    }

    /// A broker has failed, and it is unknown of which splits nothing comes therefore.
    pub(crate) fn doubt(&mut self) {
        self.0.iter_mut().for_each(|split| split.doubted = true);
    }

    /// Whether nothing has come of a split since the last look, or since a broker has failed, though
    /// something may be there.
    pub(crate) fn is_quiet(&self, split: u32) -> bool {
        let SplitOutage { moved, at_end, doubted, .. } = self.0[split as usize];
        doubted || !(moved || at_end)
    }

    /// What a look at a split has found, `None` if all is well.
    pub(crate) fn note(
        &mut self,
        split: u32,
        trouble: Option<Trouble>,
        now: ProcessingTime,
    ) -> Verdict {
        let split = &mut self.0[split as usize];
        split.moved = false;
        if trouble.is_none() {
            (split.since, split.doubted) = (None, false);
            return if std::mem::take(&mut split.told) { Verdict::Over } else { Verdict::Nothing };
        }
        let lasts = now.since(*split.since.get_or_insert(now));
        if lasts > LONGEST_OUTAGE_NANOS {
            return Verdict::Expired;
        }
        if lasts < LOOK_NANOS || std::mem::replace(&mut split.told, true) {
            return Verdict::Nothing;
        }
        Verdict::Waits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(count: u64) -> ProcessingTime {
        ProcessingTime(count * 1_000_000_000)
    }

    #[test]
    fn trouble_is_told_once_and_its_end_too_and_it_may_not_last() {
        let mut outages = Outages::new(2);
        let trouble = Some(Trouble::NoLeader);
        let mut note = |trouble, at| outages.note(1, trouble, seconds(at));
        assert_eq!(note(trouble, 10), Verdict::Nothing, "an election takes a moment");
        assert_eq!(note(None, 15), Verdict::Nothing, "what was not told of is not told to be over");
        assert_eq!(note(trouble, 20), Verdict::Nothing);
        assert_eq!(note(trouble, 25), Verdict::Waits);
        assert_eq!(note(trouble, 80), Verdict::Nothing);
        assert_eq!(note(None, 81), Verdict::Over);
        assert_eq!(note(trouble, 90), Verdict::Nothing, "it is counted from its beginning");
        assert_eq!(note(trouble, 150), Verdict::Waits);
        assert_eq!(note(trouble, 151), Verdict::Expired);
    }

    #[test]
    fn a_split_at_its_end_is_quiet_only_when_a_broker_has_failed_since() {
        let mut outages = Outages::new(2);
        assert!(outages.is_quiet(0), "nothing has come yet");
        outages.moved_on(0);
        assert!(!outages.is_quiet(0) && outages.is_quiet(1));
        assert_eq!(outages.note(0, None, seconds(1)), Verdict::Nothing);
        assert!(outages.is_quiet(0), "nothing has come since the look, and more is there");
        outages.reached_end(0);
        assert_eq!(outages.note(0, None, seconds(2)), Verdict::Nothing);
        assert!(!outages.is_quiet(0), "there is nothing to come");
        outages.doubt();
        assert!(outages.is_quiet(0), "that may be wrong by now");
        outages.moved_on(0);
        assert!(!outages.is_quiet(0));
    }

    #[test]
    fn what_held_a_split_up_long_ago_does_not_count() {
        let mut outages = Outages::new(1);
        let trouble = Some(Trouble::NoMessages(1));
        assert_eq!(outages.note(0, trouble, seconds(10)), Verdict::Nothing);
        outages.moved_on(0);
        // It was full for ten minutes, and nobody looked at it.
        assert_eq!(outages.note(0, trouble, seconds(610)), Verdict::Nothing);
    }
}
