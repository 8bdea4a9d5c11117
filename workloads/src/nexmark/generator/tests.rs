//! The generator against its rules: none of its code is used to say what is right.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::nexmark::{KNOBS, bound_nanos};
use crate::testing::golden::{self, Section, assert_sections};
use crate::testing::knobs::resolved;

const COUNT: u64 = 100_000;

fn knobs(given: &[(&str, &str)]) -> Knobs {
    resolved(KNOBS, given)
}

fn events(given: &[(&str, &str)], seed: u64) -> NexmarkEvents {
    NexmarkEvents::new(&knobs(given), seed)
}

fn first(count: u64) -> Vec<Event> {
    let events = events(&[("event_rate", "10000")], 42);
    (0..count).map(|number| events.event(number).value).collect()
}

/// Whether a count is within three standard errors of a share of `of` trials.
fn close(count: usize, of: usize, share: f64) -> bool {
    let expected = of as f64 * share;
    (count as f64 - expected).abs() <= 3.0 * (expected * (1.0 - share)).sqrt()
}

#[test]
fn of_fifty_events_one_is_a_person_and_three_are_auctions_with_rising_ids() {
    let (mut persons, mut auctions) = (0, 0);
    for (number, event) in first(COUNT).into_iter().enumerate() {
        match (number % 50, event) {
            (0, Event::Person(person)) => {
                assert_eq!(person.id, 1_000 + persons);
                persons += 1;
            }
            (1..=3, Event::Auction(auction)) => {
                assert_eq!(auction.id, 1_000 + auctions);
                auctions += 1;
            }
            (4..=49, Event::Bid(_)) => {}
            (_, event) => panic!("{event:?} at {number}"),
        }
    }
    assert_eq!((persons, auctions), (2_000, 6_000));
}

#[test]
fn the_hot_are_as_frequent_as_they_should_be_and_nobody_comes_from_the_far_future() {
    let (mut hot_auctions, mut hot_bidders, mut hot_sellers) = (0, 0, 0);
    let (mut bids, mut auctions) = (0, 0);
    // By chance another draw meets the hot one: once in as many times as there are ids.
    let (mut by_chance_auction, mut by_chance_bidder, mut by_chance_seller) = (0.0, 0.0, 0.0);
    for (number, event) in first(COUNT).into_iter().enumerate() {
        let (round, within) = (number as u64 / 50, number as u64 % 50);
        let (newest_person, newest_auction) = (round, round * 3 + within.clamp(1, 3) - 1);
        let persons = (newest_person + 1).min(1_000) as f64 + 10.0;
        let hot_person = newest_person / 100 * 100;
        let is_active = |id: u64| id + 1 > newest_person.saturating_sub(999);
        match event {
            Event::Bid(bid) => {
                let (auction, bidder) = (bid.auction - 1_000, bid.bidder - 1_000);
                bids += 1;
                let hot_auction = newest_auction / 100 * 100;
                hot_auctions += usize::from(auction == hot_auction);
                hot_bidders += usize::from(bidder == hot_person + 1);
                let choices = newest_auction.min(100) as f64 + 11.0;
                by_chance_auction += 1.0 / choices;
                by_chance_bidder += f64::from(is_active(hot_person + 1)) / persons;
                assert!(auction <= newest_auction + 10, "{auction} at {number}");
                assert!(auction + 100 >= newest_auction || auction == hot_auction);
                assert!(bidder <= newest_person + 10, "{bidder} at {number}");
            }
            Event::Auction(auction) => {
                auctions += 1;
                hot_sellers += usize::from(auction.seller - 1_000 == hot_person);
                by_chance_seller += f64::from(is_active(hot_person)) / persons;
                assert!(auction.seller - 1_000 <= newest_person + 10);
            }
            Event::Person(_) => {}
        }
    }
    let share = |hot: f64, by_chance: f64, of: usize| hot + (1.0 - hot) * by_chance / of as f64;
    let check = |count, of, hot, by_chance| {
        let share = share(hot, by_chance, of);
        assert!(close(count, of, share), "{count} of {of}, wanted {share}");
    };
    check(hot_auctions, bids, 0.5, by_chance_auction);
    check(hot_bidders, bids, 0.75, by_chance_bidder);
    check(hot_sellers, auctions, 0.75, by_chance_seller);
}

/// Kolmogorov and Smirnov's test at 0.1 %: the largest distance from the uniform distribution.
fn assert_uniform(mut values: Vec<f64>, what: &str) {
    values.sort_by(f64::total_cmp);
    let count = values.len() as f64;
    let distances = values.iter().enumerate().map(|(place, &value)| {
        let place = place as f64;
        (value - place / count).abs().max((value - (place + 1.0) / count).abs())
    });
    let largest = distances.fold(0.0, f64::max);
    assert!(largest < 1.95 / count.sqrt(), "{what}: {largest} over {count} values");
}

#[test]
fn prices_are_log_uniform_from_a_dollar_to_a_million() {
    let bids: Vec<u64> =
        first(COUNT).into_iter().filter_map(Event::bid).map(|it| it.price).collect();
    assert!(bids.iter().all(|price| (100..=100_000_000).contains(price)));
    let logarithms = bids.iter().map(|&price| (price as f64 / 100.0).log10() / 6.0);
    assert_uniform(logarithms.collect(), "logarithms of prices");
}

#[test]
fn auctions_have_their_categories_reserves_and_ends() {
    let mut categories = BTreeMap::<u32, usize>::new();
    let mut lengths = Vec::new();
    for event in first(COUNT) {
        let Event::Auction(auction) = event else { continue };
        *categories.entry(auction.category).or_default() += 1;
        assert!(auction.reserve >= auction.initial_bid + 100);
        assert!(auction.expires > auction.date_time);
        lengths.push((auction.expires - auction.date_time) as f64);
    }
    assert!(categories.keys().copied().eq(10..15));
    assert!(categories.values().all(|&count| close(count, 6_000, 0.2)), "{categories:?}");
    // 100 auctions take 1,666 events, 166 ms at 10,000 a second; twice that at most, evenly.
    let mean = lengths.iter().sum::<f64>() / lengths.len() as f64;
    assert!(
        (mean - 167.0).abs() < 3.0 * 333.0 / 12_f64.sqrt() / (lengths.len() as f64).sqrt(),
        "{mean}"
    );
    assert!(lengths.iter().all(|&length| length <= 334.0));
}

#[test]
fn times_are_those_of_the_clock_in_whole_milliseconds() {
    let events = events(&[("event_rate", "10000")], 42);
    for number in 0..1_000 {
        let timed = events.event(number);
        assert_eq!(timed.value.date_time(), number as i64 / 10);
        assert_eq!(timed.event_time.0, timed.value.date_time() * 1_000_000);
    }
}

#[test]
fn half_of_the_bids_come_by_one_of_four_channels() {
    let mut channels = BTreeMap::<String, usize>::new();
    let mut bids = 0;
    for bid in first(COUNT).into_iter().filter_map(Event::bid) {
        bids += 1;
        *channels.entry(bid.channel().to_string()).or_default() += 1;
    }
    for hot in ["Google", "Facebook", "Baidu", "Apple"] {
        assert!(close(channels.remove(hot).unwrap_or(0), bids, 0.125), "{hot}");
    }
    assert!(channels.len() > 9_500 && channels.len() <= 10_000, "{}", channels.len());
    assert!(channels.keys().all(|name| name.starts_with("channel-")));
}

#[test]
fn events_have_the_sizes_asked_for() {
    let (mut sizes, mut counts) = ([0; 3], [0; 3]);
    for event in first(COUNT / 2) {
        let (kind, size) = match event {
            Event::Person(it) => {
                let texts =
                    [it.name(), it.email(), it.credit_card(), it.city(), it.state(), it.extra()];
                (0, 8 + texts.iter().map(|text| text.to_string().len()).sum::<usize>())
            }
            Event::Auction(it) => {
                let texts = [it.item_name(), it.description(), it.extra()];
                (1, 48 + texts.iter().map(|text| text.to_string().len()).sum::<usize>())
            }
            // The original does not count channel and address.
            Event::Bid(it) => (2, 32 + it.extra().to_string().len()),
        };
        sizes[kind] += size;
        counts[kind] += 1;
    }
    for (kind, wanted) in [200.0, 500.0, 100.0].into_iter().enumerate() {
        let mean = sizes[kind] as f64 / f64::from(counts[kind]);
        assert!((mean - wanted).abs() < wanted * 0.01, "{kind}: {mean}");
    }
}

#[test]
fn texts_that_are_carried_are_those_that_are_drawn() {
    let (lazy, carried) = (events(&[], 7), events(&[("strings", "carried")], 7));
    for number in 0..2_000 {
        let (lazy, carried) = (lazy.event(number).value, carried.event(number).value);
        let json = serde_json::to_string(&lazy).unwrap();
        assert_eq!(json, serde_json::to_string(&carried).unwrap());
        assert_eq!(
            dataflow::record::digest::hash_of(&lazy),
            dataflow::record::digest::hash_of(&carried)
        );
        assert!(dataflow::Data::size_bytes(&carried) > dataflow::Data::size_bytes(&lazy));
        let read: Event = serde_json::from_str(&json).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
        let bytes = postcard::to_allocvec(&(&lazy, 9_u8)).unwrap();
        let (back, nine): (Event, u8) = postcard::from_bytes(&bytes).unwrap();
        assert_eq!((back, nine), (lazy, 9));
    }
}

#[test]
fn json_has_nexmarks_names_and_says_what_is_missing() {
    let [person, auction, .., bid] = &first(5)[..] else { panic!("five events") };
    let keys = |event: &Event| {
        let json = serde_json::to_value(event).unwrap();
        let struct_of =
            ["person", "auction", "bid"].iter().find_map(|name| json.get(name)).unwrap();
        let keys: BTreeSet<String> = struct_of.as_object().unwrap().keys().cloned().collect();
        (json["event_type"].as_u64().unwrap(), keys.into_iter().collect::<Vec<_>>().join(","))
    };
    let names = "city,creditCard,dateTime,emailAddress,extra,id,name,state";
    assert_eq!(keys(person), (0, names.to_owned()));
    let names = "category,dateTime,description,expires,extra,id,initialBid,itemName,reserve,seller";
    assert_eq!(keys(auction), (1, names.to_owned()));
    assert_eq!(keys(bid), (2, "auction,bidder,channel,dateTime,extra,price,url".to_owned()));
    let error = serde_json::from_str::<Event>(r#"{"event_type":2}"#).unwrap_err().to_string();
    assert!(error.contains("event_type 2 without `bid`"), "{error}");
}

/// The first events, and everything that they hold.
fn golden(given: &[(&str, &str)], seed: u64) -> Section {
    let events = events(given, seed);
    let event = |number| {
        let timed = events.event(number);
        let json = serde_json::to_string(&timed.value).unwrap();
        format!("{} {json}", timed.event_time.0)
    };
    let lines: Vec<String> = (0..golden::COUNT).map(event).collect();
    let all = lines.concat();
    let given: String = given.iter().map(|(name, value)| format!(" {name}={value}")).collect();
    Section::new(format!("seed {seed}{given}"), lines, all.as_bytes())
}

#[test]
fn the_first_events_are_pinned() {
    let every_knob = [
        ("out_of_order_group", "77"),
        ("disorder_ms", "30"),
        ("late_fraction", "0.01"),
        ("bid_proportion", "10"),
        ("hot_auction_ratio", "7"),
        ("event_rate", "12345"),
    ];
    let sections = [golden(&[], golden::SEED), golden(&[], 1), golden(&every_knob, golden::SEED)];
    assert_sections("nexmark-events", &sections);
}

proptest! {
    #[test]
    fn groups_change_places_among_themselves_and_watermarks_allow_for_it(
        seed: u64,
        group in 1_u64..2_000,
        disorder_ms in 0_u32..40,
        rate in 1_000_u64..100_000,
    ) {
        let (group_text, disorder, rate) =
            (group.to_string(), disorder_ms.to_string(), rate.to_string());
        let given = [
            ("out_of_order_group", group_text.as_str()),
            ("disorder_ms", disorder.as_str()),
            ("event_rate", rate.as_str()),
        ];
        let knobs = knobs(&given);
        let (shuffled, bound) = (NexmarkEvents::new(&knobs, seed), bound_nanos(&knobs));
        let plain = events(&[("event_rate", rate.as_str())], seed);
        // 953 is prime: only its multiples would not change places one to one.
        prop_assume!(group % 953 != 0);
        let mut newest = i64::MIN;
        let mut seen: Vec<String> = Vec::new();
        for number in 0..group * 2 {
            let timed = shuffled.event(number);
            prop_assert!(timed.event_time >= shuffled.none_before(number));
            prop_assert!(timed.event_time.0 >= newest.saturating_sub(bound), "event {}", number);
            newest = newest.max(timed.event_time.0);
            if disorder_ms == 0 {
                seen.push(format!("{:?}", timed.value));
            }
        }
        if disorder_ms == 0 {
            let mut wanted: Vec<String> =
                (0..group * 2).map(|number| format!("{:?}", plain.event(number).value)).collect();
            wanted.sort_unstable();
            seen.sort_unstable();
            prop_assert_eq!(seen, wanted);
        }
    }
}
