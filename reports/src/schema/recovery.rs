//! What `recover` leaves: a failure under every guarantee of every engine, and what it says.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::run::RunResult;
use super::text;

/// Schema tag of [`RecoverResult`].
pub const RECOVER_SCHEMA: &str = "streamgauge.recover/1";

/// The same failure under every guarantee of every engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecoverResult {
    /// Always [`RECOVER_SCHEMA`].
    pub schema: String,
    /// When it began, UTC, `2026-11-22T17:52:04Z`.
    pub started: String,
    /// The command that reproduces it.
    pub command: String,
    /// The user stopped it before its end.
    pub interrupted: bool,
    /// What was made to fail: `kill:subtask@40% on pipelined, kill:task@40% on microbatch`.
    pub fault: String,
    /// Every run, engine by engine, from no guarantee to exactly-once.
    pub runs: Vec<RecoverRun>,
    /// The machine and the build.
    pub environment: BTreeMap<String, Value>,
}

/// One engine under one guarantee.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecoverRun {
    /// Engine name.
    #[serde(deserialize_with = "text::name")]
    pub engine: String,
    /// `none`, `at-least-once` or `exactly-once`.
    pub guarantee: String,
    /// What struck whom, such as `kill subtask on home 0 (of 4 alive)`.
    pub struck: Vec<String>,
    /// From the failure until the job went on, the longest if it failed more than once; `null`
    /// when it did not fail or never went on.
    pub outage_ns: Option<u64>,
    /// Events that were read again.
    pub replayed: u64,
    /// From when the job went on until it had caught up with the plan, likewise.
    pub catch_up_ns: Option<u64>,
    /// Largest latency from the planned time; what was never emitted has none.
    pub latency_ns_max: Option<u64>,
    /// Rows of an undisturbed run that are missing; `null` for an interrupted run, and where a system has
    /// a row for each key and batch, so that only the table that is left can be compared.
    pub lost: Option<u64>,
    /// Rows beyond those of an undisturbed run; `null` likewise.
    pub duplicated: Option<u64>,
    /// What became of the output.
    pub output: RecoverOutput,
    /// The run itself.
    pub run: RunResult,
}

/// What became of the output of a run that was disturbed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecoverOutput {
    /// The rows are those of an undisturbed run, and their digest is the evaluator's.
    Equal,
    /// They are not.
    Differs,
    /// The failure ended the run: what had not been emitted is lost.
    EndedByTheFailure,
    /// The user stopped the run.
    Interrupted,
}

impl RecoverOutput {
    /// For people: `ended by the failure`.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Differs => "differs",
            Self::EndedByTheFailure => "ended by the failure",
            Self::Interrupted => "interrupted",
        }
    }
}

impl RecoverRun {
    /// Whether something failed in it.
    pub fn has_failed(&self) -> bool {
        !self.run.recovery.failures.is_empty()
    }

    /// Whether it kept its promise: nothing of a run that was not interrupted is lost, nor, under
    /// exactly-once, duplicated.
    pub fn keeps_its_promise(&self) -> bool {
        match self.guarantee.as_str() {
            _ if self.lost.is_none() => self.output != RecoverOutput::Differs,
            "at-least-once" => self.lost.is_none_or(|lost| lost == 0),
            "exactly-once" => [self.lost, self.duplicated].iter().all(|it| it.unwrap_or(0) == 0),
            _ => true,
        }
    }

    /// What became of the output, for people.
    pub fn outcome(&self) -> String {
        let label = self.output.label();
        if self.has_failed() || self.output == RecoverOutput::Interrupted {
            label.to_owned()
        } else {
            format!("{label} (nothing failed)")
        }
    }
}
