//! Renoir: two replicas of each block, a parallel iterator for a source, batches of 1,024.

use renoir::operator::StreamElement;
use renoir::prelude::*;

use crate::work::{Contender, Counts, Outcome, Record, WORKERS, Work};

/// Records in a batch.
const BATCH: usize = 1_024;

/// Renoir.
pub struct Renoir;

impl Contender for Renoir {
    fn name(&self) -> &str {
        "renoir"
    }

    fn run(&self, work: &Work) -> Outcome {
        let work = *work;
        let config = RuntimeConfig::local(WORKERS as u64).expect("a local configuration");
        let env = StreamContext::new(config);
        let mut counts = Counts::new();
        let result = env
            .stream_par_iter(move |me: u64, _: u64| {
                work.source(me as usize, 0..work.source_len(me as usize))
            })
            .batch_mode(BatchMode::fixed(BATCH))
            .group_by(|record: &Record| record.key)
            .rich_map_custom(move |mut records| match records.next() {
                StreamElement::Item((key, _)) => StreamElement::Item((key, counts.count(key))),
                other => other.map(|_| unreachable!("without timestamps")),
            })
            .fold_assoc(
                Outcome::default(),
                move |outcome, (key, count)| outcome.absorb(work.sink, key, count),
                |total, outcome| *total = total.and(outcome),
            )
            .collect_vec();
        env.execute_blocking();
        let outcomes = result.get().expect("the sink is on this host");
        outcomes.into_iter().fold(Outcome::default(), Outcome::and)
    }
}
