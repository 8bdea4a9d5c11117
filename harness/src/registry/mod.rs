//! Engines and workloads by name, and the settings and knobs that they are given.

mod engine_settings;
mod engine_spec;
mod overrides;

use std::sync::Arc;

use dataflow::Engine;
use external::External;
use workloads::registry::AnyWorkload;

use crate::error::{Error, Result};
use crate::systems::installations;

pub use engine_settings::resolve_settings;
pub(crate) use engine_settings::settings_of;
pub(crate) use engine_spec::{EngineSpec, key_values};
pub(crate) use overrides::{Overrides, reaches, reaches_none};

/// Everything that can be run. A crate of your own adds to it and calls [`crate::main`].
#[derive(Clone)]
pub struct Registry {
    /// Engines, in the order in which they are listed.
    pub engines: Vec<Arc<dyn Engine>>,
    /// Engines in processes of their own: the real systems. They are run when they are named.
    pub systems: Vec<Arc<dyn Engine>>,
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
            systems: External::all(&installations())
                .into_iter()
                .map(|engine| Arc::new(engine) as Arc<dyn Engine>)
                .collect(),
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

    /// All engines, those of the real systems last.
    pub fn all_engines(&self) -> impl Iterator<Item = &Arc<dyn Engine>> + Clone {
        self.engines.iter().chain(&self.systems)
    }

    /// An engine.
    ///
    /// # Errors
    /// If there is no such name; the error names the nearest.
    pub fn engine(&self, name: &str) -> Result<Arc<dyn Engine>> {
        let found = self.all_engines().find(|engine| engine.name() == name);
        let known: Vec<&str> = self.all_engines().map(|engine| engine.name()).collect();
        found.cloned().ok_or_else(|| Error::unknown("engine", name, &known))
    }

    /// A workload.
    ///
    /// # Errors
    /// If there is no such name; the error names the nearest.
    pub fn workload(&self, name: &str) -> Result<Arc<dyn AnyWorkload>> {
        let found = self.workloads.iter().find(|workload| workload.name() == name);
        let known: Vec<&str> = self.workloads.iter().map(|workload| workload.name()).collect();
        found.cloned().ok_or_else(|| Error::unknown("workload", name, &known))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_answered_with_the_nearest() {
        let registry = Registry::standard();
        let error = registry.engine("pipeline").err().unwrap().to_string();
        assert!(error.contains("did you mean `pipelined`?"), "{error}");
        let error = registry.workload("keyed_count").err().unwrap().to_string();
        assert!(error.contains("did you mean `keyed-count`?"), "{error}");
    }
}
