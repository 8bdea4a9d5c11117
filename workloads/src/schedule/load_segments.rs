//! Loads whose rate is a function of time, put together from straight pieces.

/// A stretch of time in which the rate rises or falls in a straight line, or stays.
#[derive(Copy, Clone, Debug, PartialEq)]
pub(crate) struct Piece {
    /// Its length; only the ratio to the other pieces counts.
    pub length: f64,
    /// The rate at its start, only relative to the others as well.
    pub from: f64,
    /// The rate at its end.
    pub to: f64,
}

impl Piece {
    /// Of one rate.
    pub(crate) const fn level(length: f64, rate: f64) -> Self {
        Self { length, from: rate, to: rate }
    }
}

/// Pieces laid out over a period, with a mean rate of 1.
///
/// The *load* by a time is the integral of the rate, so that it is a time at the mean rate: both
/// are in nanoseconds and equal at every end of a period. What a mean rate does with a load of `n`
/// intervals between two events is event `n`.
#[derive(Debug, PartialEq)]
pub(crate) struct Segments {
    segments: Box<[Segment]>,
    /// For equal parts of a period's load, a segment near the one in which that part begins.
    guide: Box<[u32]>,
    period: u64,
    /// Whether it begins again after a period; the mean rate goes on otherwise.
    repeats: bool,
    /// Where in the period time 0 is, and the load by then.
    begin: (u64, f64),
}

#[derive(Copy, Clone, Debug, PartialEq)]
struct Segment {
    start: f64,
    /// Load before it.
    load: f64,
    rate: f64,
    /// Change of the rate in a nanosecond.
    slope: f64,
}

impl Segments {
    /// These pieces over a period, in nanoseconds; time 0 is at the share `phase` of it.
    pub(crate) fn new(pieces: &[Piece], period: u64, repeats: bool, phase: f64) -> Self {
        let length: f64 = pieces.iter().map(|piece| piece.length).sum();
        let load: f64 = pieces.iter().map(|it| it.length * (it.from + it.to) / 2.0).sum();
        let (per_length, per_rate) = (period as f64 / length, length / load);
        let mut at = (0.0, 0.0);
        let segment = |piece: &Piece| {
            let (length, rate) = (piece.length * per_length, piece.from * per_rate);
            let change = (piece.to - piece.from) * per_rate;
            let slope = if length > 0.0 { change / length } else { 0.0 };
            let segment = Segment { start: at.0, load: at.1, rate, slope };
            at.0 += length;
            at.1 += length * (rate + change / 2.0);
            segment
        };
        let segments: Box<[Segment]> = pieces.iter().map(segment).collect();
        let parts = segments.len();
        let guide = (0..parts).map(|part| {
            let load = period as f64 * part as f64 / parts as f64;
            let behind = segments.partition_point(|segment| segment.load < load);
            behind.saturating_sub(1) as u32
        });
        let guide = guide.collect();
        let mut made = Self { segments, guide, period, repeats, begin: (0, 0.0) };
        let begin = (phase * period as f64) as u64 % period;
        made.begin = (begin, made.load_within(begin as f64));
        made
    }

    /// When a load is reached, rounded down to nanoseconds. Never falls as loads rise.
    pub(crate) fn time_of(&self, load: f64) -> u64 {
        let load = load + self.begin.1;
        let period = self.period as f64;
        let mut periods = (load / period).floor();
        // A whole number of periods below 2^53 is exact, and so is the difference.
        let mut within = load - periods * period;
        if within < 0.0 {
            periods -= 1.0;
            within += period;
        }
        if !self.repeats && periods >= 1.0 {
            return load as u64;
        }
        let within = (self.time_within(within) as u64).min(self.period);
        let time = (periods as u64).saturating_mul(self.period).saturating_add(within);
        time.saturating_sub(self.begin.0)
    }

    /// The load by a time.
    pub(crate) fn load_by(&self, time: u64) -> f64 {
        let time = time.saturating_add(self.begin.0);
        let (periods, within) = (time / self.period, time % self.period);
        let load = if !self.repeats && periods > 0 {
            time as f64
        } else {
            periods as f64 * self.period as f64 + self.load_within(within as f64)
        };
        load - self.begin.1
    }

    /// When a load within a period is reached: if nothing comes for a while then, before that.
    fn time_within(&self, load: f64) -> f64 {
        let (last, part) = (self.segments.len() - 1, load / self.period as f64);
        let mut number = self.guide[((part * self.guide.len() as f64) as usize).min(last)] as usize;
        while number < last && self.segments[number + 1].load < load {
            number += 1;
        }
        while number > 0 && self.segments[number].load >= load {
            number -= 1;
        }
        let Segment { start, load: before, rate, slope } = self.segments[number];
        let more = load - before;
        // Every step of these rises with the load when it is computed, too.
        let elapsed = if slope > 0.0 {
            ((rate * rate + 2.0 * slope * more).sqrt() - rate) / slope
        } else if slope < 0.0 {
            (rate - (rate * rate + 2.0 * slope * more).max(0.0).sqrt()) / -slope
        } else if rate > 0.0 {
            more / rate
        } else {
            0.0
        };
        let end = self.segments.get(number + 1).map_or(self.period as f64, |next| next.start);
        (start + elapsed).clamp(start, end)
    }

    fn load_within(&self, time: f64) -> f64 {
        let behind = self.segments.partition_point(|segment| segment.start <= time);
        let Segment { start, load, rate, slope } = self.segments[behind.saturating_sub(1)];
        let elapsed = time - start;
        load + elapsed * (rate + slope * elapsed / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pieces() -> impl Strategy<Value = Vec<Piece>> {
        let rate = || prop_oneof![Just(0.0), 0.0..20.0_f64];
        let piece = (0.001..10.0_f64, rate(), rate());
        let piece = piece.prop_map(|(length, from, to)| Piece { length, from, to });
        proptest::collection::vec(piece, 1..12)
            .prop_filter("some load", |it| it.iter().any(|it| it.from + it.to > 0.1))
    }

    proptest! {
        #[test]
        fn times_and_loads_are_inverses(
            pieces in pieces(),
            period in 1_000_000_u64..100_000_000_000,
            repeats: bool,
            phase in prop_oneof![Just(0.0), 0.0..1.0_f64],
            shares in proptest::collection::vec(0.0..5.0_f64, 2..20),
        ) {
            let phase = if repeats { phase } else { 0.0 };
            let segments = Segments::new(&pieces, period, repeats, phase);
            let mut loads: Vec<f64> = shares.iter().map(|it| it * period as f64).collect();
            loads.sort_by(f64::total_cmp);
            let times: Vec<u64> = loads.iter().map(|&load| segments.time_of(load)).collect();
            prop_assert!(times.is_sorted());
            // A nanosecond of the steepest rate, and rounding.
            let steepest = pieces.iter().map(|it| it.from.max(it.to)).fold(0.0, f64::max);
            let length: f64 = pieces.iter().map(|it| it.length).sum();
            let load: f64 = pieces.iter().map(|it| it.length * (it.from + it.to) / 2.0).sum();
            let off = 2.0 + 2.0 * steepest * length / load + period as f64 * 1e-7;
            for (load, time) in loads.iter().zip(&times) {
                let back = segments.load_by(*time);
                prop_assert!((back - load).abs() <= off, "{} {} at {}", back, load, time);
            }
            let whole = 3 * period;
            prop_assert!((segments.load_by(whole) - whole as f64).abs() <= off, "the mean is 1");
        }
    }

    #[test]
    fn a_stretch_without_load_is_skipped() {
        let pieces = [Piece::level(1.0, 2.0), Piece::level(1.0, 0.0)];
        let segments = Segments::new(&pieces, 1_000, true, 0.0);
        // By hand: all of the load in the first half of each period.
        let expected = [(0.0, 0), (500.0, 250), (999.0, 499), (1_000.0, 1_000), (1_001.0, 1_000)];
        for (load, time) in expected {
            assert_eq!(segments.time_of(load), time, "{load}");
        }
        assert_eq!(segments.time_of(1_500.0), 1_250);
        assert_eq!(
            [250, 500, 750, 1_000].map(|time| segments.load_by(time)),
            [500.0, 1_000.0, 1_000.0, 1_000.0]
        );
        // Half a period later nothing comes at first.
        let shifted = Segments::new(&pieces, 1_000, true, 0.5);
        assert_eq!([0.0, 1.0, 500.0].map(|load| shifted.time_of(load)), [500, 500, 750]);
    }
}
