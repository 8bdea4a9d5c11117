//! The knobs of the original generator.

use dataflow::job::settings::{Setting, SettingError};

use crate::event_time::event_clock::EventClock;
use crate::knobs::LONGEST_MS;
use crate::spec::{Knobs, nanos};

/// Largest proportion of a kind of event, and largest ratio.
const MOST: i64 = 100_000;
/// Largest event, in bytes.
const LARGEST: i64 = 65_535;

/// The knobs beside the common ones. Names are the original's, in words.
pub const KNOBS: &[Setting] = &[
    Setting::integer("person_proportion", (1, MOST), 1, "persons among the events of a round")
        .mirroring("person.proportion"),
    Setting::integer("auction_proportion", (1, MOST), 3, "auctions among the events of a round")
        .mirroring("auction.proportion"),
    Setting::integer("bid_proportion", (0, MOST), 46, "bids among the events of a round")
        .mirroring("bid.proportion"),
    Setting::integer(
        "hot_auction_ratio",
        (1, MOST),
        2,
        "all but one of so many bids are for the hot auction; 1: none",
    )
    .mirroring("bid.hot-ratio.auctions"),
    Setting::integer(
        "hot_bidder_ratio",
        (1, MOST),
        4,
        "all but one of so many bids are by the hot bidder; 1: none",
    )
    .mirroring("bid.hot-ratio.bidders"),
    Setting::integer(
        "hot_seller_ratio",
        (1, MOST),
        4,
        "all but one of so many auctions are by the hot seller; 1: none",
    )
    .mirroring("auction.hot-ratio.sellers"),
    Setting::integer(
        "active_people",
        (1, 1 << 31),
        1_000,
        "newest persons of whom one bids or sells when none is hot",
    )
    .mirroring("person.active"),
    Setting::integer(
        "in_flight_auctions",
        (1, 1 << 31),
        100,
        "auctions that are open at any time, on average",
    )
    .mirroring("auction.in-flight"),
    Setting::integer("person_bytes", (0, LARGEST), 200, "average size of a person in bytes")
        .mirroring("person.avg-size"),
    Setting::integer("auction_bytes", (0, LARGEST), 500, "average size of an auction in bytes")
        .mirroring("auction.avg-size"),
    Setting::integer("bid_bytes", (0, LARGEST), 100, "average size of a bid in bytes")
        .mirroring("bid.avg-size"),
    Setting::integer(
        "out_of_order_group",
        (1, 1 << 30),
        1,
        "events that change places among themselves; 1: none; watermarks allow for it",
    )
    .mirroring("out-of-order-group-size"),
    Setting::choice(
        "strings",
        &["lazy", "carried"],
        "lazy: texts are made by whoever reads them; carried: every event owns its texts",
    ),
];

/// What watermarks must allow for: the disorder asked for, and what a group of events that change
/// places spans.
pub fn bound_nanos(knobs: &Knobs) -> i64 {
    let disorder = nanos(knobs, "disorder_ms");
    let group = knobs.integer("out_of_order_group");
    if group == 1 {
        return disorder;
    }
    let span = EventClock::new(knobs.number("event_rate")).event_time(group - 1).0;
    // Events come at a constant rate then, and a group may begin at the end of a millisecond.
    disorder + (span / 1_000_000 + 1) * 1_000_000
}

/// Checks what follows from a number of events at their rate: how long a group that changes places
/// lasts, and an auction.
///
/// # Errors
/// When that is longer than any span of event time may be.
pub(crate) fn check(knobs: &Knobs) -> Result<(), SettingError> {
    let group = knobs.integer("out_of_order_group");
    within(knobs, "out_of_order_group", group as f64, "its events last")?;
    let [persons, auctions, bids] =
        ["person_proportion", "auction_proportion", "bid_proportion"].map(|it| knobs.integer(it));
    let round = (persons + auctions + bids) as f64 / auctions as f64;
    let in_flight = knobs.integer("in_flight_auctions") as f64;
    within(knobs, "in_flight_auctions", in_flight * round, "an auction lasts")
}

/// So many events must not last longer than [`LONGEST_MS`].
fn within(knobs: &Knobs, name: &str, events: f64, what: &str) -> Result<(), SettingError> {
    let (value, rate) = (knobs.integer(name), knobs.number("event_rate"));
    let longest = LONGEST_MS as f64;
    if events / rate * 1_000.0 <= longest {
        return Ok(());
    }
    let (fewer, faster) =
        (value as f64 * longest * rate / 1_000.0 / events, events * 1_000.0 / longest);
    Err(SettingError::Refused(format!(
        "{name}={value} at event_rate={rate}: {what} {:.3e} ms of event time, and {LONGEST_MS} is \
         the most; make {name} at most {} or event_rate at least {faster}",
        events / rate * 1_000.0,
        (fewer as u64).max(1),
    )))
}
