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
    /// Workloads that its system can run from a version on: `4.3`.
    pub(crate) since: &'static [(&'static str, &'static str)],
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

    /// The workloads that it runs where its system has this version.
    fn runs<'a>(&'a self, version: Option<&'a str>) -> impl Iterator<Item = &'static str> + 'a {
        let all = self.workloads.iter().copied().flatten().copied();
        let known = all.filter(|name| self.refused.iter().all(|(refused, _)| refused != name));
        known.filter(move |name| {
            let mut since = self.since.iter().filter(|(later, _)| later == name);
            since.all(|(_, least)| version.is_some_and(|version| is_from(version, least)))
        })
    }

    /// Whether it runs a workload with these knobs, where its system has this version.
    ///
    /// # Errors
    /// Why it does not, and what it runs.
    pub(crate) fn check(
        &self,
        workload: &WorkloadIdentity,
        version: Option<&str>,
    ) -> Result<(), String> {
        let WorkloadIdentity { name, knobs, .. } = workload;
        if !self.runs(version).any(|it| it == name) {
            let refused = self.refused.iter().find(|(refused, _)| refused == name);
            let why = refused.map_or(self.why_not, |(_, why)| why);
            let runs: Vec<&str> = self.runs(version).collect();
            let engine = self.name;
            let since = self.since.iter().find(|(later, _)| later == name);
            let since = since.map_or_else(String::new, |(_, least)| {
                let variable = self.system.name().to_uppercase();
                format!("; from {least} on it does, if {variable}_HOME names such a version")
            });
            return Err(format!(
                "engine {engine} cannot run `{name}`{why}{since}; it runs: {}",
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

/// Whether a version is this one or a later one, by its two first numbers.
fn is_from(version: &str, least: &str) -> bool {
    let numbers = |text: &str| -> Vec<u64> {
        let parts = text.split(['.', '-']).take(2);
        parts.map(|part| part.parse().unwrap_or(0)).collect()
    };
    numbers(version) >= numbers(least)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::KINDS;

    #[test]
    fn what_a_later_version_runs_is_refused_before_with_the_way_to_have_it() {
        let realtime = KINDS.iter().find(|kind| kind.name == "spark-realtime").unwrap();
        let workload =
            |name: &str| WorkloadIdentity { name: name.to_owned(), ..Default::default() };
        let check = |name, version| realtime.check(&workload(name), version);
        assert_eq!(check("keyed-count", Some("4.3.0")), Ok(()));
        assert_eq!(check("keyed-count", Some("10.0.0-preview1")), Ok(()));
        for version in [None, Some("4.2.1"), Some("3.9")] {
            let refused = check("keyed-count", version).unwrap_err();
            assert!(refused.contains("from 4.3 on it does, if SPARK_HOME"), "{refused}");
            let (_, runs) = refused.split_once("it runs:").unwrap();
            assert!(!runs.contains("-count"), "{refused}");
            assert_eq!(check("forward", version), Ok(()));
        }
        assert!(check("nexmark-q5", Some("4.3.0")).is_err());
    }
}
