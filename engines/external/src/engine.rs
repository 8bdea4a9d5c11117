//! The engines: each a way in which a system runs a workload.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use dataflow::job::engine::{BoxFuture, Footprint, Job, JobShape, Prepared, WorkloadIdentity};
use dataflow::job::runtime::Runtime;
use dataflow::job::settings::{Setting, Settings};
use dataflow::{Completion, Control, Engine, EngineError, Plan, Start};

use crate::job::{ConnectedJob, JobStorage};
use crate::kind::EngineKind;
use crate::kinds::KINDS;
use crate::launch::{Installations, Launch, System};
use crate::process::SystemProcess;

/// An engine in a process of its own.
pub struct External {
    kind: &'static EngineKind,
    installations: Arc<dyn Installations>,
    processes: Arc<Processes>,
    /// Of the job that was started last.
    storage: Mutex<JobStorage>,
}

/// One process per system: it makes many runs.
#[derive(Default)]
struct Processes {
    living: Mutex<BTreeMap<System, (Arc<SystemProcess>, Launch)>>,
    /// Jobs that were started on them.
    jobs: AtomicU64,
}

impl Processes {
    fn next_job(&self) -> u64 {
        self.jobs.fetch_add(1, Ordering::Relaxed)
    }

    /// The process of a system, started if there is none that lives.
    fn of(
        &self,
        system: System,
        installations: &dyn Installations,
    ) -> Result<(Arc<SystemProcess>, Launch), EngineError> {
        let mut processes = self.living.lock().expect("no holder fails");
        if let Some((process, launch)) = processes.get(&system)
            && !process.has_gone()
        {
            return Ok((Arc::clone(process), launch.clone()));
        }
        let launch = installations.launch(system).map_err(EngineError::Refused)?;
        let process = Arc::new(SystemProcess::start(system, &launch)?);
        processes.insert(system, (Arc::clone(&process), launch.clone()));
        Ok((process, launch))
    }
}

impl Processes {
    /// The process of a system, if it lives.
    fn living(&self, system: System) -> Option<Arc<SystemProcess>> {
        let processes = self.living.lock().expect("no holder fails");
        let (process, _) = processes.get(&system)?;
        (!process.has_gone()).then(|| Arc::clone(process))
    }
}

impl External {
    /// All of them, over what is installed.
    pub fn all(installations: &Arc<dyn Installations>) -> Vec<Self> {
        let processes = Arc::new(Processes::default());
        let engine = |kind| Self {
            kind,
            installations: Arc::clone(installations),
            processes: Arc::clone(&processes),
            storage: Mutex::default(),
        };
        KINDS.iter().map(engine).collect()
    }
}

impl External {
    /// What a job keeps: that of the one before if it goes on with it.
    fn storage(&self, start: Start) -> JobStorage {
        let mut storage = self.storage.lock().expect("no holder fails");
        if start == Start::Fresh {
            *storage = JobStorage { number: self.processes.next_job(), ..JobStorage::default() };
        }
        storage.clone()
    }
}

impl Engine for External {
    fn name(&self) -> &'static str {
        self.kind.name
    }

    fn describe(&self) -> &'static str {
        self.kind.describe
    }

    fn system(&self) -> Option<&'static str> {
        Some(self.kind.system.title())
    }

    fn emits_each_change(&self) -> bool {
        self.kind.emits_each_change()
    }

    fn settings(&self) -> &'static [Setting] {
        self.kind.settings
    }

    fn footprint(&self, _: &Plan, parallelism: u32, _: &Settings) -> Footprint {
        // Its memory is that of its process; ours is a reader and a sink for each subtask.
        Footprint { subtasks: u64::from(parallelism), channels: 0 }
    }

    fn clocks(&self) -> &'static [&'static str] {
        &["wall"]
    }

    fn knows(&self, workload: &WorkloadIdentity) -> Result<(), String> {
        let version = self.installations.version(self.kind.system);
        self.kind.check(workload, version.as_deref())
    }

    fn foreign_keys(&self) -> &'static [&'static str] {
        self.kind.foreign_keys
    }

    fn cold_nanos(&self, workload: &WorkloadIdentity) -> u64 {
        let warmed = self.processes.living(self.kind.system);
        let warmed = warmed.map_or(0, |process| process.warmed(self.kind.name, &workload.name));
        self.kind.warm_up_nanos.saturating_sub(warmed)
    }

    fn prepare(
        &self,
        shape: JobShape,
        runtime: Arc<dyn Runtime>,
        control: Control,
    ) -> BoxFuture<Result<Prepared, EngineError>> {
        let kind = self.kind;
        let process = self.processes.of(kind.system, &*self.installations);
        let storage = self.storage(shape.start);
        Box::pin(async move {
            let (process, launch) = process?;
            let place = (process, &launch);
            let connected =
                ConnectedJob::connect(kind, place, storage, &shape, &*runtime, &control).await?;
            Ok(connected.prepared())
        })
    }

    fn run(
        &self,
        job: Job,
        runtime: Arc<dyn Runtime>,
        control: Control,
    ) -> BoxFuture<Result<Completion, EngineError>> {
        let kind = self.kind;
        if let Some(connected) = job.prepared.take::<ConnectedJob>() {
            return Box::pin(async move { connected.run(kind, job, runtime, control).await });
        }
        // One that starts again.
        let source = &job.plan.source;
        let shape = JobShape {
            workload: job.workload.clone(),
            splits: source.splits.splits(),
            bound_nanos: source.bound_nanos,
            parallelism: job.parallelism,
            settings: job.settings.clone(),
            start: job.start,
        };
        let prepared = self.prepare(shape, Arc::clone(&runtime), control.clone());
        Box::pin(async move {
            let connected = prepared.await?.take::<ConnectedJob>();
            let connected = connected.expect("this engine prepares a connected job");
            connected.run(kind, job, runtime, control).await
        })
    }
}
