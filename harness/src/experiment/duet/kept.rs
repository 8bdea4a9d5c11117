//! Keeps what was found out about contention, by machine and workload: it needs a machine on which
//! nothing else runs, and duets are for those on which something does.

use std::path::{Path, PathBuf};

use dataflow::record::content_hash::ContentHash;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::contention::Round;
use crate::error::{Error, Result};
use crate::files;
use crate::run::environment;
use crate::run::spec::RunSpec;

/// Fields of the environment that make a machine and a build.
const MACHINE: [&str; 6] = ["cores", "processor", "kernel", "profile", "version", "commit"];

/// What was measured of a variant, with what it holds for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct KeptRounds {
    /// Machine, build, workload, engine and settings.
    holds_for: Value,
    /// When it was measured, UTC.
    pub(super) measured: String,
    pub(super) rounds: Vec<Round>,
}

/// A folder with a file for each variant that was looked into.
#[derive(Clone, Debug)]
pub(super) struct KeptFolder {
    folder: PathBuf,
}

impl KeptFolder {
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// What is known of a run on these cores. A file that cannot be read, or is of another machine, is
    /// none: it is measured again then.
    pub(super) fn read(&self, spec: &RunSpec, cores: [usize; 2]) -> Option<KeptRounds> {
        let holds_for = holds_for(spec, cores);
        let text = std::fs::read_to_string(self.path(&holds_for)).ok()?;
        let kept: KeptRounds = serde_json::from_str(&text).ok()?;
        (kept.holds_for == holds_for).then_some(kept)
    }

    /// Keeps rounds that were measured now.
    ///
    /// # Errors
    /// When they cannot be written.
    pub(super) fn write(
        &self,
        spec: &RunSpec,
        cores: [usize; 2],
        rounds: Vec<Round>,
    ) -> Result<KeptRounds> {
        let measured =
            humantime::format_rfc3339_seconds(files::invocation::wall_time()).to_string();
        let kept = KeptRounds { holds_for: holds_for(spec, cores), measured, rounds };
        let path = self.path(&kept.holds_for);
        let text = serde_json::to_string_pretty(&kept).map_err(Error::run)?;
        files::make_folder(&self.folder)
            .and_then(|()| files::write_whole(&path, text.as_bytes()))
            .map_err(|error| Error::Run(format!("cannot write {}: {error}", path.display())))?;
        Ok(kept)
    }

    fn path(&self, holds_for: &Value) -> PathBuf {
        let workload = holds_for["workload"].as_str().unwrap_or_default();
        let hash = ContentHash::of(holds_for.to_string().as_bytes()).to_string();
        self.folder.join(format!("{workload}-{}.json", &hash[..16]))
    }
}

/// What decides it: the machine and the build, and all of the run but its length and what a pilot has
/// chosen on the machine as it was.
fn holds_for(spec: &RunSpec, cores: [usize; 2]) -> Value {
    let machine = environment::describe();
    let machine: Value =
        MACHINE.iter().map(|name| ((*name).to_owned(), machine[*name].clone())).collect();
    let is_piloted = spec.piloted.iter().any(|it| it == "rate");
    // What a pilot chose differs from time to time; twice as much is something else.
    let about = |rate: f64| json!({ "log2": rate.log2().round() });
    let rate = match spec.rate.per_second() {
        Some(rate) if is_piloted => about(rate),
        rate => json!(rate),
    };
    let mut knobs = spec.knobs().values().clone();
    if is_piloted && knobs.get("event_rate").and_then(Value::as_f64) == spec.rate.per_second() {
        knobs.remove("event_rate");
    }
    json!({
        "workload": spec.workload.name(),
        "knobs": knobs,
        "engine": spec.engine.name(),
        "settings": spec.settings().values(),
        "rate": rate,
        "on_cores": cores,
        "machine": machine,
        "program": program(),
    })
}

/// The program itself: a commit does not tell what was changed since, nor an engine of one's own.
fn program() -> Value {
    let read = std::env::current_exe().and_then(std::fs::read);
    read.map_or(Value::Null, |content| json!(ContentHash::of(&content).to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantity::Rate;
    use crate::registry::Registry;

    fn spec(rate: f64, piloted: bool) -> RunSpec {
        let draft = RunSpec::new(&Registry::standard(), "pipelined", "keyed-count").unwrap();
        let mut spec = draft.rate(Rate::PerSecond(rate)).events(10).resolve().unwrap();
        spec.piloted = if piloted { vec!["rate".to_owned()] } else { Vec::new() };
        spec
    }

    #[test]
    fn what_was_kept_is_found_for_the_same_run_alone() {
        let folder = tempfile::tempdir().unwrap();
        let kept = KeptFolder::new(&folder.path().join("contention"));
        let rounds = vec![Round { alone: 1.0, sides: [0.97, 0.1 + 0.2], swapped: true }];
        assert_eq!(kept.read(&spec(1e3, false), [0, 1]), None);
        let written = kept.write(&spec(1e3, false), [0, 1], rounds).unwrap();
        assert_eq!(kept.read(&spec(1e3, false), [0, 1]), Some(written));
        assert_eq!(kept.read(&spec(2e3, false), [0, 1]), None, "another rate");
        assert_eq!(kept.read(&spec(1e3, false), [0, 2]), None, "other cores");
        kept.write(&spec(1e3, true), [0, 1], Vec::new()).unwrap();
        assert!(kept.read(&spec(1_100.0, true), [0, 1]).is_some(), "a pilot chose about as much");
        assert!(kept.read(&spec(4e3, true), [0, 1]).is_none(), "and now four times as much");
    }

    #[test]
    fn a_file_that_is_damaged_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let kept = KeptFolder::new(folder.path());
        kept.write(&spec(1e3, false), [0, 1], Vec::new()).unwrap();
        let path = kept.path(&holds_for(&spec(1e3, false), [0, 1]));
        files::write_whole(&path, b"{").unwrap();
        assert_eq!(kept.read(&spec(1e3, false), [0, 1]), None);
    }
}
