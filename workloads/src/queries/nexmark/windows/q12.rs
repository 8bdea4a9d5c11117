//! Query 12: bids per bidder in windows of processing time, and in all.

use std::collections::BTreeMap;

use dataflow::exchange::sink::SinkSlot;
use dataflow::job::settings::Setting;
use dataflow::operator::lateness::LateRows;
use dataflow::operators::{Aggregator, Count};
use dataflow::{Data, Digest, Plan, ResultKind};
use serde::{Deserialize, Serialize};

use crate::knobs::{self, LONGEST_MS};
use crate::nexmark::Event;
use crate::queries::changes::change_rows;
use crate::queries::nexmark::query::{Events, Query, bids, digest_of};
use crate::spec::{Description, Knobs, TimedEvent};

pub(crate) struct Q12;

#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Row {
    bidder: u64,
    bid_count: u64,
}

impl Data for Row {}

/// Adds up the counts of windows.
#[derive(Copy, Clone, Debug)]
struct Total;

impl Aggregator for Total {
    type In = Row;
    type Accumulator = u64;
    type Result = u64;

    fn fresh(&self) -> u64 {
        0
    }
    fn add(&self, total: &mut u64, window: &Row) {
        *total += window.bid_count;
    }
    fn merge(&self, into: &mut u64, from: &u64) {
        *into += from;
    }
    fn result(&self, total: &u64) -> u64 {
        *total
    }
}

const KNOBS: &[Setting] = &[Setting::integer(
    "window_ms",
    (1, LONGEST_MS),
    10_000,
    "size of a window, milliseconds of processing time",
)];

impl Query for Q12 {
    fn name(&self) -> &'static str {
        "nexmark-q12"
    }
    fn description(&self) -> Description {
        Description {
            origin: "Nexmark query 12, processing-time windows: TUMBLE(10 s) of PROCTIME(), count \
                     per bidder; unlike in the published SQL the counts are added up, so that the \
                     answer does not depend on when records were processed",
            operators: "source -> filter_map -> key_by -> processing-time window -> map -> key_by \
                        -> aggregate -> map -> sink",
            state: "a counter per bidder in the open window, and one in all",
            stresses: "timers of the clock",
            ties: "none are possible",
        }
    }
    fn knobs(&self) -> &'static [Setting] {
        KNOBS
    }
    fn result(&self) -> ResultKind {
        ResultKind::Upsert
    }

    fn plan(&self, knobs: &Knobs, events: Events, sink: SinkSlot) -> Plan {
        events
            .filter_map(|event| event.bid().map(|bid| bid.bidder))
            .key_by(|bidder: &u64| *bidder)
            .processing_time_window(knobs::nanos(knobs, "window_ms"))
            .aggregate(Count::default())
            .map(|window| Row { bidder: window.key, bid_count: window.result })
            .key_by(|row: &Row| row.bidder)
            .aggregate(Total)
            .map(|change| change_rows(change, |(bidder, bid_count)| Row { bidder, bid_count }))
            .sink_changes(sink)
    }

    fn expected(
        &self,
        _: &Knobs,
        events: &mut dyn Iterator<Item = TimedEvent<Event>>,
        _: &mut LateRows,
    ) -> Digest {
        let mut counts: BTreeMap<u64, u64> = BTreeMap::new();
        bids(events).for_each(|bid| *counts.entry(bid.bidder).or_default() += 1);
        digest_of(counts.into_iter().map(|(bidder, bid_count)| Row { bidder, bid_count }))
    }
}
