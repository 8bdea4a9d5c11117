//! Event time when events come in order.

use dataflow::EventTime;

use crate::schedule::load_shape::LoadShape;
use crate::spec::{Knobs, LATEST};

/// Event time runs on a clock of its own: event `n` happens at `n / rate` seconds, or where a load
/// of another shape has it, whatever the speed at which events are read.
#[derive(Clone, Debug)]
pub struct EventClock {
    /// Nanoseconds from one event to the next.
    whole: u64,
    /// And units of 2^-64 nanoseconds.
    fraction: u64,
    /// Event times before this number are computed from the gap. From it on they are [`LAST`], or
    /// looked up in the shape: it is 0 unless the shape is constant, so that a constant shape pays
    /// nothing for the others.
    end: u64,
    /// Mean gap in nanoseconds.
    mean: f64,
    shape: LoadShape,
}

/// Event times stop here.
const LAST: u64 = LATEST.0 as u64;

impl EventClock {
    /// With a rate in events per event-second.
    ///
    /// # Panics
    /// When the rate is not positive.
    pub fn new(rate: f64) -> Self {
        assert!(rate > 0.0 && rate.is_finite(), "events happen at some rate");
        let (whole, fraction) = if rate.fract() == 0.0 && rate < 1e18 {
            let step = (1_000_000_000_u128 << 64).div_ceil(rate as u128);
            ((step >> 64) as u64, step as u64)
        } else {
            let step = 1e9 / rate;
            (step as u64, (step.fract() * 2.0_f64.powi(64)) as u64)
        };
        let end = LAST / whole.saturating_add(1);
        Self { whole, fraction, end, mean: 1e9 / rate, shape: LoadShape::CONSTANT }
    }

    /// With this mean rate, in the shape of a load.
    ///
    /// # Panics
    /// When the rate is not positive.
    #[must_use]
    pub fn shaped(rate: f64, shape: LoadShape) -> Self {
        let constant = Self::new(rate);
        if shape.is_constant() { constant } else { Self { end: 0, shape, ..constant } }
    }

    /// By the knobs `event_rate` and those of [`LoadShape`].
    ///
    /// # Panics
    /// When they are not as [`crate::knobs::resolve`] leaves them.
    pub fn of(knobs: &Knobs, seed: u64) -> Self {
        Self::shaped(knobs.number("event_rate"), LoadShape::of(knobs, seed))
    }

    /// The event time of event `number`, from 0: rounded down to nanoseconds, and exact when the
    /// rate is a whole number and the product of both is below 2^64.
    #[inline]
    pub fn event_time(&self, number: u64) -> EventTime {
        if number >= self.end {
            return self.other(number);
        }
        let fraction = ((u128::from(self.fraction) * u128::from(number)) >> 64) as u64;
        EventTime((self.whole * number + fraction) as i64)
    }

    #[inline(never)]
    fn other(&self, number: u64) -> EventTime {
        if self.shape.is_constant() {
            return EventTime(LAST as i64);
        }
        EventTime(self.shape.time_of(number, self.mean).min(LAST) as i64)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn event_times_are_exact(rate in 1_u64..2_000_000_000, number in 0_u64..1 << 33) {
            let exact = u128::from(number) * 1_000_000_000 / u128::from(rate);
            prop_assume!(exact < u128::from(LAST) / 2);
            prop_assert_eq!(EventClock::new(rate as f64).event_time(number).0, exact as i64);
        }

        #[test]
        fn fractions_of_events_per_second_are_within_a_nanosecond(
            rate in 0.01_f64..1e6,
            number in 0_u64..1 << 20,
        ) {
            let exact = number as f64 * 1e9 / rate;
            let off = EventClock::new(rate).event_time(number).0 as f64 - exact;
            prop_assert!(off.abs() <= 1.0 + exact * 1e-15, "{} off", off);
        }
    }

    #[test]
    fn event_times_end_rather_than_overflow() {
        assert_eq!(EventClock::new(0.001).event_time(u64::MAX).0, LAST as i64);
    }
}
