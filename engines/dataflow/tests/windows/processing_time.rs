//! Windows of processing time.

use std::collections::BTreeMap;

use dataflow::operator::snapshot::SnapshotWriter;
use dataflow::operators::{Count, ProcessingTimeWindow, WindowResult};
use dataflow::verify::{Element, at, clock, verify_keyed, watermark};
use dataflow::{Operator, ProcessingTime, Progress, Stamps, Step};
use proptest::prelude::*;

use crate::fixture::{
    Came, Summarize, Summary, key_of, many_keys, moves, newest, run, stream, summary,
};

type Counting = ProcessingTimeWindow<u64, fn(&u64) -> u64, Count<u64>>;

fn count_window() -> Counting {
    ProcessingTimeWindow::new(|x: &u64| *x, Count::default(), 10)
}

fn closed<R>(key: u64, end: u64, result: R) -> WindowResult<u64, R, ProcessingTime> {
    WindowResult { key, window_end: ProcessingTime(end), result }
}

#[test]
fn a_record_counts_when_it_is_processed() {
    let input = vec![
        at(500, 1), // at 0
        clock(9),
        at(2, 1),
        watermark(400), // closes nothing
        clock(10),      // closes [0, 10)
        at(3, 1),
        at(70, 2),
        clock(47), // closes [10, 20)
        at(4, 1),
        watermark(i64::MAX), // closes [40, 50)
    ];
    let expected = vec![closed(1, 10, 2), closed(1, 20, 1), closed(2, 20, 1), closed(1, 50, 1)];
    let got = verify_keyed(count_window(), |x| *x, input.clone(), expected);
    let mut times: Vec<_> = got.iter().map(|it| (it.event_time.0, it.stamps.is_timed())).collect();
    times[1..3].sort_unstable();
    assert_eq!(times, [(500, true), (3, true), (70, true), (4, false)]);
    let counters = run(count_window(), &input).counters;
    assert_eq!((counters.windows_closed, counters.fired, counters.late_records), (2, 4, 0));
}

#[test]
fn the_earliest_end_is_when_to_wake() {
    struct Nothing;
    impl<T> dataflow::Collect<T> for Nothing {
        fn push(&mut self, _: dataflow::Record<T>) {}
        fn side<S: dataflow::Data>(&mut self, _: dataflow::SidePort<S>, _: dataflow::Record<S>) {}
        fn is_full(&self) -> bool {
            false
        }
        fn fail(&mut self, failure: dataflow::Failure) {
            panic!("{failure}");
        }
        fn count(&mut self, _: dataflow::operator::Counted) {}
        fn late(&mut self, _: dataflow::operator::lateness::LateNote) {}
    }
    let now = |time| Progress { processing_time: ProcessingTime(time), ..Progress::START };
    let record = |element| match element {
        Element::Record(record) => record,
        _ => unreachable!("a record"),
    };
    let mut window = count_window();
    assert_eq!(window.advance(now(33), &mut Nothing), Step::Done);
    assert_eq!(window.wake_at(), None);
    window.process(record(at(0, 7)), &mut Nothing);
    assert_eq!(window.wake_at(), Some(ProcessingTime(40)));
    // Restored by a subtask whose clock is further on, it still wakes for the old window first.
    let mut writer = SnapshotWriter::default();
    window.snapshot(None, &mut writer);
    let snapshot = writer.finish(None).unwrap();
    let owns = dataflow::placement::Ownership::everything();
    let mut later = count_window();
    assert_eq!(later.advance(now(65), &mut Nothing), Step::Done);
    later
        .restore(&mut dataflow::operator::snapshot::SnapshotReader::new(&snapshot, &owns))
        .unwrap();
    later.process(record(at(0, 7)), &mut Nothing);
    assert_eq!(later.wake_at(), Some(ProcessingTime(40)));
    assert_eq!(later.advance(now(65), &mut Nothing), Step::Done);
    assert_eq!(later.wake_at(), Some(ProcessingTime(70)));
}

#[test]
fn a_clock_beyond_the_axis_is_held_there() {
    let end = i64::MAX as u64;
    let input = vec![clock(u64::MAX), at(0, 1), watermark(i64::MAX)];
    verify_keyed(count_window(), |x| *x, input, vec![closed(1, end, 1)]);
}

#[test]
fn many_keys_fire_through_an_outbox_of_one_slot() {
    let outcome = run(count_window(), &many_keys(1_000));
    assert!(outcome.peak_sealed <= 3, "more than a result and two watermarks waited");
    assert_eq!((outcome.counters.fired, outcome.counters.windows_closed), (1_000, 1));
    let mut got: Vec<_> = outcome.results.into_iter().map(|record| record.value).collect();
    got.sort_by_key(|closed| closed.key);
    assert!(got.into_iter().eq((0..1_000).map(|key| closed(key, 10, 1))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn agrees_with_plain_collections(
        moves in moves(),
        ticks in proptest::collection::vec(0_u64..9, 60),
        size in 1_i64..30,
    ) {
        // A clock that moves before every record.
        let (elements, records) = stream(&moves);
        let (mut input, mut now, mut ticks) = (Vec::new(), 0, ticks.into_iter());
        let mut windows: BTreeMap<(u64, u8), Vec<&Came>> = BTreeMap::new();
        let mut records = records.iter();
        for element in elements {
            if let Element::Record(_) = element {
                now += ticks.next().unwrap();
                input.push(clock(now));
                let (came, size) = (records.next().unwrap(), size as u64);
                windows.entry((now / size * size + size, came.key)).or_default().push(came);
            }
            input.push(element);
        }
        let row = |(&(end, key), came): (&(u64, u8), &Vec<&Came>)| {
            let amounts: Vec<u64> = came.iter().map(|came| came.amount).collect();
            WindowResult { key, window_end: ProcessingTime(end), result: summary(&amounts) }
        };
        let expected: Vec<WindowResult<u8, Summary, ProcessingTime>> =
            windows.iter().map(row).collect();
        let window = ProcessingTimeWindow::new(key_of, Summarize, size);
        let got = verify_keyed(window, key_of, input, expected);
        prop_assert!(got.is_sorted_by_key(|record| record.value.window_end));
        for record in got {
            let end = record.value.window_end.0;
            let came = &windows[&(end, record.value.key)];
            let newest_time = came.iter().map(|came| came.time).max();
            prop_assert_eq!(Some(record.event_time.0), newest_time);
            let is_timed = end <= now;
            let stamps = if is_timed { newest(came.iter().copied()) } else { Stamps::UNTIMED };
            prop_assert_eq!(record.stamps, stamps);
        }
    }
}
