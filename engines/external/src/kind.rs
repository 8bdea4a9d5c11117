//! What an engine is.

use dataflow::job::engine::WorkloadIdentity;
use dataflow::job::settings::Setting;

use crate::launch::System;
use crate::run_state::Shows;

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
    /// Groups of workloads that it runs, but for those that are refused.
    pub(crate) workloads: &'static [&'static [&'static str]],
    /// Workloads that its system cannot run, each with the reason.
    pub(crate) refused: &'static [(&'static str, &'static str)],
    /// What is said of a workload that it does not know, besides those that it does.
    pub(crate) why_not: &'static str,
}

/// Knobs that choose how our own operators work: a system's program has its own way.
const OF_OUR_OPERATORS: &[(&str, &str)] =
    &[("split_keys", "1"), ("changes", "each"), ("combiner", "off")];
/// Of these, what Spark does always.
const OF_SPARK: &[&str] = &["changes", "combiner"];

impl EngineKind {
    /// Whether a result that changes has a row for each change.
    pub(crate) fn emits_each_change(&self) -> bool {
        self.system == System::Flink
    }

    /// Which events a row shows that updates another one. Where one row stands for several events,
    /// those of a running count are known by its count.
    pub(crate) fn updates_show(&self, workload: &WorkloadIdentity) -> Shows {
        if self.emits_each_change() {
            Shows::One
        } else if workload.name == "keyed-count" {
            Shows::Counted
        } else {
            Shows::Unknown
        }
    }

    /// The workloads that it runs.
    pub(crate) fn runs(&self) -> impl Iterator<Item = &'static str> {
        let all = self.workloads.iter().copied().flatten().copied();
        all.filter(|name| self.refused.iter().all(|(refused, _)| refused != name))
    }

    /// Whether it runs a workload with these knobs.
    ///
    /// # Errors
    /// Why it does not, and what it runs.
    pub(crate) fn check(&self, workload: &WorkloadIdentity) -> Result<(), String> {
        let WorkloadIdentity { name, knobs, .. } = workload;
        if !self.runs().any(|it| it == name) {
            let refused = self.refused.iter().find(|(refused, _)| refused == name);
            let why = refused.map_or(self.why_not, |(_, why)| why);
            let runs: Vec<&str> = self.runs().collect();
            let engine = self.name;
            return Err(format!(
                "engine {engine} cannot run `{name}`{why}; it runs: {}",
                runs.join(", ")
            ));
        }
        for (knob, default) in OF_OUR_OPERATORS {
            let Some(value) = knobs.values().get(*knob) else { continue };
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let is_its_way = self.system == System::Spark && OF_SPARK.contains(knob);
            if value != *default && !is_its_way {
                return Err(format!(
                    "`{knob}={value}` has no effect on engine {}, whose program is not ours to \
                     change; leave it out, or the engine",
                    self.name
                ));
            }
        }
        Ok(())
    }
}
