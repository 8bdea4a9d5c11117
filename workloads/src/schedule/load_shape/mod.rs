//! How the rate of events changes over time, around its mean.

use std::f64::consts::TAU;
use std::sync::Arc;

use rand::Rng;
use rand_distr::{Distribution, Exp1};

use crate::random::Draws;
use crate::schedule::arrival_gaps::{GapLaw, Gaps};
use crate::schedule::load_segments::{Piece, Segments};
use crate::spec::Knobs;

/// Names that the knob `load_shape` takes.
pub const LOAD_SHAPES: &[&str] = &[
    "constant", "ramp", "steps", "sine", "square", "burst", "bursts", "poisson", "on-off", "pareto",
];

/// Straight pieces that stand for a smooth sine: they are off by less than 0.001 %.
const SINE_PIECES: u64 = 1_024;
/// Times that an on-off load is on before it begins again as it began: 45 hours of 10 s each.
const ON_OFF_CYCLES: usize = 16_384;
const NANOS_PER_SECOND: f64 = 1e9;

/// A shape with a mean of 1: the plan of a run follows it at the rate, and event time at the event
/// rate, so that both agree where these are equal.
#[derive(Clone, Debug, Default)]
pub struct LoadShape(Shape);

#[derive(Clone, Debug, Default)]
enum Shape {
    #[default]
    Constant,
    /// The rate is a function of time.
    Segments(Arc<Segments>),
    /// Every gap is drawn by itself.
    Gaps(Arc<Gaps>),
}

impl LoadShape {
    /// An equal gap between any two events.
    pub const CONSTANT: Self = Self(Shape::Constant);

    /// By the knobs `load_shape`, `load_peak`, `load_period_s`, `load_duty`, `load_steps`,
    /// `load_phase` and `pareto_shape`.
    ///
    /// # Panics
    /// When they are not as [`crate::knobs::resolve`] leaves them.
    pub fn of(knobs: &Knobs, seed: u64) -> Self {
        let shape = knobs.get_name("load_shape").unwrap_or("constant");
        let peak = || knobs.number("load_peak");
        let pieces = match shape {
            "constant" => return Self::CONSTANT,
            "poisson" => return Self(Shape::Gaps(Gaps::shared(GapLaw::Exponential, seed))),
            "pareto" => {
                let law = GapLaw::Pareto { shape: knobs.number("pareto_shape") };
                return Self(Shape::Gaps(Gaps::shared(law, seed)));
            }
            "ramp" => vec![Piece { length: 1.0, from: 2.0 - peak(), to: peak() }],
            "steps" => steps(knobs.integer("load_steps"), peak()),
            "sine" => sine(knobs.integer("load_steps"), peak()),
            "square" => square(knobs.number("load_duty"), peak()),
            "on-off" => on_off(knobs.number("load_duty"), peak(), seed),
            _ => burst(knobs.number("load_duty"), peak()),
        };
        let seconds = knobs.number("load_period_s");
        let cycles = if shape == "on-off" { ON_OFF_CYCLES as f64 } else { 1.0 };
        let period = (seconds * NANOS_PER_SECOND * cycles).round().max(1.0) as u64;
        let phase = knobs.get_number("load_phase").unwrap_or(0.0);
        Self(Shape::Segments(Arc::new(Segments::new(&pieces, period, shape != "burst", phase))))
    }

    /// The same, for events that are not drawn by a seed: constant where the shape is random.
    pub fn without_seed(knobs: &Knobs) -> Self {
        if Self::is_random(knobs) { Self::CONSTANT } else { Self::of(knobs, 0) }
    }

    /// Whether these knobs ask for a shape that a seed decides.
    pub fn is_random(knobs: &Knobs) -> bool {
        matches!(knobs.get_name("load_shape"), Some("poisson" | "on-off" | "pareto"))
    }

    /// Whether all gaps are equal.
    #[inline]
    pub const fn is_constant(&self) -> bool {
        matches!(self.0, Shape::Constant)
    }

    /// How long after the start an event comes, in nanoseconds rounded down, when the mean gap has
    /// `mean` of them. Never falls from one event to the next.
    #[inline]
    pub fn time_of(&self, number: u64, mean: f64) -> u64 {
        match &self.0 {
            Shape::Constant => (number as f64 * mean) as u64,
            Shape::Segments(segments) => segments.time_of(number as f64 * mean),
            Shape::Gaps(gaps) => gaps.time_of(number, mean),
        }
    }

    /// About how many events come within `nanos` nanoseconds from the start.
    pub(crate) fn count_by(&self, nanos: u64, mean: f64) -> u64 {
        match &self.0 {
            Shape::Constant => (nanos as f64 / mean) as u64,
            Shape::Segments(segments) => (segments.load_by(nanos) / mean) as u64,
            Shape::Gaps(gaps) => gaps.count_by(nanos, mean),
        }
    }

    /// When a time of one clock is on another that follows the same shape at `ratio` times its
    /// speed: a time in event time, at the ratio of the event rate to the rate, is planned then.
    /// Nanoseconds from the start of both.
    pub fn on_clock(&self, nanos: u64, ratio: f64) -> u64 {
        match &self.0 {
            Shape::Segments(segments) if ratio != 1.0 => {
                segments.time_of(segments.load_by(nanos) * ratio)
            }
            _ => (nanos as f64 * ratio) as u64,
        }
    }
}

/// From the lowest rate to the peak in equal steps of equal length.
fn steps(count: u64, peak: f64) -> Vec<Piece> {
    let low = 2.0 - peak;
    let rate = |step: u64| low + (peak - low) * step as f64 / (count - 1) as f64;
    (0..count).map(|step| Piece::level(1.0, rate(step))).collect()
}

/// From the lowest rate to the peak and back as a cosine, in steps or smoothly for 0.
fn sine(steps: u64, peak: f64) -> Vec<Piece> {
    let rate = |part: f64| 1.0 - (peak - 1.0) * (TAU * part).cos();
    if steps > 0 {
        return (0..steps)
            .map(|step| Piece::level(1.0, rate(step as f64 / steps as f64)))
            .collect();
    }
    let at = |piece: u64| rate(piece as f64 / SINE_PIECES as f64);
    (0..SINE_PIECES)
        .map(|piece| Piece { length: 1.0, from: at(piece), to: at(piece + 1) })
        .collect()
}

/// What is left for the rest of the time when the peak takes this share of it.
fn rest(duty: f64, peak: f64) -> f64 {
    ((1.0 - peak * duty) / (1.0 - duty)).max(0.0)
}

fn square(duty: f64, peak: f64) -> Vec<Piece> {
    vec![Piece::level(1.0 - duty, rest(duty, peak)), Piece::level(duty, peak)]
}

/// The peak in the middle.
fn burst(duty: f64, peak: f64) -> Vec<Piece> {
    let beside = Piece::level((1.0 - duty) / 2.0, rest(duty, peak));
    vec![beside, Piece::level(duty, peak), beside]
}

/// On and off in turn, each for a time drawn from an exponential distribution.
fn on_off(duty: f64, peak: f64, seed: u64) -> Vec<Piece> {
    let mut draws = Draws::new(seed, "on-off").generator(0);
    let starts_on = (draws.next_u64() as f64) < duty * 2.0_f64.powi(64);
    (0..2 * ON_OFF_CYCLES)
        .map(|turn| {
            let length: f64 = Exp1.sample(&mut draws);
            if turn.is_multiple_of(2) == starts_on {
                Piece::level(length * duty, peak)
            } else {
                Piece::level(length * (1.0 - duty), rest(duty, peak))
            }
        })
        .collect()
}

#[cfg(test)]
mod tests;
