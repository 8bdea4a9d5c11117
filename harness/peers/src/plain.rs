//! The plain loop, on one thread: nothing between the generator and the table, not even a buffer.
//! Its answer is the one the others are checked against.

use crate::work::{Contender, Counts, Outcome, Work};

/// One thread, no engine.
pub struct Plain;

impl Contender for Plain {
    fn name(&self) -> &str {
        "loop"
    }

    fn run(&self, work: &Work) -> Outcome {
        let mut counts = Counts::new();
        let mut outcome = Outcome::default();
        for i in 0..work.records {
            let key = work.record(i).key;
            outcome.absorb(work.sink, key, counts.count(key));
        }
        outcome
    }
}
