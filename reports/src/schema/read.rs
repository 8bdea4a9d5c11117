//! Loads a result directory: a finished comparison, or the runs an unfinished one has left.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::compare::{COMPARE_SCHEMA, CompareResult};
use super::consistency::{CONSISTENCY_SCHEMA, ConsistencyResult};
use super::formulas::{FORMULAS_SCHEMA, FormulasResult};
use super::recovery::{RECOVER_SCHEMA, RecoverResult};
use super::run::{RUN_SCHEMA, RunResult};
use super::skew::{SKEW_SCHEMA, SkewResult};
use super::text::{LARGEST_RESULTS, read_text};
use crate::error::ReportError;
/// File of a finished comparison, inside the result directory.
pub const RESULTS_FILE: &str = "results.json";
/// Directory of single runs, inside the result directory.
pub const RUNS_DIRECTORY: &str = "runs";

/// Results and where they came from.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadedResult {
    /// The comparison. Without a `results.json` it has the runs and no comparisons.
    pub result: CompareResult,
    /// The files it was read from.
    pub source: Source,
}

/// The files behind a report, as paths relative to the result directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `results.json` of a comparison.
    Results(String),
    /// `runs/*.json`, in the order of the numbers that begin their names: nothing compared them.
    Runs(Vec<String>),
}

/// Reads `results.json` in `dir`, else `runs/*.json`.
///
/// # Errors
/// [`ReportError`] naming file, line and column: no results, unreadable file, wrong schema.
///
/// ```
/// let error = reports::load(std::path::Path::new("no/such/directory")).unwrap_err();
/// assert!(error.to_string().starts_with("no results in no/such/directory"));
/// ```
pub fn load(dir: &Path) -> Result<LoadedResult, ReportError> {
    let results = dir.join(RESULTS_FILE);
    if results.is_file() {
        let advice = "delete or rename the file to draw from runs/*.json";
        let result = read_json::<CompareResult>(&results, COMPARE_SCHEMA, advice)?;
        return Ok(LoadedResult { result, source: Source::Results(RESULTS_FILE.into()) });
    }
    let paths = run_files(dir)?;
    if paths.is_empty() {
        return Err(ReportError::NoResults { dir: dir.to_path_buf() });
    }
    let advice = "delete the file to draw the other runs";
    let runs = paths
        .iter()
        .map(|path| read_json::<RunResult>(path, RUN_SCHEMA, advice))
        .collect::<Result<Vec<_>, _>>()?;
    let names = paths.iter().map(|path| format!("{RUNS_DIRECTORY}/{}", file_name(path))).collect();
    Ok(LoadedResult { result: unfinished(dir, runs), source: Source::Runs(names) })
}

/// Reads `results.json` in `dir` if it is what `recover` has left; `None` if it is anything else,
/// or missing.
///
/// # Errors
/// [`ReportError`] naming file, line and column when it is damaged.
pub(crate) fn load_recovery(dir: &Path) -> Result<Option<RecoverResult>, ReportError> {
    load_tagged(dir, RECOVER_SCHEMA, "run `streamgauge recover` again")
}

/// The same of what `consistency` has left.
///
/// # Errors
/// [`ReportError`] naming file, line and column when it is damaged.
pub(crate) fn load_consistency(dir: &Path) -> Result<Option<ConsistencyResult>, ReportError> {
    load_tagged(dir, CONSISTENCY_SCHEMA, "run `streamgauge consistency` again")
}

/// The same of what `skew` has left.
///
/// # Errors
/// [`ReportError`] naming file, line and column when it is damaged.
pub(crate) fn load_skew(dir: &Path) -> Result<Option<SkewResult>, ReportError> {
    load_tagged(dir, SKEW_SCHEMA, "run `streamgauge skew` again")
}

/// The same of what `formulas` has left.
///
/// # Errors
/// [`ReportError`] naming file, line and column when it is damaged.
pub(crate) fn load_formulas(dir: &Path) -> Result<Option<FormulasResult>, ReportError> {
    load_tagged(dir, FORMULAS_SCHEMA, "run `streamgauge formulas` again")
}

fn load_tagged<T: DeserializeOwned>(
    dir: &Path,
    schema: &'static str,
    advice: &'static str,
) -> Result<Option<T>, ReportError> {
    let results = dir.join(RESULTS_FILE);
    let text = read_text(&results, LARGEST_RESULTS).ok();
    let tag = text.and_then(|text| serde_json::from_str::<Tag>(&text).ok());
    if tag.and_then(|tag| tag.schema).is_none_or(|tag| tag != schema) {
        return Ok(None);
    }
    read_json(&results, schema, advice).map(Some)
}

/// A comparison that has runs and, so far, nothing else.
fn unfinished(dir: &Path, runs: Vec<RunResult>) -> CompareResult {
    CompareResult {
        schema: COMPARE_SCHEMA.into(),
        suite: file_name(dir),
        interrupted: runs.iter().any(|run| run.interrupted),
        environment: runs.first().map(|run| run.environment.clone()).unwrap_or_default(),
        runs,
        ..CompareResult::default()
    }
}

/// `runs/*.json`, sorted by the number at the start of the name; names without one come last.
fn run_files(dir: &Path) -> Result<Vec<PathBuf>, ReportError> {
    let runs = dir.join(RUNS_DIRECTORY);
    if !runs.is_dir() {
        return Ok(Vec::new());
    }
    let failed = |reason| ReportError::Read { path: runs.clone(), reason };
    let mut paths = Vec::new();
    for entry in fs::read_dir(&runs).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "json") && path.is_file() {
            paths.push(path);
        }
    }
    paths.sort_by_cached_key(|path| {
        let name = file_name(path);
        (leading_number(&name).unwrap_or(u64::MAX), name)
    });
    Ok(paths)
}

fn leading_number(name: &str) -> Option<u64> {
    let end = name.find(|c: char| !c.is_ascii_digit()).unwrap_or(name.len());
    name[..end].parse().ok()
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The one field read before all others, so that a foreign file is called that.
#[derive(Deserialize)]
struct Tag {
    schema: Option<serde_json::Value>,
}

fn read_json<T: DeserializeOwned>(
    path: &Path,
    expected: &'static str,
    advice: &str,
) -> Result<T, ReportError> {
    let text = read_text(path, LARGEST_RESULTS)
        .map_err(|reason| ReportError::Read { path: path.to_path_buf(), reason })?;
    parse(path, &text, expected, advice)
}

/// The result that a text holds; `path` is where it came from, and `advice` what to do about a text
/// that is wrong.
///
/// # Errors
/// [`ReportError`] naming file, line and column: no JSON, wrong schema, a field missing or wrong.
pub fn parse<T: DeserializeOwned>(
    path: &Path,
    text: &str,
    expected: &'static str,
    advice: &str,
) -> Result<T, ReportError> {
    let tag: Tag = serde_json::from_str(text).map_err(|error| malformed(path, &error, advice))?;
    if tag.schema.as_ref().and_then(|tag| tag.as_str()) != Some(expected) {
        let (line, column) = position(text, "\"schema\"");
        let found = tag.schema.map_or("missing".into(), |tag| match tag {
            serde_json::Value::String(tag) => tag,
            other => other.to_string(),
        });
        let (path, advice) = (path.to_path_buf(), advice.to_string());
        return Err(ReportError::Schema { path, line, column, found, expected, advice });
    }
    serde_json::from_str(text).map_err(|error| malformed(path, &error, advice))
}

fn malformed(path: &Path, error: &serde_json::Error, advice: &str) -> ReportError {
    let (line, column) = (error.line(), error.column());
    let message = error.to_string();
    let message = message.strip_suffix(&format!(" at line {line} column {column}"));
    let advice = match error.classify() {
        serde_json::error::Category::Eof => format!("the file is cut short: {advice}"),
        serde_json::error::Category::Data => {
            format!("was it written by another version? To go on without it, {advice}")
        }
        _ => advice.to_string(),
    };
    ReportError::Malformed {
        path: path.to_path_buf(),
        line,
        column,
        message: message.map_or_else(|| error.to_string(), str::to_string),
        advice,
    }
}

/// Line and column, both from 1, of the first occurrence of `needle`; (1, 1) without one.
fn position(text: &str, needle: &str) -> (usize, usize) {
    let before = &text[..text.find(needle).unwrap_or(0)];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_files_sort_by_number_not_by_letter() {
        assert_eq!(leading_number("10-keyed-count-pipelined-0.json"), Some(10));
        assert_eq!(leading_number("notes.json"), None);
        assert_eq!(position("{\n  \"schema\": 1}", "\"schema\""), (2, 3));
        assert_eq!(position("{}", "\"schema\""), (1, 1));
    }
}
