//! What the commands share that run every guarantee of several engines.

use std::collections::BTreeMap;
use std::sync::Arc;

use dataflow::Engine;
use reports::schema::RunResult;
use serde_json::Value;
use workloads::registry::AnyWorkload;

use crate::cli::defaults;
use crate::error::{Error, Result};
use crate::experiment::suite::Variant;
use crate::registry::{EngineSpec, Overrides, Registry, key_values};

/// Engines with their settings, and the knobs of the workload that all of them run.
pub(super) struct Contenders {
    pub(super) variants: Vec<Variant>,
    /// As given.
    pub(super) knobs: BTreeMap<String, Value>,
}

impl Contenders {
    /// Of `--engine` and `--set`; `settings` holds where they say nothing.
    ///
    /// # Errors
    /// For unknown names, for a setting that reaches nobody, and for a guarantee: `command` runs
    /// all of them.
    pub(super) fn new(
        command: &str,
        (engines, set): (&[String], &[String]),
        settings: &[(&str, u64)],
        workload: &dyn AnyWorkload,
        registry: &Registry,
    ) -> Result<Self> {
        let specs: Vec<EngineSpec> = match engines {
            [] => {
                defaults::ENGINES.iter().map(|it| EngineSpec::parse(it)).collect::<Result<_>>()?
            }
            given => EngineSpec::parse_all(given)?,
        };
        let engines: Vec<Arc<dyn Engine>> =
            specs.iter().map(|spec| registry.engine(&spec.name)).collect::<Result<_>>()?;
        let set = key_values(set.iter().map(String::as_str))?;
        if set.contains_key("guarantee")
            || specs.iter().any(|spec| spec.settings.contains_key("guarantee"))
        {
            return Err(Error::Input(format!("{command} runs every guarantee; leave it out")));
        }
        let mut given = Overrides::part(&set, workload, &engines)?;
        let own = engines.iter().cloned().zip(specs.iter().map(|it| &it.settings));
        given.check_reach(&own.collect::<Vec<_>>())?;
        for (name, millis) in settings {
            given.settings.entry((*name).to_owned()).or_insert((*millis).into());
        }
        let variants = engines.into_iter().zip(specs).map(|(engine, spec)| {
            let (name, own, shared) = (spec.to_string(), spec.settings, given.settings.clone());
            Variant { engine, name, own, shared }
        });
        Ok(Self { variants: variants.collect(), knobs: given.knobs })
    }
}

/// Refuses a run with late records: its rows are held against those of another run, which may
/// rightly leave out others.
///
/// # Errors
/// When records came late, with what to do about it.
pub(super) fn refuse_late(run: &RunResult, unknowable: &str) -> Result<()> {
    match &run.output.late {
        None => Ok(()),
        Some(late) => Err(Error::Input(format!(
            "{} on {}: {} records came late, and which of them count differs from run to run, so \
             that {unknowable} cannot be told; leave late_fraction out, or let disorder_ms allow \
             for them",
            run.workload,
            run.engine,
            late.left_out + late.accepted + late.unnoted
        ))),
    }
}
