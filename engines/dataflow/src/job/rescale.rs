//! Taking state up again, also under another parallelism or placement.

use crate::job::plan::{Layout, Plan, StageId};
use crate::operator::snapshot::{RestoreError, Snapshot};
use crate::placement::{Amount, Ownership, Placement};
use crate::stage::{Marks, StageError, StageRunner, Tally};

/// The state of one stage as a former attempt or run left it.
#[derive(Clone, Debug)]
pub struct FormerState {
    /// How keys found their subtask then.
    pub placement: Placement,
    /// Per subtask: a full snapshot and the deltas to it, oldest first; empty for a subtask that
    /// had ended and left nothing.
    pub chains: Vec<Vec<Snapshot>>,
    /// Per subtask: what it had counted.
    pub tallies: Vec<Tally>,
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
        Ok(Self { chains: chains?, ..self })
    }
}

impl Plan {
    /// Makes one subtask's runner of a stage and gives it its part of `former`, which must have
    /// been [folded](FormerState::folded) for this layout: its keys' state, and the tally that it
    /// counts on from. Says how much it took of every former subtask; nothing when keys are where
    /// they were.
    ///
    /// # Errors
    /// When a snapshot is not one of this stage.
    pub fn runner_from(
        &self,
        stage: StageId,
        number: u32,
        layout: &Layout,
        former: &FormerState,
        marks: Marks,
    ) -> Result<(StageRunner, Vec<Amount>), RestoreError> {
        let (mut instance, outbox) = self.instantiate(stage, layout);
        let placement = layout.placement(stage);
        let own = number as usize;
        let mut taken = Vec::new();
        let tally = if former.placement == placement {
            instance.restore(&former.chains[own], &Ownership::of(placement, number))?;
            former.tallies[own].clone()
        } else {
            for chain in &former.chains {
                let owns = Ownership::of(placement.clone(), number);
                instance.restore(chain, &owns)?;
                taken.push(owns.kept());
            }
            Tally::redealt(&former.tallies, placement.partitions() as usize).swap_remove(own)
        };
        let mut runner = StageRunner::new(instance, outbox, marks).keyed(self.is_keyed(stage));
        runner.count_on(&tally);
        Ok((runner, taken))
    }
}
