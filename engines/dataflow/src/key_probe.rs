//! Listens to the keys that leave the source's stage, without running the rest of the job.

use std::fmt::Debug;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};

use crate::exchange::outbox::Outbox;
use crate::job::plan::{EdgeKind, EdgeSpec, Layout, Plan, StageId};
use crate::job::source::{BatchReader, READ_CHUNK, SourceError};
use crate::operator::progress::Step;
use crate::placement::{Placement, PlacementKind, SPARK_SEED};
use crate::record::batch::Batch;
use crate::record::data::{Data, Key};
use crate::stage::{InputPort, Stage, StageError};

/// All that placements know of a key: a key of its own, which is placed as the other is.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KeyFacts {
    /// [`Key::number`].
    pub number: u64,
    /// [`Key::java_hash`].
    pub java_hash: i32,
    /// [`Key::spark_hash`] from Spark's seed.
    pub spark_hash: i32,
}

impl KeyFacts {
    /// Of a key.
    pub fn of<K: Key>(key: &K) -> Self {
        let (number, java_hash) = (key.number(), key.java_hash());
        Self { number, java_hash, spark_hash: key.spark_hash(SPARK_SEED) }
    }
}

impl Data for KeyFacts {}

impl Key for KeyFacts {
    fn number(&self) -> u64 {
        self.number
    }
    fn java_hash(&self) -> i32 {
        self.java_hash
    }
    /// From Spark's seed, whatever is asked for: it is not part of a compound key.
    fn spark_hash(&self, _: i32) -> i32 {
        self.spark_hash
    }
}

/// Hears of keys.
pub trait KeyTap: Send + 'static {
    /// A record with this key has come to the exchange.
    fn key(&mut self, key: KeyFacts, printed: &dyn Debug);
}

/// The source's stage of a plan, with a listener in the place of one of its keyed exchanges.
/// Whatever the stage puts out is dropped.
pub struct TappedSource {
    stage: Box<dyn Stage>,
    outbox: Outbox,
    reader: Box<dyn BatchReader>,
    batch: Batch,
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
    pub fn tap_source<T: KeyTap>(&self, edge: usize, tap: &Arc<Mutex<T>>) -> TappedSource {
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
        let batch = reader.batch();
        TappedSource { stage, outbox, reader, batch }
    }
}

impl TappedSource {
    /// Reads the events at these offsets of split 0.
    ///
    /// # Errors
    /// When an event cannot be read, or an operator of the stage fails.
    pub fn read(&mut self, offsets: Range<u64>) -> Result<(), TapError> {
        let mut from = offsets.start;
        while from < offsets.end {
            let upto = offsets.end.min(from + READ_CHUNK);
            self.reader.read(0, from..upto, &mut self.batch)?;
            let records = (upto - from) as usize;
            while self.stage.process(InputPort(0), &mut self.batch, records, &mut self.outbox)?
                == Step::More
            {
                self.drop_output();
            }
            self.drop_output();
            from = upto;
        }
        Ok(())
    }

    fn drop_output(&mut self) {
        while self.outbox.take().is_some() {}
    }
}

/// The source's stage cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum TapError {
    /// An event cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// An operator has failed.
    #[error(transparent)]
    Stage(#[from] StageError),
}
