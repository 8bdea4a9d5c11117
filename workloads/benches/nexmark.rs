//! Nexmark events per second on one core: without their texts, with all of them written out, and
//! carried along.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dataflow::job::settings::Settings;
use workloads::knobs::with_common;
use workloads::nexmark::{Event, KNOBS, NexmarkEvents};
use workloads::spec::Events;

const EVENTS: u64 = 20_000;

fn events(given: &[(&str, &str)]) -> NexmarkEvents {
    let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    let knobs = Settings::resolve("bench", &with_common(KNOBS), &given, true);
    let mut knobs = knobs.expect("the knobs exist");
    knobs.set("event_rate", 1e6);
    NexmarkEvents::new(&knobs, 42)
}

fn bench(
    criterion: &mut Criterion,
    name: &str,
    given: &[(&str, &str)],
    mut look: impl FnMut(&Event) -> u64,
) {
    let events = events(given);
    let mut group = criterion.benchmark_group("nexmark");
    group.throughput(Throughput::Elements(EVENTS));
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            let mut sum = 0_u64;
            for number in 0..black_box(EVENTS) {
                let event = events.event(number);
                sum = sum.wrapping_add(look(black_box(&event.value)));
            }
            sum
        });
    });
    group.finish();
}

fn number(event: &Event) -> u64 {
    match event {
        Event::Person(person) => person.id,
        Event::Auction(auction) => auction.id ^ auction.reserve ^ auction.expires as u64,
        Event::Bid(bid) => bid.auction ^ bid.bidder ^ bid.price,
    }
}

/// Writes every text of an event out.
fn written(event: &Event, to: &mut String) -> u64 {
    to.clear();
    match event {
        Event::Person(it) => {
            for text in [it.name(), it.email(), it.credit_card(), it.city(), it.state(), it.extra()]
            {
                text.write(to);
            }
        }
        Event::Auction(it) => {
            for text in [it.item_name(), it.description(), it.extra()] {
                text.write(to);
            }
        }
        Event::Bid(it) => {
            for text in [it.channel(), it.url(), it.extra()] {
                text.write(to);
            }
        }
    }
    number(event) ^ black_box(&*to).len() as u64
}

/// Next to no persons and auctions.
const BIDS: (&str, &str) = ("bid_proportion", "100000");

fn nexmark(criterion: &mut Criterion) {
    bench(criterion, "events", &[], number);
    bench(criterion, "bids", &[BIDS], number);
    let mut buffer = String::new();
    bench(criterion, "events, texts written", &[], |event| written(event, &mut buffer));
    bench(criterion, "bids, texts written", &[BIDS], |event| written(event, &mut buffer));
    bench(criterion, "events, texts carried", &[("strings", "carried")], number);
}

criterion_group!(benches, nexmark);
criterion_main!(benches);
