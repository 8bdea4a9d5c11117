//! Exchanges, their buffers and the pool they come from.

use std::collections::BTreeMap;
use std::sync::Arc;

use dataflow::exchange::outbox::Sealed;
use dataflow::exchange::{ByKey, Exchange, Forward, Route, Tail};
use dataflow::placement::Placement;
use dataflow::{Batch, Data, EventTime, Key, Outbox, Record};
use proptest::prelude::*;

fn record<T>(value: T) -> Record<T> {
    Record::untimed(value, EventTime(0))
}

/// What a record takes in a buffer.
fn size(value: &impl Data) -> usize {
    value.size_bytes() + Record::<()>::STAMP_BYTES
}

fn taken(outbox: &mut Outbox) -> Vec<Sealed> {
    std::iter::from_fn(|| outbox.take()).collect()
}

fn values<T: Send + 'static>(batch: &mut Batch) -> Vec<T> {
    let upto = batch.len();
    batch.drain::<T>(upto).map(|record| record.value).collect()
}

/// What comes out of a batch when it is read as an engine reads it.
#[derive(Clone, Debug, PartialEq)]
enum Read {
    Value(u64),
    Mark(i64),
}

fn read(mut batch: Batch, popping: bool) -> Vec<Read> {
    let mut got = Vec::new();
    while !batch.is_finished() {
        let stop = batch.stop();
        if popping {
            while let Some(record) = batch.pop::<u64>(stop) {
                got.push(Read::Value(record.value));
            }
        } else {
            got.extend(batch.drain::<u64>(stop).map(|record| Read::Value(record.value)));
        }
        got.extend(batch.take_mark().map(|watermark| Read::Mark(watermark.0)));
    }
    assert_eq!(batch.taken(), batch.len());
    got
}

/// Marks with no record between them: the last says it all.
fn coalesce(read: Vec<Read>) -> Vec<Read> {
    let mut coalesced: Vec<Read> = Vec::new();
    for item in read {
        match (coalesced.last_mut(), &item) {
            (Some(last @ Read::Mark(_)), Read::Mark(_)) => *last = item,
            _ => coalesced.push(item),
        }
    }
    coalesced
}

#[derive(Clone, Debug)]
enum Action {
    Push(usize),
    Flush,
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![4 => (0_usize..60).prop_map(Action::Push), 1 => Just(Action::Flush)]
}

proptest! {
    /// A buffer is full at the record with which what came since the last full one reaches the
    /// buffer size; flushes hand over the part that is there and do not begin anew.
    #[test]
    fn flushes_do_not_move_the_places_at_which_buffers_fill(
        actions in proptest::collection::vec(action(), 0..200),
        buffer_bytes in 1_usize..400,
    ) {
        let mut exchange = Exchange::new(Forward, 0, 1, buffer_bytes);
        let mut outbox = Outbox::new(&[1]);
        let (mut pushed, mut got) = (Vec::new(), Vec::new());
        let mut since_full = 0;
        for action in actions {
            let mut handed_over = match action {
                Action::Push(length) => {
                    let value = format!("{:length$}", pushed.len());
                    since_full += size(&value);
                    pushed.push(value.clone());
                    exchange.push(record(value), &mut outbox);
                    let full = since_full >= buffer_bytes;
                    if full {
                        since_full = 0;
                    }
                    let sealed = taken(&mut outbox);
                    prop_assert_eq!(sealed.len(), usize::from(full));
                    sealed
                }
                Action::Flush => {
                    exchange.flush(&mut outbox);
                    let sealed = taken(&mut outbox);
                    prop_assert_eq!(sealed.len(), usize::from(got.len() < pushed.len()));
                    sealed
                }
            };
            if let Some(Sealed { edge, channel, batch }) = handed_over.first_mut() {
                prop_assert_eq!((*edge, *channel), (0, 0));
                let (bytes, len) = (batch.bytes(), batch.len());
                let values: Vec<String> = values(batch);
                prop_assert_eq!(bytes, values.iter().map(size).sum::<usize>());
                prop_assert_eq!(len, values.len());
                got.extend(values);
                prop_assert_eq!(&got, &pushed);
            }
        }
        prop_assert_eq!(outbox.loads(), &[vec![got.len() as u64]]);
    }

    /// Values are their own keys; every mark goes to every channel.
    #[test]
    fn marks_keep_their_place_among_the_records_of_every_channel(
        actions in proptest::collection::vec(0_u8..10, 0..200),
        buffer_records in 1_usize..12,
        popping: bool,
    ) {
        const CHANNELS: usize = 3;
        let route = ByKey {
            key_of: |value: &u64| *value,
            placement: Placement::key_groups(CHANNELS as u32, None),
        };
        let mut exchange = Exchange::new(route.clone(), 0, CHANNELS, buffer_records * size(&0_u64));
        let mut outbox = Outbox::new(&[CHANNELS]);
        let mut expected = vec![Vec::new(); CHANNELS];
        for (now, action) in (0_u64..).zip(actions.into_iter().chain([9])) {
            match action {
                0..6 => {
                    expected[route.channel(&now)].push(Read::Value(now));
                    exchange.push(record(now), &mut outbox);
                }
                6..9 => {
                    expected.iter_mut().for_each(|channel| channel.push(Read::Mark(now as i64)));
                    exchange.mark(EventTime(now as i64), &mut outbox);
                }
                _ => exchange.flush(&mut outbox),
            }
        }
        let mut got = vec![Vec::new(); CHANNELS];
        for sealed in taken(&mut outbox) {
            got[sealed.channel].extend(read(sealed.batch, popping));
        }
        for (got, expected) in got.into_iter().zip(expected) {
            prop_assert_eq!(coalesce(got), coalesce(expected));
        }
    }

    #[test]
    fn equal_keys_go_to_the_channel_that_the_placement_names(
        keys in proptest::collection::vec("[a-e]{0,3}", 1..200),
        channels in 1_u32..9,
    ) {
        let placement = Placement::key_groups(channels, None);
        let route = ByKey {
            key_of: |value: &(u64, String)| value.1.clone(),
            placement: placement.clone(),
        };
        let mut exchange = Exchange::new(route, 0, channels as usize, 100);
        let mut outbox = Outbox::new(&[channels as usize]);
        let sent: Vec<(u64, String)> = (0..).zip(keys).collect();
        sent.iter().for_each(|value| exchange.push(record(value.clone()), &mut outbox));
        exchange.flush(&mut outbox);
        let mut got: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        let mut loads = vec![0; channels as usize];
        for mut sealed in taken(&mut outbox) {
            for (number, key) in values::<(u64, String)>(&mut sealed.batch) {
                prop_assert_eq!(sealed.channel, placement.partition(&key) as usize);
                loads[sealed.channel] += 1;
                got.entry(key).or_default().push(number);
            }
        }
        // Nothing is lost, and the records of a key keep their order.
        let mut expected: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        sent.into_iter().for_each(|(number, key)| expected.entry(key).or_default().push(number));
        prop_assert_eq!(got, expected);
        prop_assert_eq!(outbox.loads(), &[loads]);
    }
}

#[test]
fn a_buffer_of_marks_alone_goes_out_on_flush_and_not_before() {
    let mut exchange = Exchange::<u64, _>::new(Forward, 3, 2, 64);
    let mut outbox = Outbox::new(&[1, 1, 1, 2]);
    for watermark in 1..=100 {
        exchange.mark(EventTime(watermark), &mut outbox);
    }
    assert!(outbox.is_empty());
    exchange.flush(&mut outbox);
    let sealed = taken(&mut outbox);
    let places: Vec<_> = sealed.iter().map(|sealed| (sealed.edge, sealed.channel)).collect();
    assert_eq!(places, [(3, 0), (3, 1)]);
    for Sealed { batch, .. } in sealed {
        assert!(batch.is_empty() && !batch.is_finished());
        assert_eq!(read(batch, false), [Read::Mark(100)]);
    }
    exchange.flush(&mut outbox);
    assert!(outbox.is_empty(), "there was nothing more to flush");
}

#[test]
fn a_mark_behind_the_record_that_filled_a_buffer_goes_into_the_next() {
    let mut exchange = Exchange::new(Forward, 0, 1, 2 * size(&0_u64));
    let mut outbox = Outbox::new(&[1]);
    for value in [1_u64, 2] {
        exchange.push(record(value), &mut outbox);
    }
    exchange.mark(EventTime(7), &mut outbox);
    exchange.push(record(3), &mut outbox);
    exchange.flush(&mut outbox);
    let sealed: Vec<_> =
        taken(&mut outbox).into_iter().map(|sealed| read(sealed.batch, false)).collect();
    let expected = [vec![Read::Value(1), Read::Value(2)], vec![Read::Mark(7), Read::Value(3)]];
    assert_eq!(sealed, expected);
}

#[test]
fn a_buffer_that_was_given_back_is_filled_again() {
    const ROOM: usize = 5_000;
    let mut outbox = Outbox::new(&[1]);
    let mut exchange = Exchange::new(Forward, 0, 1, 1);
    let mut used = Batch::of(vec![record(99_u64)]);
    used.fill(|records: &mut Vec<Record<u64>>| records.reserve(ROOM));
    outbox.give_back(0, used);
    // The first seal exchanges the open buffer for the one given back, the second hands it over.
    for (value, is_reused) in [(1, false), (2, true), (3, false)] {
        exchange.push(record(value), &mut outbox);
        let mut batch = outbox.take().expect("every record fills a buffer").batch;
        assert_eq!(values::<u64>(&mut batch), [value], "nothing of its former contents");
        let capacity = batch.fill(|records: &mut Vec<Record<u64>>| records.capacity());
        assert_eq!(capacity >= ROOM, is_reused, "buffer {value}");
    }
}

#[test]
fn the_pool_of_empty_buffers_is_bounded() {
    let shared: Arc<str> = "held".into();
    let mut outbox = Outbox::new(&[2, 1]);
    for _ in 0..100 {
        outbox.give_back(0, Batch::of(vec![record(shared.clone())]));
        outbox.give_back(1, Batch::of(vec![record(shared.clone())]));
    }
    // Twelve for each of three channels, and our own.
    assert_eq!(Arc::strong_count(&shared), 12 * 3 + 1);
}

#[test]
fn an_outbox_is_full_with_one_buffer_for_every_channel() {
    let mut exchange = Exchange::new(Forward, 0, 1, 1);
    for (mut outbox, limit) in
        [(Outbox::new(&[2, 1]), 3), (Outbox::new(&[2, 1]).with_one_slot(), 1)]
    {
        for sealed in 0..limit {
            assert!(!outbox.is_full(), "{sealed} of {limit}");
            exchange.push(record(sealed), &mut outbox);
        }
        assert!(outbox.is_full());
        assert_eq!(outbox.peak_sealed(), limit as usize);
        outbox.take();
        assert!(!outbox.is_full());
    }
}

#[test]
fn a_batch_is_popped_in_the_order_in_which_it_was_filled() {
    let mut batch = Batch::new::<u64>();
    for round in 0..2 {
        // A used batch begins anew.
        batch.fill(|records| records.extend((round..round + 5).map(record)));
        assert_eq!((batch.len(), batch.taken(), batch.stop()), (5, 0, 5));
        for expected in round..round + 3 {
            assert_eq!(batch.pop::<u64>(3 + round as usize * 2).unwrap().value, expected);
        }
        assert_eq!(batch.pop::<u64>(3), None, "only up to the position asked for");
        assert_eq!(batch.taken(), 3);
        assert!(!batch.is_finished());
        while batch.pop::<u64>(5).is_some() {}
        assert!(batch.is_finished());
    }
}

#[test]
#[should_panic(expected = "records before a watermark are processed first")]
fn a_mark_cannot_be_taken_before_the_records_in_front_of_it() {
    let mut exchange = Exchange::new(Forward, 0, 1, 1_000);
    let mut outbox = Outbox::new(&[1]);
    exchange.push(record(1_u64), &mut outbox);
    exchange.mark(EventTime(1), &mut outbox);
    exchange.flush(&mut outbox);
    outbox.take().expect("it was flushed").batch.take_mark();
}

#[test]
#[should_panic(expected = "a batch is read as the type it was written as")]
fn draining_a_batch_as_another_type_is_refused() {
    Batch::of(vec![record(1_u64)]).drain::<i64>(1);
}

#[test]
#[should_panic(expected = "a batch is read as the type it was written as")]
fn popping_a_batch_as_another_type_is_refused() {
    Batch::of(vec![record(1_u64)]).pop::<i64>(1);
}

#[test]
#[should_panic(expected = "a batch is read as the type it was written as")]
fn filling_a_batch_with_another_type_is_refused() {
    Batch::new::<u64>().fill::<i64, _>(|_| ());
}

/// What `size` and the routes above rest on.
#[test]
fn a_value_counts_what_it_owns() {
    assert_eq!(size(&7_u64), 24);
    assert_eq!("abc".to_owned().size_bytes(), 24 + 3);
    assert_eq!((1_u64, "abc".to_owned()).size_bytes(), 8 + 24 + 3);
    assert_eq!(vec![1_u32, 2].size_bytes(), 24 + 8);
    assert_eq!([1_u32, 2].size_bytes(), 8);
    let tuple = (1_i64, 1_i64);
    assert_eq!(tuple.java_hash(), 32);
}
