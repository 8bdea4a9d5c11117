//! The job's watermark, made of the newest event time of every split.

use dataflow::operator::idleness::Idleness;
use dataflow::operator::progress::BoundedOutOfOrderness;
use dataflow::{EventTime, ProcessingTime};

/// Names of the rules, the default first.
pub(crate) const WATERMARKS: &[&str] = &["max", "min"];

/// Which split the watermark is made from.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum WatermarkRule {
    /// The one that is ahead, as in Spark: what others bring later may be late.
    Max,
    /// The one that is behind, of those that have not ended: nothing is late that is in order within
    /// its split, up to the bound.
    Min,
}

impl WatermarkRule {
    /// That of this name.
    pub(crate) fn named(name: &str) -> Self {
        if name == "min" { Self::Min } else { Self::Max }
    }
}

/// The newest event time of every split, and the watermark that follows.
#[derive(Clone, Debug)]
pub(crate) struct Watermarks {
    rule: WatermarkRule,
    /// Longest delay among events of a split, in nanoseconds.
    bound_nanos: i64,
    newest: Vec<EventTime>,
    idleness: Idleness,
}

impl Watermarks {
    /// Nothing has been read of any split. Those without events for so many nanoseconds are idle.
    pub(crate) fn new(
        rule: WatermarkRule,
        bound_nanos: i64,
        splits: u32,
        idle_nanos: Option<u64>,
    ) -> Self {
        let splits = splits as usize;
        let idleness = Idleness::new(idle_nanos, splits);
        Self { rule, bound_nanos, newest: vec![EventTime::MIN; splits], idleness }
    }

    /// The look before a batch has found events of these splits, and none of the others.
    pub(crate) fn looked(&mut self, with_events: &[bool], now: ProcessingTime) {
        for (place, has_events) in with_events.iter().enumerate() {
            match has_events {
                true => self.idleness.found_events(place),
                false => self.idleness.found_nothing(place, now),
            }
        }
    }

    /// When the next split becomes idle, if nothing comes.
    pub(crate) fn next_idle_at(&self) -> Option<ProcessingTime> {
        self.idleness.next_idle_at()
    }

    /// The newest event time that was read of every split.
    pub(crate) fn newest(&self) -> &[EventTime] {
        &self.newest
    }

    /// Takes note of the newest event time of some events of every split.
    pub(crate) fn observe(&mut self, newest: &[EventTime]) {
        for (known, newest) in self.newest.iter_mut().zip(newest) {
            *known = (*known).max(*newest);
        }
    }

    /// What can be promised now, when these splits have ended and been read. One that has not had an
    /// event yet holds the smallest back, unless it is idle.
    pub(crate) fn watermark(&self, ended: &[bool]) -> EventTime {
        let newest = self.newest.iter().copied();
        let active = (0..).zip(ended).filter(|(place, ended)| {
            let is_idle = self.idleness.is_idle(*place);
            !**ended && !is_idle
        });
        let decisive = match self.rule {
            // Once all have ended nothing can be late any more.
            WatermarkRule::Min if ended.contains(&false) => {
                active.map(|(place, _)| self.newest[place]).min()
            }
            _ => newest.max(),
        };
        let mut of_split = BoundedOutOfOrderness::new(self.bound_nanos);
        of_split.observe(decisive.unwrap_or(EventTime::MIN));
        of_split.watermark()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: [bool; 3] = [false; 3];

    /// Of three splits with a bound of 10 ms.
    fn of(rule: WatermarkRule, millis: &[i64]) -> Watermarks {
        let mut watermarks = Watermarks::new(rule, 10_000_000, 3, Some(100_000_000));
        let newest: Vec<EventTime> = millis.iter().map(|at| EventTime::from_millis(*at)).collect();
        watermarks.observe(&newest);
        watermarks
    }

    fn promised(millis: i64) -> EventTime {
        EventTime(EventTime::from_millis(millis).0 - 1)
    }

    #[test]
    fn the_split_that_is_ahead_decides_or_the_one_that_is_behind() {
        for (rule, millis) in [(WatermarkRule::Max, 40), (WatermarkRule::Min, 20)] {
            let mut watermarks = of(rule, &[30, 50, 40]);
            assert_eq!(watermarks.watermark(&OPEN), promised(millis));
            watermarks.observe(&[EventTime::MIN, EventTime::from_millis(9), EventTime::MIN]);
            assert_eq!(watermarks.watermark(&OPEN), promised(millis), "it never goes back");
        }
    }

    #[test]
    fn a_split_without_an_event_holds_the_smallest_back_and_one_that_has_ended_does_not() {
        let watermarks = of(WatermarkRule::Min, &[30, 50]);
        assert!(watermarks.watermark(&OPEN) < EventTime(i64::MIN / 2), "the third has had none");
        assert_eq!(watermarks.watermark(&[false, false, true]), promised(20));
        assert_eq!(watermarks.watermark(&[true, false, true]), promised(40));
        assert_eq!(watermarks.watermark(&[true; 3]), promised(40), "nothing more can be late");
        let watermarks = of(WatermarkRule::Max, &[30, 50]);
        assert_eq!(watermarks.watermark(&[false, true, false]), promised(40));
    }

    #[test]
    fn a_split_that_is_idle_holds_the_smallest_back_no_more() {
        let mut watermarks = of(WatermarkRule::Min, &[30, 50]);
        let mut look = |third, millis| {
            watermarks.looked(&[true, true, third], ProcessingTime::from_millis(millis));
            (watermarks.watermark(&OPEN) == promised(20), watermarks.next_idle_at())
        };
        let at = |millis| Some(ProcessingTime::from_millis(millis));
        assert_eq!(look(false, 0), (false, at(100)));
        assert_eq!(look(false, 100), (true, None), "the third one is left out");
        assert_eq!(look(true, 150), (false, None), "it is back");
        watermarks.looked(&[false; 3], ProcessingTime::from_millis(200));
        watermarks.looked(&[false; 3], ProcessingTime::from_millis(300));
        assert!(watermarks.watermark(&OPEN) < EventTime(0), "of none nobody knows anything");
    }

    #[test]
    fn rules_are_known_by_their_names() {
        let rules: Vec<_> = WATERMARKS.iter().map(|name| WatermarkRule::named(name)).collect();
        assert_eq!(rules, [WatermarkRule::Max, WatermarkRule::Min]);
    }
}
