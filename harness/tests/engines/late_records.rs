//! Records later than the bound: the models may differ in which they find late, but nothing is
//! lost and nothing is counted twice.

use std::collections::BTreeSet;

use dataflow::operators::{Count, WindowResult};
use dataflow::{Collect, EventTime, Record, SidePort, TwoInputOperator};

use crate::fixture::{
    Clock, Event, Events, MILLI, Setup, digest_of, engines, everywhere, key_of, mix, pick, run,
    windowed_counts,
};

const LATE: SidePort<Event> = SidePort::new(0);
const SIZE: i64 = 50 * MILLI as i64;

/// Whether it was late, then a window's key, end and count or a late event's key, 0 and number.
type Row = (bool, u64, i64, u64);

/// Puts both inputs into one result.
#[derive(Clone)]
struct Both;

impl TwoInputOperator for Both {
    type Left = WindowResult<u64, u64>;
    type Right = Event;
    type Out = Row;
    fn process_left(&mut self, record: Record<Self::Left>, out: &mut impl Collect<Row>) {
        let WindowResult { key, window_end, result } = record.value;
        out.push(record.with((false, key, window_end.0, result)));
    }
    fn process_right(&mut self, record: Record<Event>, out: &mut impl Collect<Row>) {
        let (key, number) = record.value;
        out.push(record.with((true, key, 0, number)));
    }
}

/// Up to 20 ms late, which the bound allows, and one event in so many half a second more.
fn with_stragglers(splits: u32, one_in: u64) -> Events {
    let within = Events::new(4_000).disordered(20);
    let time = within.clone();
    within.splits(splits).at(move |number| {
        let more = if is_straggler(number, one_in) { 500 * MILLI as i64 } else { 0 };
        time.event_time(number) - more
    })
}

fn is_straggler(number: u64, one_in: u64) -> bool {
    number % one_in == one_in - 1
}

#[test]
fn windows_hold_exactly_what_was_not_put_out_as_late() {
    everywhere(|engine, parallelism, clock| {
        // A tenth and a twentieth of all events.
        for (splits, one_in) in [(1, 10), (3, 20), (8, 10)] {
            let events = with_stragglers(splits, one_in);
            let settings = [
                ("max_offsets_per_trigger", 100.into()),
                ("watermark_interval_records", 32.into()),
            ];
            let finished =
                run(Setup::new(engine, parallelism, clock).settings(&settings), |sink| {
                    let windows = events.stream().key_by(key_of).window(SIZE).late_to(LATE);
                    let windows = windows.aggregate(Count::default());
                    let late = windows.side_output(LATE).key_by(key_of);
                    windows.key_by(|row| row.key).join(late, Both).sink(sink)
                });
            let rows: Vec<Row> = finished
                .collected
                .rows()
                .into_iter()
                .map(|row| serde_json::from_value(row).expect("a row"))
                .collect();
            let what = format!("{} at {parallelism}, {splits} splits, {clock:?}", engine.name());
            let late: BTreeSet<u64> =
                rows.iter().filter(|row| row.0).map(|&(_, _, _, number)| number).collect();
            let mut counted: Vec<_> = rows
                .iter()
                .filter(|row| !row.0)
                .map(|&(_, key, end, result)| WindowResult {
                    key,
                    window_end: EventTime(end),
                    result,
                })
                .collect();
            counted.sort_by_key(|row| (row.window_end, row.key));
            let on_time = events.all().filter(|((_, number), _)| !late.contains(number));
            assert_eq!(counted, windowed_counts(on_time, SIZE), "{what}");
            assert_eq!(finished.completion.counters.late_records, late.len() as u64, "{what}");
            let may_be_late = |number: &u64| is_straggler(*number, one_in);
            assert!(late.iter().all(may_be_late), "{what}: on time, and dropped");
            // A subtask that reads a split in two chunks at most may find nothing late, and one
            // that starts when the others have read everything holds their watermarks back.
            let must = splits < 8 && (matches!(clock, Clock::Virtual(_)) || parallelism == 1);
            assert!(!late.is_empty() || !must, "{what}: nothing was late");
        }
    });
}

#[test]
fn a_split_that_lags_holds_watermarks_back_in_one_model_and_is_late_in_the_other() {
    // Odd numbers are a split of their own, readable only when all even ones have been.
    let events = Events::new(2_000).splits(2);
    let events = events.planned(|number| number % 2 * 1_000 * MILLI);
    for (engine, parallelism) in engines().iter().flat_map(|it| [(it, 1), (it, 2), (it, 4)]) {
        let settings =
            [("max_offsets_per_trigger", 100.into()), ("watermark_interval_records", 32.into())];
        let setup = Setup::new(&**engine, parallelism, Clock::seeded(1)).settings(&settings);
        let finished = run(setup, |sink| {
            let windows = events.stream().key_by(key_of).window(SIZE);
            windows.aggregate(Count::default()).sink(sink)
        });
        let late = finished.completion.counters.late_records;
        let what = format!("{} at {parallelism}", engine.name());
        if engine.name() == "microbatch" {
            // The newest event of any split decides: as in Spark, odd events before the last
            // window that it has closed are late.
            assert_eq!(late, 975, "{what}");
            let by_the_one_behind = [&settings[..], &[("watermark", "min".into())]].concat();
            let setup = Setup::new(&**engine, parallelism, Clock::seeded(1));
            assert_nothing_late(setup.settings(&by_the_one_behind), &events);
        } else {
            // The slowest split decides.
            assert_eq!(late, 0, "{what}");
            assert_eq!(finished.digest, digest_of(windowed_counts(events.all(), SIZE)), "{what}");
        }
    }
}

/// Runs counts per window over events that must all be in time.
fn assert_nothing_late(setup: Setup<'_>, events: &Events) {
    let what = format!("{} at {}, {:?}", setup.engine.name(), setup.parallelism, setup.clock);
    let finished = run(setup, |sink| {
        let windows = events.stream().key_by(key_of).window(SIZE);
        windows.aggregate(Count::default()).sink(sink)
    });
    assert_eq!(finished.completion.counters.late_records, 0, "{what}");
    assert_eq!(finished.digest, digest_of(windowed_counts(events.all(), SIZE)), "{what}");
}

/// Splits that are in order by themselves, each as far behind the others as it may be, in the times of
/// its events and in when these come.
fn apart(seed: u64) -> Events {
    let splits = 1 + mix(seed) % 6;
    let draw = move |split: u64, what: u64| mix(mix(seed + what) + split);
    let time = move |number: u64| {
        let behind = draw(number % splits, 1) % 500 * MILLI;
        (number * MILLI) as i64 - behind as i64
    };
    let planned = move |number: u64| {
        let later = draw(number % splits, 2) % 300 * MILLI;
        number * MILLI / 4 + later
    };
    Events::new(100 + mix(seed + 3) % 900).splits(splits as u32).at(time).planned(planned)
}

#[test]
fn with_the_watermark_of_the_split_behind_nothing_is_late_that_is_in_order_in_its_split() {
    let mut late_otherwise = 0;
    for seed in 0..100 {
        let events = apart(seed);
        let (parallelism, most) = (1 + (mix(seed + 4) % 4) as u32, 1 + mix(seed + 5) % 300);
        let settings = [
            ("max_offsets_per_trigger", most.into()),
            ("watermark_interval_records", 32.into()),
            ("watermark", "min".into()),
        ];
        for engine in engines() {
            let setup = Setup::new(&*engine, parallelism, Clock::seeded(seed));
            assert_nothing_late(setup.settings(&settings), &events);
        }
        let engine = pick("microbatch");
        let setup = Setup::new(&*engine, parallelism, Clock::seeded(seed));
        let finished = run(setup.settings(&settings[..1]), |sink| {
            let windows = events.stream().key_by(key_of).window(SIZE);
            windows.aggregate(Count::default()).sink(sink)
        });
        late_otherwise += finished.completion.counters.late_records;
    }
    assert!(late_otherwise > 1_000, "by the split ahead only {late_otherwise} were late");
}
