//! Every engine gives the answer of a plain computation.

use std::collections::BTreeMap;

use dataflow::operators::Count;
use dataflow::{Change, Collect, Operator, Record, SidePort, TwoInputOperator};

use crate::fixture::{
    Clock, Event, Events, Setup, digest_of, everywhere, key_of, keyed_counts, run, windowed_counts,
};

/// Splits that answers are checked with; some leave subtasks without any.
const SPLITS: [u32; 3] = [1, 3, 8];

#[test]
fn a_mapped_record_is_there_once() {
    everywhere(|engine, parallelism, clock| {
        for splits in SPLITS {
            let events = Events::new(1_000).splits(splits);
            let finished = run(Setup::new(engine, parallelism, clock), |sink| {
                events.stream().map(|(key, number): Event| (key, number * 3)).sink(sink)
            });
            let expected = events.all().map(|((key, number), _)| (key, number * 3));
            assert_eq!(finished.digest, digest_of(expected), "{}", engine.name());
            assert_eq!(finished.completion.records_in, 1_000);
            assert_eq!(finished.completion.records_out, 1_000);
            assert_eq!(finished.collected.rows().len(), 1_000);
            assert!(!finished.completion.interrupted);
        }
    });
}

#[test]
fn filter_and_flat_map_let_through_and_multiply() {
    everywhere(|engine, parallelism, clock| {
        let events = Events::new(500);
        let finished = run(Setup::new(engine, parallelism, clock), |sink| {
            let odd = events.stream().filter(|event: &Event| event.1 % 2 == 1);
            odd.flat_map(|(key, number): Event| (0..number % 5).map(move |it| (key, it))).sink(sink)
        });
        let odd = events.all().filter(|((_, number), _)| number % 2 == 1);
        let rows = odd.flat_map(|((key, number), _)| (0..number % 5).map(move |it| (key, it)));
        assert_eq!(finished.digest, digest_of(rows), "{}", engine.name());
        assert_eq!(finished.completion.records_in, 500);
    });
}

#[test]
fn changes_of_a_running_count_leave_the_counts() {
    everywhere(|engine, parallelism, clock| {
        for splits in SPLITS {
            let events = Events::new(2_000).splits(splits).keys(37);
            let finished = run(Setup::new(engine, parallelism, clock), |sink| {
                events.stream().key_by(key_of).aggregate(Count::default()).sink_changes(sink)
            });
            let expected = digest_of(keyed_counts(events.all()));
            assert_eq!(finished.digest, expected, "{} at {parallelism}", engine.name());
            assert_eq!(finished.completion.records_in, 2_000);
            assert_eq!(finished.completion.records_out, 2_000, "one change per record");
            let [exchange] = &finished.completion.exchanges[..] else { panic!("one exchange") };
            assert_eq!(exchange.records.iter().sum::<u64>(), 2_000);
        }
    });
}

#[test]
fn windows_count_what_is_in_them_in_order_and_in_disorder() {
    let size = 50_000_000;
    everywhere(|engine, parallelism, clock| {
        for (splits, disorder) in SPLITS.into_iter().flat_map(|it| [(it, 0), (it, 120)]) {
            let events = Events::new(6_000).splits(splits).keys(7).disordered(disorder);
            let setup = Setup::new(engine, parallelism, clock);
            let few = [
                ("max_offsets_per_trigger", 100.into()),
                ("watermark_interval_records", 64.into()),
            ];
            let finished = run(setup.settings(&few), |sink| {
                let windows = events.stream().key_by(key_of).window(size);
                windows.aggregate(Count::default()).sink(sink)
            });
            let expected = digest_of(windowed_counts(events.all(), size));
            let what = format!("{} at {parallelism}, {splits} splits", engine.name());
            assert_eq!(finished.digest, expected, "{what}, up to {disorder} ms late");
            assert_eq!(finished.completion.counters.late_records, 0, "{what}");
            // On the wall clock a source subtask without splits may be the last to start; until it
            // says that it has nothing, watermarks wait for it.
            let closed = finished.completion.counters.windows_closed;
            let may_wait = matches!(clock, Clock::Wall) && parallelism > splits;
            assert!(closed > 0 || may_wait, "{what}: no window closed before the end");
        }
    });
}

#[test]
fn two_stages_of_windows_count_the_first_stage_s_results() {
    let size = 100_000_000;
    everywhere(|engine, parallelism, clock| {
        let events = Events::new(2_000).keys(50).disordered(30);
        let few =
            [("max_offsets_per_trigger", 150.into()), ("watermark_interval_records", 64.into())];
        let finished = run(Setup::new(engine, parallelism, clock).settings(&few), |sink| {
            let first = events.stream().key_by(key_of).window(size).aggregate(Count::default());
            // How many keys had this count in this window: results keep their window's last
            // instant as event time, so the second stage's windows are the first's.
            let second = first.key_by(|row| row.result).window(size).aggregate(Count::default());
            second.sink(sink)
        });
        let first = windowed_counts(events.all(), size);
        let again = first.into_iter().map(|row| ((row.result, 0), row.window_end.0 - 1));
        let expected = digest_of(windowed_counts(again, size));
        assert_eq!(finished.digest, expected, "{} at {parallelism}", engine.name());
        assert_eq!(finished.completion.counters.late_records, 0, "{}", engine.name());
    });
}

/// Even numbers go on, odd ones to the side.
#[derive(Clone)]
struct Part;
const ODD: SidePort<Event> = SidePort::new(0);

impl Operator for Part {
    type In = Event;
    type Out = Event;
    fn name(&self) -> &'static str {
        "part"
    }
    fn process(&mut self, record: Record<Event>, out: &mut impl Collect<Event>) {
        if record.value.1.is_multiple_of(2) { out.push(record) } else { out.side(ODD, record) }
    }
}

/// Per key, how many came by either input.
#[derive(Clone, Default)]
struct CountBoth(BTreeMap<u64, (u64, u64)>);
type BothCounts = (u64, (u64, u64));

impl CountBoth {
    fn add(
        &mut self,
        record: Record<Event>,
        add: (u64, u64),
        out: &mut impl Collect<Change<BothCounts>>,
    ) {
        let key = record.value.0;
        let before = self.0.get(&key).copied();
        let (left, right) = before.unwrap_or_default();
        let after = (left + add.0, right + add.1);
        self.0.insert(key, after);
        out.push(record.with(match before {
            None => Change::Insert((key, after)),
            Some(before) => Change::Update { before: (key, before), after: (key, after) },
        }));
    }
}

impl TwoInputOperator for CountBoth {
    type Left = Event;
    type Right = Event;
    type Out = Change<BothCounts>;
    fn process_left(&mut self, record: Record<Event>, out: &mut impl Collect<Self::Out>) {
        self.add(record, (1, 0), out);
    }
    fn process_right(&mut self, record: Record<Event>, out: &mut impl Collect<Self::Out>) {
        self.add(record, (0, 1), out);
    }
}

#[test]
fn a_side_output_joins_its_main_stream_by_key() {
    everywhere(|engine, parallelism, clock| {
        for splits in SPLITS {
            let events = Events::new(900).splits(splits).keys(23);
            let finished = run(Setup::new(engine, parallelism, clock), |sink| {
                let parted = events.stream().then(Part);
                let odd = parted.side_output(ODD).key_by(key_of);
                parted.key_by(key_of).join(odd, CountBoth::default()).sink_changes(sink)
            });
            let what = format!("{} at {parallelism}, {splits} splits", engine.name());
            assert_eq!(finished.digest, digest_of(both_counts(&events)), "{what}");
        }
    });
}

#[test]
fn a_forwarded_side_output_stays_with_its_subtask_until_it_is_keyed() {
    everywhere(|engine, parallelism, clock| {
        let events = Events::new(400).keys(5);
        let finished = run(Setup::new(engine, parallelism, clock), |sink| {
            let parted = events.stream().then(Part);
            let odd = parted.side_output(ODD).forward().map(|event: Event| event).key_by(key_of);
            parted.key_by(key_of).join(odd, CountBoth::default()).sink_changes(sink)
        });
        let what = format!("{} at {parallelism}", engine.name());
        assert_eq!(finished.digest, digest_of(both_counts(&events)), "{what}");
        let exchanged: Vec<u64> =
            finished.completion.exchanges.iter().map(|it| it.records.iter().sum()).collect();
        assert_eq!(exchanged, [200, 200], "{what}: a forward edge is no exchange");
    });
}

/// Even and odd events per key.
fn both_counts(events: &Events) -> BTreeMap<u64, (u64, u64)> {
    let mut counts: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
    for ((key, number), _) in events.all() {
        let (even, odd) = counts.entry(key).or_default();
        if number % 2 == 0 { *even += 1 } else { *odd += 1 }
    }
    counts
}
