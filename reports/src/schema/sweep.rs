//! What a sweep varies, and which experiment stands at which point.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::text;

/// What a sweep varies, and which experiment stands at which point.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sweep {
    /// One or two axes.
    pub axes: Vec<SweepAxis>,
    /// Every point, the last axis varying fastest.
    pub points: Vec<SweepPoint>,
}

/// Something that a sweep varies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepAxis {
    /// `rate`, `parallelism`, a setting of an engine or a knob of the workload.
    pub name: String,
    /// Its values, in the order in which they were given.
    pub values: Vec<Value>,
}

/// A point of a sweep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepPoint {
    /// The experiment that was made there.
    #[serde(deserialize_with = "text::name")]
    pub experiment: String,
    /// A value of each axis.
    pub at: Vec<Value>,
}
