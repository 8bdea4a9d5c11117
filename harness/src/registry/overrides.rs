//! Sorts what was given with `--set` into knobs of the workload and settings of engines.

use std::collections::BTreeMap;
use std::sync::Arc;

use dataflow::Engine;
use serde_json::Value;
use workloads::registry::AnyWorkload;

use crate::error::{Error, Result};
use crate::registry::engine_settings::{has_setting, settings_of};

/// What was given with `--set` or in a suite, parted into knobs of the workload and settings of
/// engines. A name that neither has is an error.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Overrides {
    /// For the workload.
    pub knobs: BTreeMap<String, Value>,
    /// For engines that have them.
    pub settings: BTreeMap<String, Value>,
}

/// An engine and the settings that it has of its own.
pub(crate) type EngineAndOwn<'a> = (Arc<dyn Engine>, &'a BTreeMap<String, Value>);

impl Overrides {
    /// Parts `given` by what the workload and the engines have. With one engine, it must have
    /// every setting; with several, one of them must.
    ///
    /// # Errors
    /// If neither the workload nor an engine has a name.
    pub(crate) fn part(
        given: &BTreeMap<String, Value>,
        workload: &dyn AnyWorkload,
        engines: &[Arc<dyn Engine>],
    ) -> Result<Self> {
        let knobs = workload.knobs();
        let mut parted = Self::default();
        for (name, value) in given {
            if knobs.iter().any(|knob| knob.name == name) {
                parted.knobs.insert(name.clone(), value.clone());
            } else if engines.iter().any(|it| has_setting(&**it, name)) {
                parted.settings.insert(name.clone(), value.clone());
            } else {
                let engine_settings = engines.iter().flat_map(|it| settings_of(&**it));
                let mut known: Vec<&str> = knobs.iter().map(|knob| knob.name).collect();
                known.extend(engine_settings.map(|setting| setting.name));
                known.sort_unstable();
                known.dedup();
                let owners: Vec<_> = engines.iter().map(|engine| engine.name()).collect();
                let what =
                    format!("knob of {} or setting of {}", workload.name(), owners.join(", "));
                return Err(Error::unknown(&what, name, &known));
            }
        }
        Ok(parted)
    }

    /// Refuses a setting if each of these engines that has it sets its own: it would reach none.
    ///
    /// # Errors
    /// Names the setting.
    pub(crate) fn check_reach(&self, engines: &[EngineAndOwn<'_>]) -> Result<()> {
        let reaches =
            |name: &str| engines.iter().any(|(engine, own)| reaches(name, &**engine, own));
        match self.settings.keys().find(|name| !reaches(name)) {
            None => Ok(()),
            Some(name) => Err(reaches_none(name)),
        }
    }
}

/// Whether a setting that was given to all reaches an engine with settings of its own, which come
/// first.
pub(crate) fn reaches(name: &str, engine: &dyn Engine, own: &BTreeMap<String, Value>) -> bool {
    !own.contains_key(name) && has_setting(engine, name)
}

/// The refusal of a setting that reaches no engine.
pub(crate) fn reaches_none(name: &str) -> Error {
    Error::Input(format!(
        "`{name}` is set for all engines, and every engine that has it sets its own (as in \
         `ENGINE,{name}=..`), which comes first; leave one of the two out"
    ))
}
