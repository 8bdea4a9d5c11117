//! Engines and workloads by name.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use dataflow::Engine;
use dataflow::job::settings::{Setting, SettingError, Settings, nearest};
use serde_json::Value;
use workloads::registry::AnyWorkload;

use crate::error::{Error, Result};

/// Everything that can be run. A crate of your own adds to it and calls [`crate::main`].
#[derive(Clone)]
pub struct Registry {
    /// Engines, in the order in which they are listed.
    pub engines: Vec<Arc<dyn Engine>>,
    /// Workloads, in the order in which they are listed.
    pub workloads: Vec<Arc<dyn AnyWorkload>>,
}

impl Registry {
    /// What Streamgauge comes with.
    pub fn standard() -> Self {
        Self {
            engines: vec![
                Arc::new(sequential::Sequential),
                Arc::new(pipelined::Pipelined),
                Arc::new(microbatch::MicroBatch),
            ],
            workloads: workloads::registry::standard(),
        }
    }

    /// With one more workload.
    #[must_use]
    pub fn with_workload(mut self, workload: impl workloads::spec::Workload) -> Self {
        self.workloads.push(workloads::registry::register(workload));
        self
    }

    /// With one more engine.
    #[must_use]
    pub fn with_engine(mut self, engine: impl Engine + 'static) -> Self {
        self.engines.push(Arc::new(engine));
        self
    }

    /// An engine.
    ///
    /// # Errors
    /// When there is none of that name; names the nearest.
    pub fn engine(&self, name: &str) -> Result<Arc<dyn Engine>> {
        let found = self.engines.iter().find(|engine| engine.name() == name);
        let known: Vec<&str> = self.engines.iter().map(|engine| engine.name()).collect();
        found.cloned().ok_or_else(|| unknown("engine", name, &known))
    }

    /// A workload.
    ///
    /// # Errors
    /// When there is none of that name; names the nearest.
    pub fn workload(&self, name: &str) -> Result<Arc<dyn AnyWorkload>> {
        let found = self.workloads.iter().find(|workload| workload.name() == name);
        let known: Vec<&str> = self.workloads.iter().map(|workload| workload.name()).collect();
        found.cloned().ok_or_else(|| unknown("workload", name, &known))
    }
}

/// The error for a name that is not there.
pub fn unknown(what: &str, name: &str, known: &[&str]) -> Error {
    let near = nearest(name, known);
    Error::Input(format!("there is no {what} `{name}`{near}; there are: {}", known.join(", ")))
}

/// An engine and the settings that set it apart: `pipelined,buffer_timeout_ms=0`.
#[derive(Clone, Debug, PartialEq)]
pub struct EngineSpec {
    /// Name of the engine.
    pub name: String,
    /// Its own settings, as written.
    pub settings: BTreeMap<String, Value>,
}

impl EngineSpec {
    /// Reads `NAME[,key=value]..`.
    ///
    /// # Errors
    /// When a setting has no `=`.
    pub fn parse(text: &str) -> Result<Self> {
        let mut parts = text.split(',').map(str::trim);
        let name = parts.next().unwrap_or_default().to_owned();
        let settings = parts.map(key_value).collect::<Result<_>>()?;
        Ok(Self { name, settings })
    }
}

/// Reads `key=value`.
///
/// # Errors
/// When there is no `=`.
pub fn key_value(text: &str) -> Result<(String, Value)> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => {
            Ok((key.trim().to_owned(), Value::String(value.trim().to_owned())))
        }
        _ => Err(Error::Input(format!("`{text}` is no setting; write key=value"))),
    }
}

/// As results name the variant: `pipelined, buffer_timeout_ms=0`.
impl fmt::Display for EngineSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        for (key, value) in &self.settings {
            match value {
                Value::String(text) => write!(f, ", {key}={text}")?,
                other => write!(f, ", {key}={other}")?,
            }
        }
        Ok(())
    }
}

/// What was given with `--set` or in a suite, parted into knobs of the workload and settings of
/// engines. A name that neither has is an error.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Given {
    /// For the workload.
    pub knobs: BTreeMap<String, Value>,
    /// For engines that have them.
    pub settings: BTreeMap<String, Value>,
}

impl Given {
    /// Parts `given` by what the workload and the engines have. With one engine, it must have
    /// every setting; with several, one of them must.
    ///
    /// # Errors
    /// For a name that nobody has.
    pub fn part(
        given: &BTreeMap<String, Value>,
        workload: &dyn AnyWorkload,
        engines: &[Arc<dyn Engine>],
    ) -> Result<Self> {
        let knobs = workload.knobs();
        let mut parted = Self::default();
        for (name, value) in given {
            if knobs.iter().any(|knob| knob.name == name) {
                parted.knobs.insert(name.clone(), value.clone());
            } else if engines.iter().any(|it| it.settings().iter().any(|it| it.name == name)) {
                parted.settings.insert(name.clone(), value.clone());
            } else {
                let engine_settings = engines.iter().flat_map(|engine| engine.settings());
                let mut known: Vec<&str> = knobs.iter().map(|knob| knob.name).collect();
                known.extend(engine_settings.map(|setting| setting.name));
                known.sort_unstable();
                known.dedup();
                let owners: Vec<_> = engines.iter().map(|engine| engine.name()).collect();
                let what =
                    format!("knob of {} or setting of {}", workload.name(), owners.join(", "));
                return Err(unknown(&what, name, &known));
            }
        }
        Ok(parted)
    }
}

/// An engine's settings: its own, else what was given to all, else what the workload would have,
/// else the default.
///
/// # Errors
/// When a value is none for its setting, the engine's own spec names one that it lacks, or some do
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

/// A value that is none for its setting, with what the setting is.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variant_is_an_engine_with_settings() {
        let spec = EngineSpec::parse("microbatch, batch_interval_ms=50").unwrap();
        assert_eq!(spec.to_string(), "microbatch, batch_interval_ms=50");
        assert!(EngineSpec::parse("microbatch,batch").is_err());
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_nearest() {
        let registry = Registry::standard();
        let error = registry.engine("pipeline").err().unwrap().to_string();
        assert!(error.contains("did you mean `pipelined`?"), "{error}");
        let error = registry.workload("keyed_count").err().unwrap().to_string();
        assert!(error.contains("did you mean `keyed-count`?"), "{error}");
    }
}
