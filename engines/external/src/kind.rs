//! What an engine is.

use dataflow::job::settings::Setting;

use crate::launch::System;

/// What an engine is: which system runs it, what can be set, and what it knows.
#[derive(Debug)]
pub(crate) struct EngineKind {
    pub(crate) name: &'static str,
    pub(crate) describe: &'static str,
    pub(crate) system: System,
    pub(crate) settings: &'static [Setting],
    /// How the keys of the system's own settings begin.
    pub(crate) foreign_keys: &'static [&'static str],
    /// Time after which its JVM has compiled what a workload needs, in nanoseconds: measured.
    pub(crate) warm_up_nanos: u64,
    pub(crate) workloads: &'static [&'static str],
    /// Workloads that its system cannot run, each with the reason.
    pub(crate) refused: &'static [(&'static str, &'static str)],
    /// What is said of a workload that it does not know, besides those that it does.
    pub(crate) why_not: &'static str,
}
