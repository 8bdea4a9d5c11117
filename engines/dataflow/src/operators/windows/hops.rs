//! Which windows overlap an instant, when windows of one size begin at every multiple of a slide.

/// Windows `[n * slide, n * slide + size)` for every whole `n`. Times are nanoseconds.
///
/// Those that would end after the largest representable time are one window only: the first of
/// them, cut short.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Hops {
    size: i64,
    slide: i64,
}

impl Hops {
    /// With `0 < slide <= size`: so that no instant is outside of all windows.
    pub(crate) const fn new(size: i64, slide: i64) -> Self {
        assert!(0 < slide && slide <= size, "a window is longer than nothing, and than its slide");
        Self { size, slide }
    }

    /// The longest stretch of which every window is made up.
    pub(crate) const fn pane(self) -> i64 {
        let (mut pane, mut rest) = (self.size, self.slide);
        while rest > 0 {
            (pane, rest) = (rest, pane % rest);
        }
        pane
    }

    /// The smallest end behind an instant, before it is held at the largest time.
    fn end_behind(self, time: i64) -> i128 {
        let [size, slide, time] = [self.size, self.slide, time].map(i128::from);
        time + slide - (time - size).rem_euclid(slide)
    }

    /// The end of the first window that holds an instant: the smallest end behind it.
    pub(crate) fn first_end(self, time: i64) -> i64 {
        i64::try_from(self.end_behind(time)).unwrap_or(i64::MAX)
    }

    /// The end of the last window that holds an instant.
    pub(crate) const fn last_end(self, time: i64) -> i64 {
        let into = time.rem_euclid(self.slide);
        time.saturating_add(self.size - into)
    }

    /// The end of the window behind the one that ends here.
    pub(crate) const fn next_end(self, end: i64) -> i64 {
        end.saturating_add(self.slide)
    }

    /// The end of the window before the one that ends here, where there is one.
    pub(crate) fn end_before(self, end: i64) -> i64 {
        let end = if end == i64::MAX { self.end_behind(end - 1) } else { end.into() };
        i64::try_from(end - i128::from(self.slide)).unwrap_or(i64::MIN)
    }

    /// The first instant of the window that ends here.
    pub(crate) fn start_of(self, end: i64) -> i64 {
        let end = if end == i64::MAX { self.end_behind(end - 1) } else { end.into() };
        i64::try_from(end - i128::from(self.size)).unwrap_or(i64::MIN)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// By trying all windows around an instant.
    fn holding(size: i64, slide: i64, time: i64) -> Vec<(i64, i64)> {
        let near = time / slide;
        let windows = (near - size - 2..near + 2).map(|n| (n * slide, n * slide + size));
        windows.filter(|&(start, end)| start <= time && time < end).collect()
    }

    proptest! {
        #[test]
        fn agrees_with_trying_all_windows(
            (size, slide) in (1_i64..30).prop_flat_map(|size| (Just(size), 1..=size)),
            time in -200_i64..200,
        ) {
            let hops = Hops::new(size, slide);
            let windows = holding(size, slide, time);
            let mut ends = vec![hops.first_end(time)];
            while ends[ends.len() - 1] < hops.last_end(time) {
                ends.push(hops.next_end(ends[ends.len() - 1]));
            }
            let with_starts: Vec<_> = ends.iter().map(|&end| (hops.start_of(end), end)).collect();
            prop_assert_eq!(with_starts, windows);
            let pane = (1..=slide).rev().find(|pane| size % pane == 0 && slide % pane == 0);
            prop_assert_eq!(Some(hops.pane()), pane);
        }
    }

    #[test]
    fn windows_reach_to_both_ends_of_time() {
        // The largest time ends in 807.
        let (hops, max) = (Hops::new(10, 4), i64::MAX);
        assert_eq!((max - 1).rem_euclid(4), 2);
        // Starts: .., 796, 800, 804; of those that end behind 807 only the one from 800 on is left.
        assert_eq!((hops.first_end(max - 10), hops.last_end(max - 10)), (max - 9, max - 1));
        assert_eq!((hops.first_end(max - 1), hops.last_end(max - 1)), (max, max));
        assert_eq!(hops.first_end(max), max);
        assert_eq!(hops.start_of(max), max - 7);
        assert_eq!(hops.next_end(max - 1), max);
        // The smallest ends in 808: the window that holds it begins before it.
        assert_eq!(hops.first_end(i64::MIN), i64::MIN + 2);
        assert_eq!(hops.start_of(i64::MIN + 2), i64::MIN);
    }

    #[test]
    #[should_panic(expected = "longer than nothing")]
    fn windows_with_gaps_between_them_are_refused() {
        let _ = Hops::new(10, 11);
    }
}
