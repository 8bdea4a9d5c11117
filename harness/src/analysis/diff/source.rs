//! Reads a result of `compare`, from its folder or from a single file.

use std::path::Path;

use reports::schema::text::{LARGEST_RESULTS, read_text};
use reports::schema::{COMPARE_SCHEMA, CompareResult};
use reports::words::summary;
use serde_json::Value;

use super::configuration::Configuration;
use crate::error::{Error, Result};

/// Reads a results folder or a file such as its `results.json`.
///
/// # Errors
/// When there are no results, they are damaged or not those of `compare`, or hold two experiments
/// of one name.
pub(crate) fn open(path: &Path) -> Result<CompareResult> {
    let results = path.join(reports::schema::read::RESULTS_FILE);
    let result = if path.is_dir() && !results.is_file() {
        // One that was not ended has its runs.
        reports::load(path).map_err(Error::input)?.result
    } else if path.is_dir() {
        file(&results)?
    } else {
        file(path)?
    };
    unmixed(path, &result)?;
    Ok(result)
}

fn file(path: &Path) -> Result<CompareResult> {
    let wrong = |cause: String| Error::Input(format!("{}: {cause}", path.display()));
    let text = read_text(path, LARGEST_RESULTS)
        .map_err(|error| wrong(format!("cannot be read: {error}")))?;
    let value: Value = serde_json::from_str(&text)
        .map_err(|error| wrong(format!("is no JSON, or cut short: {error}")))?;
    let schema = value.get("schema").and_then(Value::as_str);
    if schema != Some(COMPARE_SCHEMA) {
        let found = schema.map_or("none".to_owned(), |it| format!("`{it}`"));
        return Err(wrong(format!(
            "is not what `compare` writes: its schema is {found}, not `{COMPARE_SCHEMA}`"
        )));
    }
    // From the text and not from the value, so that an error has line and column.
    serde_json::from_str(&text)
        .map_err(|error| wrong(format!("was it written by another version? {error}")))
}

/// Runs under one name must be of one configuration, else their median says nothing.
fn unmixed(path: &Path, result: &CompareResult) -> Result<()> {
    for experiment in summary::experiments(result) {
        for variant in &experiment.variants {
            let first = Configuration::of_run(variant.runs[0]);
            let others = variant.runs[1..].iter().map(|run| Configuration::of_run(run));
            if let Some(found) = others.flat_map(|it| first.differing(&it)).next() {
                return Err(Error::Input(format!(
                    "{}: runs of `{}` on {} differ in {}; give the experiments of a suite \
                     different names",
                    path.display(),
                    experiment.name,
                    variant.name,
                    found.field
                )));
            }
        }
    }
    Ok(())
}
