//! Timers and state of a user's own keyed logic: what fires, when, in which order, and once.

use dataflow::operators::{KeyedFunction, KeyedProcess, TimerContext};
use dataflow::verify::{Element, at, clock, verify_keyed, verify_operator, watermark};
use dataflow::{Collect, Data, EventTime, ProcessingTime, Record, Stamps};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

/// What the test orders for a key.
#[derive(Copy, Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Order {
    /// An event-time timer at this instant.
    Event(i64),
    /// A processing-time timer at this instant.
    Clock(u64),
    /// A processing-time timer so long after now.
    After(u64),
    /// Forgets the key.
    Forget,
}

#[derive(Copy, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Command {
    key: u64,
    order: Order,
}
impl Data for Command {}

/// A timer that fired: `e` or `p`, its key and time, and how many records the key has had.
type Fired = (char, u64, i64, u64);

/// Does as it is ordered and tells of every timer. An event-time timer at 100 or more sets
/// another one 50 earlier: due at once, behind those that are due before it.
#[derive(Clone)]
struct Obey;

impl KeyedFunction for Obey {
    type Key = u64;
    type In = Command;
    type State = u64;
    type Out = Fired;

    fn fresh(&self) -> u64 {
        0
    }

    fn process(
        &self,
        state: &mut u64,
        record: Record<Command>,
        context: &mut TimerContext<'_, u64>,
        _: &mut impl Collect<Fired>,
    ) {
        *state += 1;
        assert_eq!(*context.key, record.value.key);
        match record.value.order {
            Order::Event(time) => context.at_event_time(EventTime(time)),
            Order::Clock(time) => context.at_processing_time(ProcessingTime(time)),
            Order::After(nanos) => {
                context.at_processing_time(context.progress.processing_time.after(nanos));
            }
            Order::Forget => context.forget(),
        }
    }

    fn on_event_time(
        &self,
        state: &mut u64,
        time: EventTime,
        context: &mut TimerContext<'_, u64>,
        out: &mut impl Collect<Fired>,
    ) {
        assert!(time <= context.progress.watermark);
        if time.0 >= 100 {
            context.at_event_time(EventTime(time.0 - 50));
        }
        let value = ('e', *context.key, time.0, *state);
        out.push(Record { value, event_time: time, stamps: context.stamps });
    }

    fn on_processing_time(
        &self,
        state: &mut u64,
        time: ProcessingTime,
        context: &mut TimerContext<'_, u64>,
        out: &mut impl Collect<Fired>,
    ) {
        assert!(time <= context.progress.processing_time);
        let value = ('p', *context.key, time.0 as i64, *state);
        let event_time = context.progress.watermark;
        out.push(Record { value, event_time, stamps: context.stamps });
        if *state == 99 {
            context.forget();
        }
    }
}

fn order(key: u64, order: Order) -> Element<Command> {
    at(0, Command { key, order })
}

fn event(key: u64, time: i64) -> Element<Command> {
    order(key, Order::Event(time))
}

fn process() -> KeyedProcess<Obey, fn(&Command) -> u64> {
    KeyedProcess::new(|command: &Command| command.key, Obey)
}

fn verify(input: Vec<Element<Command>>, expected: Vec<Fired>) -> Vec<Stamps> {
    let got = verify_keyed(process(), |command| command.key, input, expected);
    got.iter().map(|record| record.stamps).collect()
}

#[test]
fn a_timer_set_twice_fires_once() {
    let input = vec![event(1, 10), event(1, 10), event(2, 10), watermark(10), watermark(20)];
    verify(input, vec![('e', 1, 10, 2), ('e', 2, 10, 1)]);
}

#[test]
fn a_timer_that_has_fired_can_be_set_again() {
    let input = vec![event(1, 10), watermark(10), event(1, 10), watermark(11)];
    verify(input, vec![('e', 1, 10, 1), ('e', 1, 10, 2)]);
}

#[test]
fn event_timers_fire_by_time_and_then_by_key() {
    let input = vec![
        event(9, 30),
        event(5, 20),
        event(7, 10),
        event(2, 20),
        event(7, 31),
        event(1, 30),
        watermark(30),
    ];
    let expected =
        vec![('e', 7, 10, 2), ('e', 2, 20, 1), ('e', 5, 20, 1), ('e', 1, 30, 1), ('e', 9, 30, 1)];
    verify(input, expected);
}

#[test]
fn a_timer_fires_when_the_watermark_reaches_it_and_not_before() {
    let input = vec![event(1, 10), watermark(9), event(1, 50), watermark(10), watermark(11)];
    verify(input, vec![('e', 1, 10, 2)]);
}

#[test]
fn a_timer_set_by_a_timer_fires_in_the_same_step_if_it_is_due() {
    let input = vec![event(1, 160), event(1, 120), event(2, 115), watermark(160)];
    let expected = vec![
        ('e', 2, 115, 1),
        ('e', 2, 65, 1),
        ('e', 1, 120, 2),
        ('e', 1, 70, 2),
        ('e', 1, 160, 2),
        ('e', 1, 110, 2),
        ('e', 1, 60, 2),
    ];
    verify(input, expected);
}

#[test]
fn a_forgotten_key_begins_afresh_and_its_timers_still_fire() {
    let input = vec![
        event(1, 10),
        event(1, 20),
        order(1, Order::Forget),
        watermark(10),
        event(1, 30),
        watermark(30),
    ];
    verify(input, vec![('e', 1, 10, 0), ('e', 1, 20, 1), ('e', 1, 30, 1)]);
}

#[test]
fn processing_timers_fire_by_the_clock_alone() {
    let input = vec![
        order(1, Order::Clock(40)),
        order(2, Order::Clock(30)),
        order(1, Order::Clock(30)),
        order(1, Order::Clock(41)),
        watermark(1_000),
        clock(29),
        clock(40),
        clock(40),
    ];
    verify(input, vec![('p', 1, 30, 3), ('p', 2, 30, 1), ('p', 1, 40, 3)]);
}

#[test]
fn a_timer_can_be_set_relative_to_the_clock() {
    let input = vec![clock(100), order(1, Order::After(20)), clock(119), clock(120)];
    verify(input, vec![('p', 1, 120, 1)]);
}

#[test]
fn both_kinds_of_timers_keep_to_their_own_time() {
    let input = vec![
        event(1, 50),
        order(1, Order::Clock(10)),
        clock(60),
        watermark(49),
        order(1, Order::Clock(70)),
        watermark(50),
        clock(70),
    ];
    verify(input, vec![('p', 1, 10, 2), ('e', 1, 50, 3), ('p', 1, 70, 3)]);
}

#[test]
fn the_next_processing_timer_is_what_wakes_the_stage() {
    use dataflow::exchange::{Exchange, Forward};
    use dataflow::stage::{FusedStage, InputPort, OneInput, Stage};
    use dataflow::{Batch, Outbox, Progress};

    let tail = Exchange::new(Forward, 0, 1, 1 << 15);
    let chain = dataflow::operator::Then::new(dataflow::operators::Input::default(), process());
    let mut stage = FusedStage::new(OneInput, chain, tail, Vec::new());
    let mut outbox = Outbox::new(&[1]);
    assert_eq!(stage.wake_at(), None);
    let commands = [Order::Clock(40), Order::Clock(30), Order::Event(5)];
    let records = commands.map(|order| Record::untimed(Command { key: 1, order }, EventTime(0)));
    let mut batch = Batch::of(records.to_vec());
    let _ = stage.process(InputPort(0), &mut batch, 3, &mut outbox).unwrap();
    for (now, next) in [(29, Some(30)), (30, Some(40)), (40, None)] {
        let progress = Progress { processing_time: ProcessingTime(now), ..Progress::START };
        let _ = stage.advance(progress, &mut outbox).unwrap();
        assert_eq!(stage.wake_at(), next.map(ProcessingTime), "at {now}");
    }
}

fn stamped(planned: u32, ingested: u32, order: Order) -> Element<Command> {
    let stamps = Stamps { planned, ingested };
    let value = Command { key: 1, order };
    Element::Record(Record { value, event_time: EventTime(0), stamps })
}

#[test]
fn what_a_timer_emits_carries_the_newest_stamps_of_its_key() {
    let input = vec![
        stamped(50, 60, Order::Event(10)),
        stamped(40, 70, Order::Event(20)),
        watermark(10),
        stamped(80, 90, Order::Event(20)),
        watermark(20),
    ];
    let got = verify(input, vec![('e', 1, 10, 2), ('e', 1, 20, 3)]);
    assert_eq!(got, [Stamps { planned: 50, ingested: 70 }, Stamps { planned: 80, ingested: 90 }]);
}

#[test]
fn what_only_the_end_of_the_input_releases_is_untimed() {
    let input = vec![event(1, 10), event(1, 20), watermark(10), watermark(i64::MAX)];
    let got = verify(input, vec![('e', 1, 10, 2), ('e', 1, 20, 2)]);
    assert_eq!(got, [Stamps { planned: 1, ingested: 1 }, Stamps::UNTIMED]);
}

#[test]
fn a_timer_of_a_forgotten_key_has_no_record_to_be_timed_by() {
    let input = vec![
        stamped(50, 60, Order::Event(10)),
        stamped(51, 61, Order::Event(20)),
        stamped(52, 62, Order::Forget),
        watermark(10),
        stamped(70, 80, Order::Event(30)),
        watermark(20),
    ];
    let got = verify_operator(process(), input, vec![('e', 1, 10, 0), ('e', 1, 20, 1)]);
    // Stamps of 0 would count the whole run so far as latency; a later record is timed again.
    assert_eq!(got[0].stamps, Stamps::UNTIMED);
    assert_eq!(got[1].stamps, Stamps { planned: 70, ingested: 80 });
}

#[test]
fn state_expires_when_nothing_has_used_it_for_its_ttl() {
    let count = |key| event(key, 100);
    let input = vec![
        clock(10),
        count(1),
        count(2),
        clock(109),
        count(1), // used again one instant before it expires
        clock(110),
        count(2), // expired: the count begins anew
        clock(209),
        count(1), // again expired
        watermark(2_000),
    ];
    // Two timers a key: the one set, and the one that it sets when it fires.
    let expected = vec![('e', 1, 100, 1), ('e', 2, 100, 1), ('e', 1, 50, 1), ('e', 2, 50, 1)];
    let process = process().with_state_ttl(100);
    let got = verify_keyed(process, |command| command.key, input.clone(), expected);
    assert_eq!(got.len(), 4);
    // Without a TTL nothing is forgotten.
    let expected = vec![('e', 1, 100, 3), ('e', 2, 100, 2), ('e', 1, 50, 3), ('e', 2, 50, 2)];
    verify(input, expected);
}

proptest! {
    /// Against a list of when each key was last used.
    #[test]
    fn state_lives_as_long_as_its_ttl(
        moves in proptest::collection::vec((0_u64..60, 0_u64..5), 1..60),
        ttl in 1_u64..100,
    ) {
        let mut input = Vec::new();
        let mut used: std::collections::BTreeMap<u64, (u64, u64)> = Default::default();
        let (mut now, mut expected) = (0, Vec::new());
        for (forward, key) in moves {
            now += forward;
            let (last, count) = used.get(&key).copied().unwrap_or((now, 0));
            let count = if last + ttl <= now { 1 } else { count + 1 };
            used.insert(key, (now, count));
            // A timer that is due at once tells the count.
            let due = Order::Event(now as i64 - 10_000);
            input.extend([clock(now), order(key, due), watermark(input.len() as i64)]);
            expected.push(('e', key, now as i64 - 10_000, count));
        }
        verify_keyed(process().with_state_ttl(ttl), |command| command.key, input, expected);
    }
}
