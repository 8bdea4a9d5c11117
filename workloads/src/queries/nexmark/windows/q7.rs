//! Query 7: the highest bids of a window.

use std::collections::BTreeMap;

use dataflow::exchange::sink::SinkSlot;
use dataflow::job::settings::{Setting, SettingError};
use dataflow::operator::lateness::LateRows;
use dataflow::operators::{Aggregator, Divided, WindowResult};
use dataflow::{Digest, EventTime, Plan, ResultKind, SidePort};

use crate::knobs::{self, LONGEST_MS};
use crate::nexmark::{Bid, Event, bound_nanos};
use crate::queries::nexmark::columns::BidRow;
use crate::queries::nexmark::query::{Events, Query, bids, event_time};
use crate::spec::{Description, Knobs, TimedEvent, WindowPace, last_instant_of_window};

pub(crate) struct Q7;

/// Bids on their way to the join.
const BIDS: SidePort<Bid> = SidePort::new(0);

/// Stage and input of the window that meets the prices.
const WINDOW: (usize, u8) = (1, 0);
/// Stage and input of the join that meets the bids.
const JOINED_BIDS: (usize, u8) = (3, 1);

/// The highest of prices.
#[derive(Copy, Clone, Debug)]
struct Highest;

impl Aggregator for Highest {
    type In = (u64, u64);
    type Accumulator = u64;
    type Result = u64;

    fn fresh(&self) -> u64 {
        0
    }
    fn add(&self, highest: &mut u64, (_, price): &(u64, u64)) {
        *highest = (*highest).max(*price);
    }
    fn merge(&self, into: &mut u64, from: &u64) {
        *into = (*into).max(*from);
    }
    fn result(&self, highest: &u64) -> u64 {
        *highest
    }
}

const KNOBS: &[Setting] =
    &[Setting::integer("window_ms", (1, LONGEST_MS), 10_000, "size of a window, milliseconds")];

impl Query for Q7 {
    fn name(&self) -> &'static str {
        "nexmark-q7"
    }
    fn description(&self) -> Description {
        Description {
            origin: "Nexmark query 7, highest bid: MAX(price) of TUMBLE(10 s), joined back to the \
                     bids of the window that have it; the published SQL takes bids at the window's \
                     end in too, and has two columns in other places",
            operators: "source -> divide -> key_by -> window -> key_by -> window -> key_by -> \
                        interval join -> sink",
            state: "a price per bidder and window; all bids for one to one and a half windows",
            stresses: "a maximum over everything, found in two steps, and a join within bounds",
            ties: "none are broken: all bids of the highest price are results",
        }
    }
    fn knobs(&self) -> &'static [Setting] {
        KNOBS
    }
    fn result(&self) -> ResultKind {
        ResultKind::Append
    }
    fn has_windows(&self) -> bool {
        true
    }
    fn window_pace(&self, knobs: &Knobs) -> Option<WindowPace> {
        WindowPace::by("window_ms", knobs)
    }

    fn check(&self, knobs: &Knobs) -> Result<(), SettingError> {
        knobs::check_open_windows(knobs, "window_ms", bound_nanos(knobs))
    }

    fn plan(&self, knobs: &Knobs, events: Events, sink: SinkSlot) -> Plan {
        let size = knobs::nanos(knobs, "window_ms");
        let prices = events.divide(BIDS, |event| match event {
            Event::Bid(bid) => Divided::Both((bid.bidder, bid.price), bid),
            _ => Divided::Neither,
        });
        let bids = prices.side_output(BIDS).key_by(|bid: &Bid| bid.price);
        // The maximum of each bidder first, so that not every bid goes to the subtask that finds
        // the maximum of all.
        let highest = prices
            .key_by(|&(bidder, _): &(u64, u64)| bidder)
            .window(size)
            .aggregate(Highest)
            .map(|of_bidder: WindowResult<u64, u64>| (0, of_bidder.result))
            .key_by(|&(all, _): &(u64, u64)| all)
            .window(size)
            .aggregate(Highest)
            .map(|highest: WindowResult<u64, u64>| highest.result);
        // A maximum happens at the last instant of its window.
        let within = (1 - size, 0);
        let row = |_: &u64, bid: &Bid| Some(BidRow::from(bid));
        highest.key_by(|price: &u64| *price).interval_join(bids, within, row).sink(sink)
    }

    fn expected(
        &self,
        knobs: &Knobs,
        events: &mut dyn Iterator<Item = TimedEvent<Event>>,
        late: &mut LateRows,
    ) -> Digest {
        let size = knobs.integer("window_ms") as i64;
        // By window: the highest price, and the bids that have it. A late bid may be refused where
        // the maximum is found, where its row is joined, or at both.
        let mut highest: BTreeMap<i64, u64> = BTreeMap::new();
        let mut best: BTreeMap<(i64, u64), Vec<Bid>> = BTreeMap::new();
        for bid in bids(events) {
            let (window, time) = (bid.date_time.div_euclid(size), event_time(bid.date_time));
            let closes = last_instant_of_window(time, size * 1_000_000);
            if !late.refuses(WINDOW, &(bid.bidder, bid.price), time, closes) {
                let highest = highest.entry(window).or_default();
                *highest = bid.price.max(*highest);
            }
            // The join takes what happens at its watermark, as Flink's does.
            let behind = EventTime(time.0 + 1);
            if !late.refuses(JOINED_BIDS, &bid, time, behind) {
                best.entry((window, bid.price)).or_default().push(bid);
            }
        }
        let mut digest = Digest::default();
        for found in highest {
            let rows = best.remove(&found).into_iter().flatten();
            rows.for_each(|bid| digest.insert(&BidRow::from(&bid)));
        }
        digest
    }
}
