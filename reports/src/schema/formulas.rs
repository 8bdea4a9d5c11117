//! One prediction beside one measurement, and all of them: what `formulas` leaves.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::chart_tag::ChartTag;
use super::reading::Reading;
use super::text;
use super::tolerance::{CaseVerdict, Tolerance};

/// Schema tag of [`FormulasResult`].
pub const FORMULAS_SCHEMA: &str = "streamgauge.formulas/1";

/// A case of a formula.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// The formula: `partitioning`, `flow-control` or `placement`.
    pub formula: String,
    /// What is varied, in words; with formula and engine it names the case.
    pub case: String,
    /// The engine that was measured.
    #[serde(deserialize_with = "text::name")]
    pub engine: String,
    /// `virtual` or `wall`.
    pub clock: String,
    /// What is predicted and measured, with its unit.
    pub quantity: String,
    /// The closed form, as one would write it.
    pub form: String,
    /// What it says, in the unit of `quantity`.
    pub predicted: f64,
    /// What was measured, in the same unit.
    pub measured: f64,
    /// (measured - predicted) / predicted; `null` outside the form's range, and where the
    /// prediction is a bound.
    pub relative_error: Option<f64>,
    /// How far the measurement may be from the prediction.
    pub tolerance: Tolerance,
    /// Where the closed form holds.
    pub valid_range: String,
    /// Whether it did.
    pub verdict: CaseVerdict,
    /// The result file that the measurement was computed from, relative to the result directory.
    pub run: String,
    /// How it was computed from there.
    pub reading: Reading,
    /// Parameters by name, for charts.
    #[serde(default)]
    pub at: BTreeMap<String, Value>,
}

impl Case {
    /// A parameter that is a number.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.at.get(name)?.as_f64()
    }

    /// The picture that it belongs to; `None` when it is in none.
    pub fn chart(&self) -> Option<ChartTag> {
        ChartTag::named(self.word(ChartTag::PARAMETER)?)
    }

    /// A parameter that is a word.
    pub fn word(&self, name: &str) -> Option<&str> {
        self.at.get(name)?.as_str()
    }
}

/// What `formulas` leaves.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FormulasResult {
    /// Always [`FORMULAS_SCHEMA`].
    pub schema: String,
    /// When it began, UTC, `2026-11-22T17:52:04Z`.
    pub started: String,
    /// The command that reproduces it.
    pub command: String,
    /// The user stopped it before its end.
    pub interrupted: bool,
    /// Formulas whose cases were all measured.
    #[serde(default)]
    pub formulas_whole: u64,
    /// Formulas that were to be measured.
    #[serde(default)]
    pub formulas_planned: u64,
    /// Seed of everything drawn.
    pub seed: u64,
    /// The cost table of virtual time.
    pub costs: String,
    /// Every case, formula by formula.
    pub cases: Vec<Case>,
    /// The machine and the build.
    pub environment: BTreeMap<String, Value>,
}

impl FormulasResult {
    /// The cases of a formula.
    pub fn of<'a>(&'a self, formula: &'a str) -> impl Iterator<Item = &'a Case> {
        self.cases.iter().filter(move |case| case.formula == formula)
    }

    /// How many cases of a formula have this verdict.
    pub fn count(&self, formula: &str, verdict: CaseVerdict) -> usize {
        self.of(formula).filter(|case| case.verdict == verdict).count()
    }

    /// Whether no case was refuted.
    pub fn holds(&self) -> bool {
        self.cases.iter().all(|case| case.verdict != CaseVerdict::DoesNotHold)
    }
}
