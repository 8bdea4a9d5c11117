//! Sliding windows, shared and unshared.

use std::collections::{BTreeMap, BTreeSet};

use dataflow::operator::lateness::Fate;
use dataflow::operators::{Count, SlidingWindow, WindowResult};
use dataflow::verify::{Element, at, late_notes, verify_keyed, watermark};
use dataflow::{EventTime, SidePort, Stamps};
use proptest::prelude::*;

use crate::fixture::{
    Came, Summarize, Summary, key_of, last_watermark, many_keys, moves, newest, run, stream,
    summary,
};

type Counting = SlidingWindow<u64, fn(&u64) -> u64, Count<u64>>;

fn count_window(size: i64, slide: i64) -> Counting {
    SlidingWindow::new(|x: &u64| *x, Count::default(), size, slide)
}

fn closed<R>(key: u64, end: i64, result: R) -> WindowResult<u64, R> {
    WindowResult { key, window_end: EventTime(end), result }
}

/// Shared and unshared must agree on these.
fn verify(
    (size, slide): (i64, i64),
    input: &[Element<u64>],
    expected: &[WindowResult<u64, u64>],
) -> Vec<(i64, Stamps)> {
    let times = [count_window(size, slide), count_window(size, slide).unshared()].map(|window| {
        let got = verify_keyed(window, |x| *x, input.to_vec(), expected.to_vec());
        assert!(got.is_sorted_by_key(|record| record.value.window_end));
        got.iter().map(|record| (record.event_time.0, record.stamps)).collect::<Vec<_>>()
    });
    let [shared, unshared] = times;
    assert_eq!(shared, unshared);
    shared
}

#[test]
fn a_record_is_in_every_window_that_holds_it() {
    // Windows [-6, 4) [-4, 6) .. [4, 14): a record at 5 is in five, and one at 4 in five others.
    let input = [at(5, 7), watermark(i64::MAX)];
    verify((10, 2), &input, &[6, 8, 10, 12, 14].map(|end| closed(7, end, 1)));
    let input = [at(4, 7), at(5, 7), at(6, 7), watermark(i64::MAX)];
    let expected = [(6, 2), (8, 3), (10, 3), (12, 3), (14, 3), (16, 1)];
    verify((10, 2), &input, &expected.map(|(end, count)| closed(7, end, count)));
}

#[test]
fn a_size_that_is_no_multiple_of_the_slide_is_made_up_of_smaller_panes() {
    // Windows [-4, 3) [0, 7) [4, 11) [8, 15), panes of 1.
    let input = [at(0, 1), at(3, 1), at(4, 1), at(6, 1), at(7, 1), at(8, 1), watermark(i64::MAX)];
    let expected = [(3, 1), (7, 4), (11, 4), (15, 1)];
    verify((7, 4), &input, &expected.map(|(end, count)| closed(1, end, count)));
    // Windows [0, 6) [4, 10) [8, 14), panes of 2.
    let input = [at(4, 1), at(5, 1), at(8, 1), at(-1, 1), watermark(i64::MAX)];
    let expected = [(2, 1), (6, 2), (10, 3), (14, 1)];
    verify((6, 4), &input, &expected.map(|(end, count)| closed(1, end, count)));
}

#[test]
fn a_slide_as_long_as_the_window_tumbles() {
    let input = [at(-1, 1), at(0, 1), at(9, 1), at(10, 1), watermark(9), watermark(100)];
    verify((10, 10), &input, &[closed(1, 0, 1), closed(1, 10, 2), closed(1, 20, 1)]);
}

#[test]
fn keys_and_windows_without_records_emit_nothing() {
    let input = [at(1, 1), at(100, 2), watermark(99), at(101, 1), watermark(i64::MAX)];
    let expected = [
        closed(1, 5, 1),
        closed(1, 10, 1),
        closed(2, 105, 1),
        closed(1, 105, 1),
        closed(2, 110, 1),
        closed(1, 110, 1),
    ];
    verify((10, 5), &input, &expected);
}

#[test]
fn a_record_counts_in_those_of_its_windows_that_are_open() {
    let input = [
        at(1, 1),
        watermark(4), // [-5, 5) closes
        at(2, 1),     // late for it, in time for [0, 10)
        watermark(8),
        at(3, 1),
        watermark(9), // [0, 10) closes
        at(4, 1),     // late
        at(5, 1),     // in time for [5, 15)
        watermark(14),
    ];
    let times = verify((10, 5), &input, &[closed(1, 5, 1), closed(1, 10, 3), closed(1, 15, 1)]);
    let stamps = Stamps { planned: 1, ingested: 1 };
    assert_eq!(times, [(4, stamps), (9, stamps), (14, stamps)]);
    let upto = |end| Fate::RefusedUpTo(EventTime(end));
    for window in [count_window(10, 5), count_window(10, 5).unshared()] {
        let notes = late_notes(&window, &input);
        let told = notes.iter().map(|note| (note.event_time.0, note.watermark.0, note.fate));
        let mut told: Vec<_> = told.collect();
        told.sort_unstable();
        assert_eq!(
            told,
            [(2, 4, upto(5)), (3, 8, upto(5)), (4, 9, Fate::Refused), (5, 9, upto(10))]
        );
    }
}

#[test]
fn windows_reach_to_both_ends_of_time() {
    let max = i64::MAX; // ends in 807; windows of 10 every 4 end in 802, 806
    let input = [at(max - 2, 1), at(max, 1), watermark(max - 2), watermark(max)];
    verify((10, 4), &input, &[closed(1, max - 1, 1), closed(1, max, 2)]);
    let input = [at(i64::MIN, 1), watermark(i64::MIN + 1), watermark(0)];
    let expected = [2, 6, 10].map(|end| closed(1, i64::MIN + end, 1));
    verify((10, 4), &input, &expected);
}

#[test]
fn many_keys_fire_through_an_outbox_of_one_slot() {
    for window in [count_window(10, 5), count_window(10, 5).unshared()] {
        let outcome = run(window, &many_keys(1_000));
        assert!(outcome.peak_sealed <= 3, "more than a result and two watermarks waited");
        assert_eq!(outcome.counters.fired, 2_000);
        let mut got: Vec<_> = outcome.results.into_iter().map(|record| record.value).collect();
        got.sort_by_key(|closed| (closed.key, closed.window_end));
        let expected = (0..1_000).flat_map(|key| {
            let ends = if key % 10 < 5 { [5, 10] } else { [10, 15] };
            ends.map(|end| closed(key, end, 1))
        });
        assert!(got.into_iter().eq(expected));
    }
}

/// By end and key.
type Windows<'a> = BTreeMap<(i64, u8), Vec<&'a Came>>;

/// What every open window should hold, by trying all windows around every record.
fn plain(size: i64, slide: i64, records: &[Came]) -> (Windows<'_>, Vec<&Came>) {
    let mut windows = Windows::new();
    let mut late = Vec::new();
    for came in records {
        let starts = (-400_i64..1_000).map(|n| n * slide);
        let ends = starts.filter(|&start| start <= came.time && came.time < start + size);
        let open = ends.map(|start| start + size).filter(|&end| end - 1 > came.watermark);
        let mut is_late = true;
        for end in open {
            windows.entry((end, came.key)).or_default().push(came);
            is_late = false;
        }
        late.extend(is_late.then_some(came));
    }
    (windows, late)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn shared_and_unshared_agree_with_plain_collections(
        moves in moves(),
        (size, slide) in (1_i64..40).prop_flat_map(|size| (Just(size), (size / 8 + 1)..=size)),
    ) {
        let (elements, records) = stream(&moves);
        let (windows, late) = plain(size, slide, &records);
        let last = last_watermark(&elements);
        let row = |(&(end, key), came): (&(i64, u8), &Vec<&Came>)| {
            let amounts: Vec<u64> = came.iter().map(|came| came.amount).collect();
            let window_end = EventTime(end);
            WindowResult { key, window_end, result: summary(&amounts) }
        };
        let expected: Vec<WindowResult<u8, Summary>> = windows.iter().map(row).collect();
        let ended: BTreeSet<i64> = windows.keys().map(|it| it.0).filter(|end| end - 1 <= last).collect();
        let window = SlidingWindow::new(key_of, Summarize, size, slide);
        for window in [window.clone(), window.unshared()] {
            let got = verify_keyed(window.clone(), key_of, elements.clone(), expected.clone());
            prop_assert!(got.is_sorted_by_key(|record| record.value.window_end));
            for record in got {
                let end = record.value.window_end.0;
                prop_assert_eq!(record.event_time.0, end - 1);
                let contributors = windows[&(end, record.value.key)].iter().copied();
                let stamps = if end - 1 > last { Stamps::UNTIMED } else { newest(contributors) };
                prop_assert_eq!(record.stamps, stamps);
            }
            let outcome = run(window.with_late(SidePort::new(0)), &elements);
            prop_assert_eq!(outcome.counters.late_records, late.len() as u64);
            prop_assert_eq!(outcome.counters.windows_closed, ended.len() as u64);
            let amounts = |it: &dataflow::Record<_>| (it.event_time.0, it.value, it.stamps);
            let expected = late.iter().map(|came| (came.time, (came.key, came.amount), came.stamps));
            prop_assert!(outcome.late.iter().map(amounts).eq(expected));
        }
    }
}
