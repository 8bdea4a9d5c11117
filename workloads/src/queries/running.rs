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
