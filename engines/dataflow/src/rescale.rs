//! Taking state up again, also under another parallelism or placement.

use crate::outbox::Outbox;
use crate::placement::{Ownership, Placement};
use crate::plan::{Layout, Plan, StageId};
use crate::snapshot::{RestoreError, Snapshot};
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
            instance.restore(&chain, &Ownership { placement: self.placement.clone(), own })?;
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

impl Plan {
    /// Makes one subtask's instance of a stage and gives it its part of `former`, which must have
    /// been [folded](FormerState::folded) for this layout.
    ///
    /// # Errors
    /// When a snapshot is not one of this stage.
    pub fn instantiate_from(
        &self,
        stage: StageId,
        number: u32,
        layout: &Layout,
        former: &FormerState,
    ) -> Result<(Box<dyn Stage>, Outbox), RestoreError> {
        let (mut instance, outbox) = self.instantiate(stage, layout);
        let placement = layout.placement(stage);
        let stays = former.placement == placement;
        let owns = Ownership { placement, own: number };
        if stays {
            instance.restore(&former.chains[number as usize], &owns)?;
        } else {
            let fulls: Vec<Snapshot> = former.chains.iter().flatten().cloned().collect();
            instance.restore(&fulls, &owns)?;
        }
        Ok((instance, outbox))
    }
}
