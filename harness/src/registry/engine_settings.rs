//! Resolves the settings of an engine from its own, shared ones, suggestions and defaults.

use std::collections::BTreeMap;

use dataflow::Engine;
use dataflow::job::settings::{Setting, SettingError, Settings};
use serde_json::Value;
use workloads::registry::AnyWorkload;

use crate::error::{Error, Result};

/// An engine's settings: its own, else what was given to all, else what the workload would have,
/// else the default.
///
/// # Errors
/// If a value is invalid, if `own` names a setting that the engine does not have, or if some values do
/// not go together.
pub fn resolve_settings(
    engine: &dyn Engine,
    own: &BTreeMap<String, Value>,
    given: &BTreeMap<String, Value>,
    workload: &dyn AnyWorkload,
    parallelism: u32,
    at_max: bool,
) -> Result<Settings> {
    let has = |name: &str| engine.settings().iter().any(|setting| setting.name == name);
    let mut values = own.clone();
    let suggested =
        workload.suggests().iter().map(|(name, value)| ((*name).to_owned(), (*value).into()));
    let shared = given.iter().map(|(name, value)| (name.clone(), value.clone()));
    for (name, value) in shared.chain(suggested).filter(|(name, _)| has(name)) {
        values.entry(name).or_insert(value);
    }
    let owner = format!("engine {}", engine.name());
    let settings = Settings::resolve(&owner, engine.settings(), &values, at_max)
        .map_err(|error| explained(&error, engine.settings()))?;
    engine
        .check(&settings, parallelism)
        .map_err(|cause| Error::Input(format!("{owner}: {cause}")))?;
    Ok(settings)
}

/// The error for an invalid value, with the help text of its setting.
fn explained(error: &SettingError, settings: &[Setting]) -> Error {
    let name = match error {
        SettingError::Value { name, .. } => Some(name),
        SettingError::Unknown { .. } | SettingError::Refused(_) => None,
    };
    match settings.iter().find(|setting| name.is_some_and(|name| setting.name == name)) {
        Some(setting) => Error::Input(format!("{error} ({})", setting.help)),
        None => Error::input(error),
    }
}
