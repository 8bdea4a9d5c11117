//! Taking state up again, also under another parallelism or placement.

use crate::exchange::outbox::Outbox;
use crate::job::plan::{Layout, Plan, StageId};
use crate::operator::snapshot::{RestoreError, Snapshot};
use crate::placement::{Amount, Ownership, Placement};
use crate::stage::{Stage, StageError};

/// The state of one stage as a former attempt or run left it.
#[derive(Clone, Debug)]
pub struct FormerState {
    /// How keys found their subtask then.
    pub placement: Placement,
    /// Per subtask: a full snapshot and the deltas to it, oldest first; empty for a subtask that
    /// had ended and left nothing.
    pub chains: Vec<Vec<Snapshot>>,
}

impl FormerState {
    /// The same as one full snapshot per former subtask, which any layout can take up. Nothing is
    /// done when `layout` places keys as before.
    ///
    /// # Errors
    /// When a snapshot is not one of this stage.
    pub fn folded(
        self,
        plan: &Plan,
        stage: StageId,
        layout: &Layout,
    ) -> Result<Self, RestoreError> {
        if self.placement == layout.placement(stage) {
            return Ok(self);
        }
        let fold = |(own, chain): (u32, Vec<Snapshot>)| {
            if chain.len() < 2 {
                return Ok(chain);
            }
            let (mut instance, _) = plan.instantiate(stage, layout);
            instance.restore(&chain, &Ownership::of(self.placement.clone(), own))?;
            match instance.snapshot(None) {
                Ok(full) => Ok(vec![full]),
                Err(StageError::Snapshot(error)) => Err(error),
                Err(StageError::Operator(failure)) => {
                    unreachable!("a snapshot runs no record: {failure}")
                }
            }
        };
        let chains: Result<_, _> = (0..).zip(self.chains).map(fold).collect();
        Ok(Self { placement: self.placement, chains: chains? })
    }
}

/// A subtask's instance and its outbox, and what it took of every former subtask.
pub type TakenUp = (Box<dyn Stage>, Outbox, Vec<Amount>);

impl Plan {
    /// Makes one subtask's instance of a stage and gives it its part of `former`, which must have
    /// been [folded](FormerState::folded) for this layout. Says how much it took of every former
    /// subtask; nothing when keys are where they were.
    ///
    /// # Errors
    /// When a snapshot is not one of this stage.
    pub fn instantiate_from(
        &self,
        stage: StageId,
        number: u32,
        layout: &Layout,
        former: &FormerState,
    ) -> Result<TakenUp, RestoreError> {
        let (mut instance, outbox) = self.instantiate(stage, layout);
        let placement = layout.placement(stage);
        let mut taken = Vec::new();
        if former.placement == placement {
            instance.restore(&former.chains[number as usize], &Ownership::of(placement, number))?;
        } else {
            for chain in &former.chains {
                let owns = Ownership::of(placement.clone(), number);
                instance.restore(chain, &owns)?;
                taken.push(owns.kept());
            }
        }
        Ok((instance, outbox, taken))
    }
}

/// What a stage's subtasks took of the state of former ones, when the layout is another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RescaleReport {
    /// How keys found their subtask.
    pub before: Placement,
    /// How they find it now.
    pub after: Placement,
    /// By former subtask, and by new subtask within.
    pub taken: Vec<Vec<Amount>>,
    /// Reading snapshots and handing keys out, in nanoseconds; 0 in virtual time.
    pub nanos: u64,
}

impl RescaleReport {
    /// Of a stage of which nothing is taken yet.
    pub fn new(before: Placement, after: Placement) -> Self {
        let row = vec![Amount::default(); after.partitions() as usize];
        let taken = vec![row; before.partitions() as usize];
        Self { before, after, taken, nanos: 0 }
    }

    /// A new subtask took so much of every former one, as [`Plan::instantiate_from`] says.
    pub fn took(&mut self, number: u32, of: &[Amount]) {
        for (row, amount) in self.taken.iter_mut().zip(of) {
            row[number as usize] = *amount;
        }
    }

    /// Whether keys found another subtask, and there were any.
    pub fn is_one(&self) -> bool {
        self.before != self.after && self.taken.iter().flatten().any(|it| it.keys > 0)
    }

    /// The former subtask that a new one goes on from: that of its name.
    pub fn goes_on_from(&self, number: u32) -> Option<u32> {
        let name = self.after.name_of(number);
        (0..self.before.partitions()).find(|former| self.before.name_of(*former) == name)
    }
}
