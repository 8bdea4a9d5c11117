//! Query 14: calculations.

use dataflow::exchange::sink::SinkSlot;
use dataflow::operator::lateness::LateRows;
use dataflow::{Data, Digest, Plan, ResultKind};
use serde::{Deserialize, Serialize};

use crate::nexmark::{Bid, Event, Text};
use crate::queries::nexmark::calendar::hour;
use crate::queries::nexmark::columns::Decimal;
use crate::queries::nexmark::query::{Events, Query, bids};
use crate::spec::{Description, Knobs, TimedEvent};

pub(crate) struct Q14;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    auction: u64,
    bidder: u64,
    price: Decimal,
    bid_time_type: BidTime,
    date_time: i64,
    extra: Text,
    #[serde(rename = "c_counts")]
    c_counts: u64,
}

impl Data for Row {}

#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum BidTime {
    #[serde(rename = "dayTime")]
    Day,
    #[serde(rename = "nightTime")]
    Night,
    #[serde(rename = "otherTime")]
    Other,
}

/// Prices in thousandths of a cent between which a bid is let through, both exclusive.
const CHEAPEST: u64 = 1_000_000 * 1_000;
const DEAREST: u64 = 50_000_000 * 1_000;

fn row(bid: Bid) -> Option<Row> {
    let price = Decimal::in_euros(bid.price);
    if price.0 <= CHEAPEST || price.0 >= DEAREST {
        return None;
    }
    let bid_time_type = match hour(bid.date_time) {
        8..=18 => BidTime::Day,
        ..=6 | 20.. => BidTime::Night,
        _ => BidTime::Other,
    };
    let extra = bid.extra();
    let c_counts = extra.read(|text| text.bytes().filter(|&letter| letter == b'c').count() as u64);
    let Bid { auction, bidder, date_time, .. } = bid;
    Some(Row { auction, bidder, price, bid_time_type, date_time, extra, c_counts })
}

impl Query for Q14 {
    fn name(&self) -> &'static str {
        "nexmark-q14"
    }
    fn description(&self) -> Description {
        Description {
            origin: "Nexmark query 14, calculation: a CASE by the hour, and a count of letters",
            operators: "source -> filter_map -> filter_map -> sink",
            state: "none",
            stresses: "the operators' own work: texts are written out and read",
            ties: "none are possible",
        }
    }
    fn result(&self) -> ResultKind {
        ResultKind::Append
    }

    fn plan(&self, _: &Knobs, events: Events, sink: SinkSlot) -> Plan {
        events.filter_map(Event::bid).filter_map(row).sink(sink)
    }

    fn expected(
        &self,
        _: &Knobs,
        events: &mut dyn Iterator<Item = TimedEvent<Event>>,
        _: &mut LateRows,
    ) -> Digest {
        let mut digest = Digest::default();
        for bid in bids(events) {
            let euros = bid.price as f64 * 0.908;
            if euros > 1e6 && euros < 5e7 {
                let of_day = bid.date_time.rem_euclid(86_400_000) / 3_600_000;
                let day = (8..=18).contains(&of_day);
                let night = of_day <= 6 || of_day >= 20;
                let extra = bid.extra().to_string();
                digest.insert(&Row {
                    auction: bid.auction,
                    bidder: bid.bidder,
                    price: Decimal((bid.price * 1_000).abs_diff(bid.price * 92)),
                    bid_time_type: match (day, night) {
                        (true, _) => BidTime::Day,
                        (_, true) => BidTime::Night,
                        _ => BidTime::Other,
                    },
                    date_time: bid.date_time,
                    c_counts: extra.matches('c').count() as u64,
                    extra: extra.into(),
                });
            }
        }
        digest
    }
}
