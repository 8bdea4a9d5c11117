//! The job's watermark, made of the newest event time of every split.

use dataflow::EventTime;
use dataflow::operator::progress::BoundedOutOfOrderness;

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
}

impl Watermarks {
    /// Nothing has been read of any split.
    pub(crate) fn new(rule: WatermarkRule, bound_nanos: i64, splits: u32) -> Self {
        Self { rule, bound_nanos, newest: vec![EventTime::MIN; splits as usize] }
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
    /// event yet holds the smallest back.
    pub(crate) fn watermark(&self, ended: &[bool]) -> EventTime {
        let newest = self.newest.iter().copied();
        let open =
            newest.clone().zip(ended).filter(|(_, ended)| !**ended).map(|(newest, _)| newest);
        let decisive = match self.rule {
            WatermarkRule::Max => newest.max(),
            // Once all have ended nothing can be late any more.
            WatermarkRule::Min => open.min().or(newest.max()),
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
        let mut watermarks = Watermarks::new(rule, 10_000_000, 3);
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
    fn rules_are_known_by_their_names() {
        let rules: Vec<_> = WATERMARKS.iter().map(|name| WatermarkRule::named(name)).collect();
        assert_eq!(rules, [WatermarkRule::Max, WatermarkRule::Min]);
    }
}
