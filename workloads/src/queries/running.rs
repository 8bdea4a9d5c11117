//! Running aggregates: how often they change, and whether records are combined ahead of the exchange.

use dataflow::exchange::sink::SinkSlot;
use dataflow::job::settings::Setting;
use dataflow::operators::{Aggregator, Merging};
use dataflow::stage::Head;
use dataflow::{Data, Key, Operator, Plan, Stream};

use crate::queries::changes::change_rows;
use crate::spec::Knobs;

/// How often a row changes.
pub(crate) const CHANGES: Setting = Setting::choice(
    "changes",
    &["each", "last-per-key"],
    "rows of a running aggregate: `each` emits one per record, as Flink; `last-per-key` one per key \
     and unit of work, which is a micro-batch, a mini-batch of mini_batch_latency_ms, or a turn of \
     all splits on the sequential engine",
)
.mirroring("outputMode(\"update\"), table.exec.mini-batch.enabled");

/// Whether records are combined by key ahead of the exchange.
pub(crate) const COMBINER: Setting = Setting::choice(
    "combiner",
    &["off", "on"],
    "`on` aggregates by key ahead of the exchange, so that at most one record per key, subtask and \
     unit of work crosses it, as Spark always does",
)
.mirroring("partial HashAggregateExec (fixed), table.optimizer.agg-phase-strategy");

/// The knobs of a workload that ends in a running aggregate.
pub(crate) const RUNNING_KNOBS: &[Setting] = &[CHANGES, COMBINER];

/// One aggregate per key, made to a row whenever it changes: the end of a plan. The knobs
/// [`CHANGES`] and [`COMBINER`] say which operators the plan gets. By default those are `key_by` and
/// `aggregate`, and no record meets anything else.
pub(crate) fn running_aggregate<Op, H, K, A, Row>(
    events: Stream<Op, H>,
    knobs: &Knobs,
    key_of: impl Fn(&Op::Out) -> K + Clone + Send + 'static,
    aggregator: A,
    row: impl Fn((K, A::Result)) -> Row + Clone + Send + 'static,
    sink: SinkSlot,
) -> Plan
where
    Op: Operator<Out: Data>,
    H: Head<Op::In>,
    K: Key,
    A: Aggregator<In = Op::Out>,
    Row: Data,
{
    let row = move |change| change_rows(change, &row);
    let once_per_unit = knobs.name(CHANGES.name) == "last-per-key";
    if knobs.name(COMBINER.name) == "on" {
        let partials = events.combine_by(key_of, aggregator.clone());
        let merging = Merging::new(aggregator);
        if once_per_unit {
            partials.aggregate_by_unit(merging).map(row).sink_changes(sink)
        } else {
            partials.aggregate(merging).map(row).sink_changes(sink)
        }
    } else if once_per_unit {
        events.key_by(key_of).aggregate_by_unit(aggregator).map(row).sink_changes(sink)
    } else {
        events.key_by(key_of).aggregate(aggregator).map(row).sink_changes(sink)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::queries::KeyedCount;
    use crate::testing::run_plan::{run_checked, run_lines};

    #[test]
    fn every_running_aggregate_has_its_answer_in_every_mode() {
        let mut names = Vec::new();
        for workload in crate::registry::standard() {
            if !workload.knobs().iter().any(|knob| knob.name == CHANGES.name) {
                continue;
            }
            names.push(workload.name());
            for (changes, combiner) in
                [("last-per-key", "off"), ("each", "on"), ("last-per-key", "on")]
            {
                let given = BTreeMap::from([
                    (CHANGES.name.to_owned(), changes.into()),
                    (COMBINER.name.to_owned(), combiner.into()),
                ]);
                let knobs = workload.resolve(&given, None).unwrap();
                let rows = run_checked(&*workload.generate(&knobs, 42), 2_000);
                // All is one unit of work: no row has changed.
                assert!(rows.iter().all(|row| row.contains(r#""op":"+I""#)), "{}", workload.name());
            }
        }
        let expected = ["keyed-count", "word-count", "nexmark-q15", "nexmark-q16", "nexmark-q17"];
        assert!(expected.iter().all(|name| names.contains(name)), "{names:?}");
    }

    #[test]
    fn a_unit_of_work_is_one_row_per_key_by_either_knob() {
        let keys = [3, 1, 3, 3].map(|key| format!(r#"{{"key":{key}}}"#));
        let keys = keys.each_ref().map(String::as_str);
        let rows = |changes, combiner| {
            run_lines(KeyedCount, &[("changes", changes), ("combiner", combiner)], &keys)
        };
        assert_eq!(rows("each", "off").len(), 6, "two insertions, and two updates of two rows");
        let expected = [r#"{"op":"+I","key":1,"count":1}"#, r#"{"op":"+I","key":3,"count":3}"#];
        for knobs in [("last-per-key", "off"), ("each", "on"), ("last-per-key", "on")] {
            assert_eq!(rows(knobs.0, knobs.1), expected, "{knobs:?}");
        }
    }
}
