//! Tumbling windows with an allowed lateness.

use std::collections::{BTreeMap, BTreeSet};

use dataflow::Change::{self, Insert, Update};
use dataflow::operators::{Count, LateFiringWindow, TumblingWindow, WindowResult};
use dataflow::verify::{Element, at, verify_keyed, watermark};
use dataflow::{EventTime, Record, SidePort, Stamps};
use proptest::prelude::*;

use crate::fixture::{
    Came, Summarize, Summary, key_of, last_watermark, many_keys, moves, newest, run, stream,
    summary,
};

type Counting = LateFiringWindow<u64, fn(&u64) -> u64, Count<u64>>;

fn count_window(lateness: i64) -> Counting {
    LateFiringWindow::new(|x: &u64| *x, Count::default(), 10, lateness)
}

fn row<K, R>(key: K, end: i64, result: R) -> WindowResult<K, R> {
    WindowResult { key, window_end: EventTime(end), result }
}

fn verify(
    lateness: i64,
    input: &[Element<u64>],
    expected: Vec<Change<WindowResult<u64, u64>>>,
) -> Vec<(i64, Stamps)> {
    let got = verify_keyed(count_window(lateness), |x| *x, input.to_vec(), expected);
    got.iter().map(|record| (record.event_time.0, record.stamps)).collect()
}

#[test]
fn a_fired_window_fires_again_for_every_record_until_it_is_forgotten() {
    let input = [
        at(5, 1),
        watermark(9),
        at(6, 1), // again
        at(7, 2), // a new key
        watermark(13),
        at(8, 1), // again
        watermark(14),
        at(9, 1),  // late
        at(10, 1), // in time
        watermark(i64::MAX),
    ];
    let expected = vec![
        Insert(row(1, 10, 1)),
        Update { before: row(1, 10, 1), after: row(1, 10, 2) },
        Insert(row(2, 10, 1)),
        Update { before: row(1, 10, 2), after: row(1, 10, 3) },
        Insert(row(1, 20, 1)),
    ];
    let times = verify(5, &input, expected);
    let stamps = Stamps { planned: 1, ingested: 1 };
    let ninth = (9, stamps);
    assert_eq!(times, [ninth, ninth, ninth, ninth, (19, Stamps::UNTIMED)]);
    let outcome = run(count_window(5).with_late(SidePort::new(0)), &input);
    let counters = outcome.counters;
    assert_eq!((counters.late_records, counters.windows_closed, counters.fired), (1, 1, 2));
    assert_eq!(outcome.late.iter().map(|it| it.event_time.0).collect::<Vec<_>>(), [9]);
}

#[test]
fn a_window_that_nobody_has_seen_fires_with_its_first_late_record() {
    let input = [watermark(12), at(5, 1), at(5, 1), watermark(14), at(5, 1)];
    let expected =
        vec![Insert(row(1, 10, 1)), Update { before: row(1, 10, 1), after: row(1, 10, 2) }];
    verify(5, &input, expected);
}

#[test]
fn without_lateness_it_is_a_tumbling_window() {
    let input = [at(5, 1), at(15, 1), watermark(9), at(6, 1), at(7, 2), watermark(19), at(25, 1)];
    let input = [&input[..], &[watermark(i64::MAX)]].concat();
    let rows = vec![row(1, 10, 1), row(1, 20, 1), row(1, 30, 1)];
    verify(0, &input, rows.iter().cloned().map(Insert).collect());
    let tumbling = TumblingWindow::new(|x: &u64| *x, Count::default(), 10);
    verify_keyed(tumbling, |x| *x, input, rows);
}

#[test]
fn lateness_reaches_to_the_end_of_time() {
    let max = i64::MAX; // ends in 807
    let input = [at(max - 20, 1), at(max, 2), watermark(max - 1), at(max - 20, 1), at(max - 1, 2)];
    let end = max - 17;
    let expected = vec![
        Insert(row(1, end, 1)),
        Insert(row(2, max, 1)),
        Update { before: row(1, end, 1), after: row(1, end, 2) },
        Update { before: row(2, max, 1), after: row(2, max, 2) },
    ];
    verify(max, &input, expected);
}

#[test]
fn many_keys_fire_through_an_outbox_of_one_slot() {
    let outcome = run(count_window(5), &many_keys(1_000));
    assert!(outcome.peak_sealed <= 3, "more than a result and two watermarks waited");
    assert_eq!(outcome.counters.fired, 1_000);
    let mut got: Vec<_> = outcome.results.into_iter().map(|record| record.value).collect();
    got.sort_by_key(|change| match change {
        Insert(row) => row.key,
        other => panic!("{other:?}"),
    });
    assert!(got.into_iter().eq((0..1_000).map(|key| Insert(row(key, 10, 1)))));
}

#[test]
#[should_panic(expected = "a window is not forgotten before it fires")]
fn a_negative_lateness_is_refused() {
    count_window(-1);
}

type Row = WindowResult<u8, Summary>;
/// A change, and what is in its row.
type Made<'a> = (Change<Row>, Vec<&'a Came>);

/// Every change by plain lists: the elements are walked, and whatever fires is made anew.
fn plain<'a>(
    size: i64,
    lateness: i64,
    elements: &[Element<(u8, u64)>],
    records: &'a [Came],
) -> (Vec<Made<'a>>, Vec<&'a Came>) {
    let mut windows: BTreeMap<(i64, u8), Vec<&Came>> = BTreeMap::new();
    let (mut changes, mut late) = (Vec::new(), Vec::new());
    let (mut watermark, mut next) = (i64::MIN, 0);
    let row = |end: i64, key: u8, came: &[&Came]| {
        let amounts: Vec<u64> = came.iter().map(|came| came.amount).collect();
        row(key, end, summary(&amounts))
    };
    for element in elements {
        if let Element::Watermark(EventTime(now)) = element {
            for (&(end, key), came) in &windows {
                if (watermark + 1..=*now).contains(&(end - 1)) {
                    changes.push((Insert(row(end, key, came)), came.clone()));
                }
            }
            watermark = *now;
            continue;
        }
        let came = &records[next];
        next += 1;
        let end = came.time.div_euclid(size) * size + size;
        if end - 1 + lateness <= watermark {
            late.push(came);
            continue;
        }
        let window = windows.entry((end, came.key)).or_default();
        let before = (!window.is_empty()).then(|| row(end, came.key, window));
        window.push(came);
        if end - 1 <= watermark {
            let after = row(end, came.key, window);
            let change = match before {
                None => Insert(after),
                Some(before) => Update { before, after },
            };
            changes.push((change, window.clone()));
        }
    }
    (changes, late)
}

fn after(change: &Change<Row>) -> &Row {
    match change {
        Insert(row) | Update { after: row, .. } | Change::Delete(row) => row,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_change_agrees_with_plain_collections(
        moves in moves(), size in 1_i64..30, lateness in 0_i64..30,
    ) {
        let (elements, records) = stream(&moves);
        let (changes, late) = plain(size, lateness, &elements, &records);
        let expected: Vec<Change<Row>> = changes.iter().map(|it| it.0.clone()).collect();
        let window = LateFiringWindow::new(key_of, Summarize, size, lateness);
        let got = verify_keyed(window.clone(), key_of, elements.clone(), expected);
        let last = last_watermark(&elements);
        for record in got {
            let row = after(&record.value);
            prop_assert_eq!(record.event_time.0, row.window_end.0 - 1);
            let (_, came) = changes.iter().find(|it| it.0 == record.value).unwrap();
            let is_timed = record.event_time.0 <= last;
            let stamps = if is_timed { newest(came.iter().copied()) } else { Stamps::UNTIMED };
            prop_assert_eq!(record.stamps, stamps);
        }
        let outcome = run(window.with_late(SidePort::new(0)), &elements);
        // The changes of one row follow on one another.
        let mut table: BTreeMap<(i64, u8), Row> = BTreeMap::new();
        for Record { value, .. } in outcome.results {
            let row = after(&value).clone();
            let before = table.insert((row.window_end.0, row.key), row);
            match value {
                Update { before: told, .. } => prop_assert_eq!(before, Some(told)),
                _ => prop_assert_eq!(before, None),
            }
        }
        prop_assert_eq!(outcome.counters.late_records, late.len() as u64);
        let at_watermark = |end: &i64| end - 1 <= last;
        let fired: BTreeSet<i64> = table.keys().map(|it| it.0).filter(at_watermark).collect();
        // Windows that only late records have opened did not close on a watermark.
        prop_assert!(outcome.counters.windows_closed <= fired.len() as u64);
        let amounts = |it: &Record<_>| (it.event_time.0, it.value, it.stamps);
        let expected = late.iter().map(|came| (came.time, (came.key, came.amount), came.stamps));
        prop_assert!(outcome.late.iter().map(amounts).eq(expected));
    }
}
