//! Session windows.

use dataflow::operator::lateness::Fate;
use dataflow::operators::{Count, SessionResult, SessionWindow};
use dataflow::verify::{Element, at, late_notes, verify_keyed, watermark};
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
fn more_than_a_gap_ends_a_session_and_a_gap_does_not() {
    let input = vec![at(0, 1), at(9, 1), at(18, 1), at(28, 1), at(39, 1), watermark(100)];
    verify(input, vec![closed(1, 0, 38, 4), closed(1, 39, 49, 1)]);
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
    let input = vec![at(0, 1), at(60, 1), at(30, 1), at(19, 1), at(31, 1), watermark(i64::MAX)];
    let expected =
        vec![closed(1, 0, 10, 1), closed(1, 19, 29, 1), closed(1, 30, 41, 2), closed(1, 60, 70, 1)];
    verify(input, expected);
}

#[test]
fn a_session_closes_when_the_watermark_reaches_its_end() {
    for (last, expected) in [(12, vec![]), (13, vec![closed(1, 3, 13, 1)])] {
        verify(vec![at(3, 1), watermark(last)], expected);
    }
}

#[test]
fn one_that_has_grown_waits_for_its_new_end() {
    let input = vec![
        at(0, 1),
        at(5, 2),
        at(7, 1),
        watermark(10), // key 1 would have closed
        at(16, 1),
        watermark(17), // and again; closes key 2
        watermark(26), // closes key 1
        watermark(i64::MAX),
    ];
    let times = verify(input, vec![closed(2, 5, 15, 1), closed(1, 0, 26, 3)]);
    let stamps = Stamps { planned: 1, ingested: 1 };
    assert_eq!(times, [(15, stamps), (26, stamps)]);
}

#[test]
fn a_record_is_late_unless_an_open_session_takes_it_in() {
    let input = vec![
        at(20, 1),
        watermark(26),
        at(16, 1), // 16 to 26 would have closed, but it meets 20 to 30
        at(7, 1),  // 7 to 17 meets 16 to 30
        at(5, 2),  // late
        at(17, 2), // 17 to 27 is open
        watermark(30),
        at(20, 1), // late: its session has closed
        at(25, 1), // 25 to 35: a session of its own
        watermark(i64::MAX),
    ];
    let expected = vec![closed(2, 17, 27, 1), closed(1, 7, 30, 3), closed(1, 25, 35, 1)];
    verify(input.clone(), expected);
    let outcome = run(count_sessions(10).with_late(SidePort::new(0)), &input);
    assert_eq!((outcome.counters.late_records, outcome.counters.windows_closed), (2, 2));
    let fates: Vec<_> = late_notes(&count_sessions(10), &input)
        .iter()
        .map(|note| (note.event_time.0, note.watermark.0, note.fate))
        .collect();
    let mut expected = vec![
        (16, 26, Fate::Accepted),
        (7, 26, Fate::Accepted),
        (5, 26, Fate::Refused),
        (17, 26, Fate::Accepted),
        (20, 30, Fate::Refused),
        (25, 30, Fate::Accepted),
    ];
    expected.sort_unstable();
    let mut fates = fates;
    fates.sort_unstable();
    assert_eq!(fates, expected);
    let late: Vec<_> =
        outcome.late.iter().map(|record| (record.event_time.0, record.value)).collect();
    assert_eq!(late, [(5, 2), (20, 1)]);
}

#[test]
fn sessions_of_one_instant_close_by_key() {
    let input = vec![at(1, 9), at(1, 3), at(1, 7), at(0, 8), watermark(11)];
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

/// Merges whatever overlaps or touches, and closes by the watermark that every record has seen.
fn plain(gap: i64, records: &[Came]) -> (Vec<Plain<'_>>, Vec<&Came>) {
    let (mut open, mut closed, mut late): (Vec<Plain<'_>>, _, _) =
        (Vec::new(), Vec::new(), Vec::new());
    for came in records {
        let is_closed = |session: &mut Plain<'_>| session.end <= came.watermark;
        closed.extend(open.extract_if(.., is_closed));
        let (key, start, end) = (came.key, came.time, came.time + gap);
        let mut session = Plain { key, start, end, came: vec![came] };
        let meets = |it: &mut Plain<'_>| it.key == key && it.start <= end && start <= it.end;
        let meeting: Vec<_> = open.extract_if(.., meets).collect();
        if meeting.is_empty() && end <= came.watermark {
            late.push(came);
            continue;
        }
        for other in meeting {
            session.start = session.start.min(other.start);
            session.end = session.end.max(other.end);
            session.came.extend(other.came);
        }
        open.push(session);
    }
    closed.extend(open);
    (closed, late)
}

/// Whatever comes on time between two watermarks may come in any order.
#[test]
fn sessions_that_touch_are_one_whenever_the_watermark_comes() {
    for instant in 0..=10 {
        let input = vec![at(0, 1), watermark(instant - 1), at(10, 1), watermark(100)];
        verify(input, vec![closed(1, 0, 20, 2)]);
    }
    // At the end itself the other can no longer come on time.
    let input = vec![at(0, 1), watermark(10), at(10, 1), watermark(100)];
    verify(input, vec![closed(1, 0, 10, 1), closed(1, 10, 20, 1)]);
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
            prop_assert_eq!(record.event_time.0, end);
            let it = sessions.iter().find(|it| it.end == end && it.key == key).unwrap();
            let stamps = if end > last { Stamps::UNTIMED } else { newest(it.came.iter().copied()) };
            prop_assert_eq!(record.stamps, stamps);
        }
        let outcome = run(window.with_late(SidePort::new(0)), &elements);
        let by_end: Vec<_> = outcome.results.into_iter().map(|record| record.value).collect();
        prop_assert_eq!(by_end, expected);
        prop_assert_eq!(outcome.counters.late_records, late.len() as u64);
        let ended = sessions.iter().filter(|it| it.end <= last).count();
        prop_assert_eq!(outcome.counters.windows_closed, ended as u64);
        let amounts = |it: &dataflow::Record<_>| (it.event_time.0, it.value, it.stamps);
        let expected = late.iter().map(|came| (came.time, (came.key, came.amount), came.stamps));
        prop_assert!(outcome.late.iter().map(amounts).eq(expected));
    }

    /// As long as no record is late it does not matter where watermarks stand.
    #[test]
    fn the_answer_hangs_on_no_watermark(
        steps in proptest::collection::vec((0_i64..6, 0_i64..12, 0_u64..3, any::<bool>()), 1..200),
        gap in 1_i64..12,
    ) {
        let (mut now, mut input, mut records) = (0, Vec::new(), Vec::new());
        for (forward, back, key, told) in steps {
            now += forward;
            input.push(at(now - back, key));
            records.push((key, now - back));
            if told {
                // The next may be as early as this.
                input.push(watermark(now - 12));
            }
        }
        input.push(watermark(i64::MAX));
        records.sort_unstable();
        let mut expected: Vec<SessionResult<u64, u64>> = Vec::new();
        for (key, time) in records {
            match expected.last_mut() {
                Some(open) if open.key == key && time <= open.end.0 => {
                    open.end = EventTime(time + gap);
                    open.result += 1;
                }
                _ => expected.push(closed(key, time, time + gap, 1)),
            }
        }
        expected.sort_by_key(|it| (it.end, it.key));
        verify_keyed(count_sessions(gap), |x| *x, input.clone(), expected.clone());
        let outcome = run(count_sessions(gap), &input);
        prop_assert_eq!(outcome.counters.late_records, 0);
        let results: Vec<_> = outcome.results.into_iter().map(|record| record.value).collect();
        prop_assert_eq!(results, expected);
    }
}
