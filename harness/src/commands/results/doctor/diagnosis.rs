//! What `doctor` says of a machine.

use std::collections::BTreeMap;

use reports::schema::NoiseRow;
use serde::Serialize;
use serde_json::Value;

/// Schema tag of [`Diagnosis`].
pub(super) const DOCTOR_SCHEMA: &str = "streamgauge.doctor/1";
/// What was measured, and what to make of it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Diagnosis {
    /// Always [`DOCTOR_SCHEMA`].
    pub schema: &'static str,
    /// The machine and the build.
    pub environment: BTreeMap<String, Value>,
    /// The clock that runs are timed with.
    pub clock: ClockFigures,
    /// How late the timers of engines fire, in nanoseconds.
    pub timer_late_ns: TimerFigures,
    /// How often the machine takes the processor away.
    pub stalls: StallFigures,
    /// How much each engine differs from itself.
    pub noise: Vec<NoiseRow>,
    /// Events of each run behind `noise`.
    pub noise_events: u64,
    /// The real systems and the tools that they need, a line for each.
    pub systems: Vec<String>,
    /// What that means for results.
    pub advice: Vec<Advice>,
}

/// The clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct ClockFigures {
    /// Reading it, in nanoseconds: the quickest of several series.
    pub cost_ns: f64,
    /// Smallest step between two readings that differ, in nanoseconds.
    pub step_ns: u64,
}

/// How late timers fire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct TimerFigures {
    /// Timers.
    pub count: usize,
    /// Median.
    pub p50: u64,
    /// 99th percentile.
    pub p99: u64,
    /// Latest.
    pub max: u64,
}

/// What a thread per core, which does nothing but read the clock, has seen of others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct StallFigures {
    /// Time watched on every core, in nanoseconds.
    pub watched_ns: u64,
    /// Longest time between two readings, in nanoseconds.
    pub longest_ns: u64,
    /// Share of the time that went away in stalls of 20 µs and more, from 0 to 1.
    pub lost_share: f64,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    /// Nothing to do.
    Good,
    /// To be kept in mind.
    Mind,
    /// Results are of no use before it is mended.
    Bad,
}

/// What one figure means.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Advice {
    /// How bad it is.
    pub level: Level,
    /// What was looked at.
    pub about: &'static str,
    /// The figure, what it means, and what to do.
    pub text: String,
}
