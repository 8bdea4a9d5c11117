//! What moved when state was taken up in another layout.

use crate::placement::{Amount, Placement};

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

    /// A new subtask took so much of every former one, as [`Plan::runner_from`](crate::Plan::runner_from) says.
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
