//! The search for the highest rate that is sustained: bracket, then bisect.

/// Most probes of a search: one that needs more is decided by noise.
const MOST_PROBES: u32 = 40;
/// Factor by which the rate goes up or down until it is bracketed.
const STEP: f64 = 1.5;
/// The same where the rate is nearly known.
const SMALL_STEP: f64 = 1.1;

/// A search in progress.
///
/// ```
/// use streamgauge::internals::Search;
/// let mut search = Search::new(100.0, 0.01);
/// while let Some(rate) = search.next() {
///     search.probed(rate <= 1_234.0);
/// }
/// let (low, high) = search.bracket().unwrap();
/// assert!(low <= 1_234.0 && 1_234.0 <= high && high / low <= 1.01);
/// ```
#[derive(Clone, Debug)]
pub struct Search {
    next: f64,
    /// Highest rate that was sustained, below the lowest that was not.
    low: Option<f64>,
    /// Lowest rate that was not sustained.
    high: Option<f64>,
    precision: f64,
    step: f64,
    probes: u32,
}

impl Search {
    /// Begins at a rate in events per second; ends when it is known within the precision, a share
    /// of it.
    pub const fn new(first: f64, precision: f64) -> Self {
        Self { next: first, low: None, high: None, precision, step: STEP, probes: 0 }
    }

    /// The same from a rate that an earlier search has found.
    pub const fn near(found: f64, precision: f64) -> Self {
        Self { step: SMALL_STEP, ..Self::new(found, precision) }
    }

    /// The rate to try next; `None` when the search is over.
    pub fn next(&self) -> Option<f64> {
        let is_narrow =
            self.bracket().is_some_and(|(low, high)| high / low <= 1.0 + self.precision);
        (!is_narrow && self.probes < MOST_PROBES && self.next >= 1.0).then_some(self.next)
    }

    /// Whether the rate that came next was sustained.
    pub fn probed(&mut self, sustained: bool) {
        self.probes += 1;
        *(if sustained { &mut self.low } else { &mut self.high }) = Some(self.next);
        self.next = match (self.low, self.high) {
            (Some(low), Some(high)) => (low * high).sqrt(),
            (Some(low), None) => low * self.step,
            (None, Some(high)) => high / self.step,
            (None, None) => self.next,
        };
    }

    /// The highest rate that was sustained and the lowest that was not, if there are both.
    pub fn bracket(&self) -> Option<(f64, f64)> {
        self.low.zip(self.high)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn search(first: f64, precision: f64, capacity: f64) -> (Search, u32) {
        let mut search = Search::new(first, precision);
        while let Some(rate) = search.next() {
            search.probed(rate <= capacity);
        }
        let probes = search.probes;
        (search, probes)
    }

    proptest! {
        /// From any first guess, within the precision, in few probes.
        #[test]
        fn a_capacity_is_found(first in 1e3_f64..1e8, capacity in 1e3_f64..1e8) {
            let (search, probes) = search(first, 0.02, capacity);
            let (low, high) = search.bracket().unwrap();
            prop_assert!(low <= capacity && capacity <= high && high / low <= 1.02);
            // At most 29 steps of 1.5 over five decades, and six halvings of ln 1.5 to ln 1.02.
            prop_assert!(probes <= 36, "{probes}");
        }
    }

    #[test]
    fn nothing_sustained_ends_the_search() {
        let (search, probes) = search(100.0, 0.02, 0.0);
        assert_eq!(search.bracket(), None);
        assert!(probes < 15, "{probes}");
    }
}
