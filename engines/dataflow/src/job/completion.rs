//! What is left of a job that has come to its end.

use crate::job::plan::{EdgeKind, Layout, Plan, StageId};
use crate::operator::Counters;
use crate::operator::lateness::LateNotes;
use crate::stage::StageRunner;

/// What is left of a job that has come to its end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Completion {
    /// Records read by the sources.
    pub records_in: u64,
    /// Records handed to the sink.
    pub records_out: u64,
    /// Stopped before the end of the input.
    pub interrupted: bool,
    /// What operators have counted.
    pub counters: Counters,
    /// Records that came behind the watermark, and what became of them.
    pub late: LateNotes,
    /// Records per exchange and partition.
    pub exchanges: Vec<ExchangeCounts>,
    /// The most sealed buffers that ever waited in one subtask's outbox.
    pub peak_outbox_buffers: usize,
    /// How often the job, a task or a batch was started again after a failure.
    pub restarts: u64,
    /// Events that were read again after a failure; a micro-batch that a new driver runs again counts
    /// whole.
    pub replayed: u64,
    /// Checkpoints or batches that were completed durably.
    pub checkpoints: u64,
    /// Whether nobody knows how many windows have closed, as its rows do not say to which they belong.
    pub windows_unknown: bool,
    /// What its processes have used, where it ran in processes of its own.
    pub usage: Option<ProcessUsage>,
    /// Which system it ran on, by name and version, where it is not one of ours.
    pub system: Option<String>,
}

/// What the processes of a job have used.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessUsage {
    /// Processor time from the first event to the end, in nanoseconds.
    pub cpu_nanos: u64,
    /// The most memory that was resident, in bytes, if the system tells.
    pub peak_memory: Option<u64>,
}

/// Records that an exchange brought to each partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExchangeCounts {
    /// The stages at both ends.
    pub exchange: String,
    /// Placement by which keys found their partition.
    pub placement: &'static str,
    /// Records per partition.
    pub records: Vec<u64>,
    /// Bytes in all, as buffers count them.
    pub bytes: u64,
}

impl Completion {
    /// Adds what a subtask of a stage has counted: its loads go to the exchanges its stage's edges
    /// are.
    pub fn add_subtask(
        &mut self,
        plan: &Plan,
        layout: &Layout,
        stage: StageId,
        subtask: &StageRunner,
    ) {
        let outbox = subtask.outbox();
        self.records_out += subtask.records_out();
        self.counters.merge(&outbox.counters);
        self.late.add(stage.0, &outbox.late);
        self.peak_outbox_buffers = self.peak_outbox_buffers.max(outbox.peak_sealed());
        let sums = outbox.loads().iter().zip(outbox.bytes());
        for (edge, (loads, bytes)) in plan.outputs(stage).into_iter().zip(sums) {
            if edge.kind != EdgeKind::Hash {
                continue;
            }
            let name = plan.edge_name(edge);
            let found = self.exchanges.iter_mut().find(|counts| counts.exchange == name);
            match found {
                Some(counts) => {
                    counts.records.iter_mut().zip(loads).for_each(|(sum, load)| *sum += load);
                    counts.bytes += bytes;
                }
                None => self.exchanges.push(ExchangeCounts {
                    exchange: name,
                    placement: layout.placement.name(),
                    records: loads.clone(),
                    bytes: *bytes,
                }),
            }
        }
    }
}
