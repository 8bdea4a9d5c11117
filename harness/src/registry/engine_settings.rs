//! Resolves the settings of an engine from its own, shared ones, suggestions and defaults.

use std::collections::BTreeMap;

use dataflow::Engine;
use dataflow::job::settings::{Setting, SettingError, Settings};
use serde_json::Value;
use workloads::registry::AnyWorkload;

use crate::error::{Error, Result};
use crate::profiles::{COST_SETTINGS, PROFILE, Profile};

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
    let has = |name: &str| has_setting(engine, name);
    let mut values = own.clone();
    let suggested =
        workload.suggests().iter().map(|(name, value)| ((*name).to_owned(), (*value).into()));
    let shared = given.iter().map(|(name, value)| (name.clone(), value.clone()));
    for (name, value) in shared.chain(suggested).filter(|(name, _)| has(name)) {
        values.entry(name).or_insert(value);
    }
    let owner = format!("engine {}", engine.name());
    let foreign: Vec<String> = values.keys().filter(|it| is_foreign(engine, it)).cloned().collect();
    let foreign: Vec<(String, Value)> =
        foreign.into_iter().filter_map(|name| values.remove_entry(&name)).collect();
    let declared: Vec<Setting> = settings_of(engine).copied().collect();
    let mut settings = Settings::resolve(&owner, &declared, &values, at_max)
        .map_err(|error| explained(&error, &declared))?;
    for (name, value) in foreign {
        settings.set(&name, value);
    }
    if settings.values().contains_key(PROFILE.name) {
        Profile::load(settings.name(PROFILE.name))?;
    }
    engine
        .check(&settings, parallelism)
        .map_err(|cause| Error::Input(format!("{owner}: {cause}")))?;
    Ok(settings)
}

/// The settings of an engine: its own, and if its work is done in this process what that costs.
pub(crate) fn settings_of(
    engine: &dyn Engine,
) -> impl Iterator<Item = &'static Setting> + Clone + use<> {
    let costs: &'static [Setting] = if engine.system().is_none() { &COST_SETTINGS } else { &[] };
    engine.settings().iter().chain(costs)
}

/// Whether an engine has a setting, or hands it on to its system.
pub(super) fn has_setting(engine: &dyn Engine, name: &str) -> bool {
    is_declared(engine, name) || is_foreign(engine, name)
}

fn is_declared(engine: &dyn Engine, name: &str) -> bool {
    settings_of(engine).any(|setting| setting.name == name)
}

/// Whether a name is one that an engine's system may have, and not the engine's own.
fn is_foreign(engine: &dyn Engine, name: &str) -> bool {
    !is_declared(engine, name) && engine.foreign_keys().iter().any(|key| name.starts_with(key))
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
