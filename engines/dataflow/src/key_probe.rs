//! Listens to the keys that leave the source's stage, without running the rest of the job.

use std::fmt::Debug;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use crate::job::plan::{EdgeKind, EdgeSpec, Layout, Plan, StageId};
use crate::job::source::{BatchReader, READ_CHUNK, SourceError};
use crate::placement::{Placement, PlacementKind};
use crate::record::batch::Batch;
use crate::record::latency_trace::Part;
use crate::record::time::ProcessingTime;
use crate::stage::{Input, Marks, StageError, StageRunner};

pub use crate::placement::KeyFacts;

/// Hears of keys.
pub trait KeyTap: Send + 'static {
    /// A record with this key has come to the exchange.
    fn key(&mut self, key: KeyFacts, printed: &dyn Debug);
}

/// The source's stage of a plan, with a listener in the place of one of its keyed exchanges.
/// Whatever the stage puts out is dropped.
pub struct KeyProbe {
    runner: StageRunner,
    reader: Box<dyn BatchReader>,
    /// Empty between two chunks.
    batch: Option<Batch>,
}

/// Buffers of this size are dropped as they fill.
const BUFFER_BYTES: usize = 1 << 15;

impl Plan {
    /// The keyed exchanges that leave the source's stage, as places in [`Plan::edges`].
    pub fn keyed_outputs_of_source(&self) -> Vec<usize> {
        let is_one = |edge: &EdgeSpec| edge.kind == EdgeKind::Hash && self.reads_source(edge.from);
        (0..self.edges.len()).filter(|&edge| is_one(&self.edges[edge])).collect()
    }

    fn reads_source(&self, stage: StageId) -> bool {
        self.stages[stage.0].reads_source
    }

    /// Reads the source and tells `tap` of every key that meets the exchange at place `edge` of
    /// [`Plan::edges`].
    pub fn tap_source<T: KeyTap>(&self, edge: usize, tap: &Arc<Mutex<T>>) -> KeyProbe {
        let layout = Layout {
            parallelism: vec![1; self.stages.len()],
            placement: PlacementKind::default(),
            max_parallelism: None,
            buffer_bytes: BUFFER_BYTES,
        };
        let edge = &self.edges[edge];
        let tap = Arc::clone(tap);
        let hear = move |key: KeyFacts, printed: &dyn Debug| {
            tap.lock().expect("no listener fails while it holds this").key(key, printed);
        };
        let tapped = (edge.output, Placement::tapped(Arc::new(hear)));
        let (stage, outbox) = self.instantiate_tapped(edge.from, &layout, Some(tapped));
        let reader = self.source.reader();
        let batch = Some(reader.batch());
        let runner = StageRunner::new(stage, outbox, Marks::Ignore);
        KeyProbe { runner, reader, batch }
    }
}

impl KeyProbe {
    /// Reads the events at these offsets of split 0, as one unit of work.
    ///
    /// # Errors
    /// When an event cannot be read, or an operator of the stage fails.
    pub fn read(&mut self, offsets: Range<u64>) -> Result<(), ProbeError> {
        let mut from = offsets.start;
        while from < offsets.end {
            let upto = offsets.end.min(from + READ_CHUNK);
            let mut batch = self.batch.take().expect("the last chunk has been processed");
            self.reader.read(0, from..upto, &mut batch)?;
            self.run(Input::Read { batch, cut: None })?;
            self.batch = self.runner.emptied();
            from = upto;
        }
        self.run(Input::EndOfUnit)
    }

    fn run(&mut self, input: Input) -> Result<(), ProbeError> {
        self.runner.begin(input);
        loop {
            let turn = self.runner.step()?;
            let handed = self.runner.hand_over(Part::Boundary, || ProcessingTime::ZERO, |_, _| ());
            handed.expect("there is no sink that could fail");
            if turn.done {
                return Ok(());
            }
        }
    }
}

/// The source's stage cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// An event cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// An operator has failed.
    #[error(transparent)]
    Stage(#[from] StageError),
}
