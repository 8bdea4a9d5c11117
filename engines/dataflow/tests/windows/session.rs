//! Session windows.

use dataflow::operators::{Count, SessionResult, SessionWindow};
use dataflow::verify::{Element, at, verify_keyed, watermark};
use dataflow::{EventTime, SidePort, Stamps};
use proptest::prelude::*;

use crate::fixture::{
    Came, Summarize, Summary, key_of, last_watermark, many_keys, moves, newest, run, stream,
    summary,
};

type Counting = SessionWindow<u64, fn(&u64) -> u64, Count<u64>>;

fn count_sessions(gap: i64) -> Counting {
    SessionWindow::new(|x: &u64| *x, Count::default(), gap)
}

fn closed<R>(key: u64, start: i64, end: i64, result: R) -> SessionResult<u64, R> {
    SessionResult { key, start: EventTime(start), end: EventTime(end), result }
}

fn verify(input: Vec<Element<u64>>, expected: Vec<SessionResult<u64, u64>>) -> Vec<(i64, Stamps)> {
    let got = verify_keyed(count_sessions(10), |x| *x, input, expected);
    assert!(got.is_sorted_by_key(|record| (record.value.end, record.value.key)));
    got.iter().map(|record| (record.event_time.0, record.stamps)).collect()
}

#[test]
fn a_gap_ends_a_session_and_less_does_not() {
    let input = vec![at(0, 1), at(9, 1), at(18, 1), at(28, 1), watermark(100)];
    verify(input, vec![closed(1, 0, 28, 3), closed(1, 28, 38, 1)]);
}

#[test]
fn a_record_bridges_sessions_and_can_come_before_all() {
    let input = vec![at(30, 1), at(0, 1), at(15, 1), at(45, 1), at(8, 1), watermark(100)];
    // 0 8 15 | 30 | 45: the record at 8 bridges the first two.
    let expected = vec![closed(1, 0, 25, 3), closed(1, 30, 40, 1), closed(1, 45, 55, 1)];
    verify(input, expected);
    let input = vec![at(30, 1), at(12, 1), at(21, 1), at(5, 1), at(-4, 1), watermark(100)];
    verify(input, vec![closed(1, -4, 40, 5)]);
}

#[test]
fn a_session_between_two_stays_by_itself() {
    let input = vec![at(0, 1), at(60, 1), at(30, 1), at(20, 1), at(31, 1), watermark(i64::MAX)];
    let expected =
        vec![closed(1, 0, 10, 1), closed(1, 20, 30, 1), closed(1, 30, 41, 2), closed(1, 60, 70, 1)];
    verify(input, expected);
}

#[test]
fn a_session_closes_when_the_watermark_reaches_its_last_instant() {
    for (last, expected) in [(11, vec![]), (12, vec![closed(1, 3, 13, 1)])] {
        verify(vec![at(3, 1), watermark(last)], expected);
    }
}

#[test]
fn one_that_has_grown_waits_for_its_new_end() {
    let input = vec![
        at(0, 1),
        at(5, 2),
        at(7, 1),
        watermark(9), // key 1 would have closed
        at(16, 1),
        watermark(16), // and again
        watermark(25), // closes both
        watermark(i64::MAX),
    ];
    let times = verify(input, vec![closed(2, 5, 15, 1), closed(1, 0, 26, 3)]);
    let stamps = Stamps { planned: 1, ingested: 1 };
    assert_eq!(times, [(14, stamps), (25, stamps)]);
}

#[test]
fn a_record_is_late_unless_an_open_session_takes_it_in() {
    let input = vec![
        at(20, 1),
        watermark(25),
        at(16, 1), // [16, 26) would have closed, but it overlaps [20, 30)
        at(7, 1),  // [7, 17) overlaps [16, 30)
        at(5, 2),  // late
        at(17, 2), // [17, 27) is open
        watermark(29),
        at(20, 1), // late: its session has closed
        at(25, 1), // [25, 35): a session of its own
        watermark(i64::MAX),
    ];
    let expected = vec![closed(2, 17, 27, 1), closed(1, 7, 30, 3), closed(1, 25, 35, 1)];
    verify(input.clone(), expected);
    let outcome = run(count_sessions(10).with_late(SidePort::new(0)), &input);
    assert_eq!((outcome.counters.late_records, outcome.counters.windows_closed), (2, 2));
    let late: Vec<_> =
        outcome.late.iter().map(|record| (record.event_time.0, record.value)).collect();
    assert_eq!(late, [(5, 2), (20, 1)]);
}

#[test]
fn sessions_of_one_instant_close_by_key() {
    let input = vec![at(1, 9), at(1, 3), at(1, 7), at(0, 8), watermark(10)];
    let expected = [(8, 0), (3, 1), (7, 1), (9, 1)];
    let expected: Vec<_> =
        expected.iter().map(|&(key, start)| closed(key, start, start + 10, 1)).collect();
    verify(input, expected);
}

#[test]
fn sessions_reach_to_both_ends_of_time() {
    let max = i64::MAX;
    let input =
        vec![at(i64::MIN, 1), at(max - 5, 1), at(max, 1), at(max, 1), at(max, 2), watermark(max)];
    let expected = vec![
        closed(1, i64::MIN, i64::MIN + 10, 1),
        closed(1, max - 5, max, 3),
        closed(2, max, max, 1),
    ];
    verify(input, expected);
}

#[test]
fn many_keys_fire_through_an_outbox_of_one_slot() {
    let outcome = run(count_sessions(5), &many_keys(1_000));
    assert!(outcome.peak_sealed <= 3, "more than a result and two watermarks waited");
    assert_eq!((outcome.counters.fired, outcome.counters.windows_closed), (1_000, 1_000));
    let mut keys: Vec<u64> = (0..1_000).collect();
    keys.sort_by_key(|key| (key % 10, *key));
    let expected = keys.into_iter().map(|key| closed(key, key as i64 % 10, key as i64 % 10 + 5, 1));
    assert!(outcome.results.into_iter().map(|record| record.value).eq(expected));
}

/// One session as a list of its records.
struct Plain<'a> {
    key: u8,
    start: i64,
    end: i64,
    came: Vec<&'a Came>,
}

/// Merges whatever overlaps, and closes by the watermark that every record has seen.
fn plain(gap: i64, records: &[Came]) -> (Vec<Plain<'_>>, Vec<&Came>) {
    let (mut open, mut closed, mut late): (Vec<Plain<'_>>, _, _) =
        (Vec::new(), Vec::new(), Vec::new());
    for came in records {
        let is_closed = |session: &mut Plain<'_>| session.end - 1 <= came.watermark;
        closed.extend(open.extract_if(.., is_closed));
        let (key, start, end) = (came.key, came.time, came.time + gap);
        let mut session = Plain { key, start, end, came: vec![came] };
        let overlaps = |it: &mut Plain<'_>| it.key == key && it.start < end && start < it.end;
        let overlapping: Vec<_> = open.extract_if(.., overlaps).collect();
        if overlapping.is_empty() && end - 1 <= came.watermark {
            late.push(came);
            continue;
        }
        for other in overlapping {
            session.start = session.start.min(other.start);
            session.end = session.end.max(other.end);
            session.came.extend(other.came);
        }
        open.push(session);
    }
    closed.extend(open);
    (closed, late)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn sessions_agree_with_plain_collections(moves in moves(), gap in 1_i64..30) {
        let (elements, records) = stream(&moves);
        let (mut sessions, late) = plain(gap, &records);
        sessions.sort_by_key(|it| (it.end, it.key));
        let expected: Vec<SessionResult<u8, Summary>> = sessions.iter().map(|it| {
            let amounts: Vec<u64> = it.came.iter().map(|came| came.amount).collect();
            let (start, end) = (EventTime(it.start), EventTime(it.end));
            SessionResult { key: it.key, start, end, result: summary(&amounts) }
        }).collect();
        let window = SessionWindow::new(key_of, Summarize, gap);
        let got = verify_keyed(window.clone(), key_of, elements.clone(), expected.clone());
        let last = last_watermark(&elements);
        for record in got {
            let (end, key) = (record.value.end.0, record.value.key);
            prop_assert_eq!(record.event_time.0, end - 1);
            let it = sessions.iter().find(|it| it.end == end && it.key == key).unwrap();
            let stamps = if end - 1 > last { Stamps::UNTIMED } else { newest(it.came.iter().copied()) };
            prop_assert_eq!(record.stamps, stamps);
        }
        let outcome = run(window.with_late(SidePort::new(0)), &elements);
        let by_end: Vec<_> = outcome.results.into_iter().map(|record| record.value).collect();
        prop_assert_eq!(by_end, expected);
        prop_assert_eq!(outcome.counters.late_records, late.len() as u64);
        let ended = sessions.iter().filter(|it| it.end - 1 <= last).count();
        prop_assert_eq!(outcome.counters.windows_closed, ended as u64);
        let amounts = |it: &dataflow::Record<_>| (it.event_time.0, it.value, it.stamps);
        let expected = late.iter().map(|came| (came.time, (came.key, came.amount), came.stamps));
        prop_assert!(outcome.late.iter().map(amounts).eq(expected));
    }
}
