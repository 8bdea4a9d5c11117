//! Watermarks are promises: merging must keep the smallest, and none may be taken back.

use dataflow::EventTime;
use dataflow::operator::progress::{BoundedOutOfOrderness, WatermarkMerger};
use proptest::prelude::*;

fn smallest(inputs: &[EventTime]) -> EventTime {
    inputs.iter().copied().min().expect("there are inputs")
}

proptest! {
    /// Steps of 0 and a narrow range make inputs meet at the minimum again and again, which is
    /// where counting them can go wrong.
    #[test]
    fn merging_gives_the_smallest_and_tells_every_rise_once(
        inputs in 1_usize..6,
        steps in proptest::collection::vec((0_usize..6, 0_i64..4), 0..400),
    ) {
        let mut merger = WatermarkMerger::new(inputs);
        let mut naive = vec![EventTime::MIN; inputs];
        prop_assert_eq!(merger.watermark(), EventTime::MIN);
        for (input, step) in steps {
            let input = input % inputs;
            let before = smallest(&naive);
            naive[input] = EventTime(naive[input].0.max(0) + step);
            let after = smallest(&naive);
            let told = merger.update(input, naive[input]);
            prop_assert_eq!(told, (after > before).then_some(after));
            prop_assert_eq!(merger.watermark(), after);
        }
        // The end of every input, in turn, is the end of the merged stream, and told once.
        let ends = (0..inputs).filter_map(|input| merger.update(input, EventTime::MAX));
        prop_assert_eq!(ends.last(), Some(EventTime::MAX));
        prop_assert_eq!(merger.update(0, EventTime::MAX), None);
    }

    #[test]
    fn out_of_orderness_is_the_newest_less_the_bound_less_one(
        bound in 0_i64..1_000_000,
        times in proptest::collection::vec(-1_000_000_i64..1_000_000, 1..50),
    ) {
        let mut watermarks = BoundedOutOfOrderness::new(bound);
        let mut newest = i64::MIN;
        for time in times {
            watermarks.observe(EventTime(time));
            newest = newest.max(time);
            prop_assert_eq!(watermarks.watermark(), EventTime(newest - bound - 1));
        }
    }
}

#[test]
fn the_slowest_input_holds_the_others_back_until_it_ends() {
    let mut merger = WatermarkMerger::new(3);
    assert_eq!(merger.update(0, EventTime(10)), None);
    assert_eq!(merger.update(1, EventTime(20)), None);
    assert_eq!(merger.update(2, EventTime(5)), Some(EventTime(5)));
    assert_eq!(merger.update(2, EventTime::MAX), Some(EventTime(10)));
    assert_eq!(merger.update(0, EventTime(30)), Some(EventTime(20)));
}

#[test]
fn nothing_is_promised_before_the_first_event_however_large_the_bound() {
    for bound in [0, 1, i64::MAX] {
        assert_eq!(BoundedOutOfOrderness::new(bound).watermark(), EventTime::MIN);
    }
}

#[test]
fn without_inputs_there_is_nothing_to_wait_for() {
    assert_eq!(WatermarkMerger::new(0).watermark(), EventTime::MAX);
}

#[test]
#[should_panic(expected = "input 1 took back its watermark")]
fn an_input_at_the_minimum_cannot_go_back() {
    let mut merger = WatermarkMerger::new(2);
    merger.update(1, EventTime(7));
    merger.update(1, EventTime(6));
}

#[test]
#[should_panic(expected = "input 0 took back its watermark")]
fn an_input_ahead_of_the_others_cannot_go_back() {
    let mut merger = WatermarkMerger::new(2);
    merger.update(1, EventTime(7));
    merger.update(0, EventTime(9));
    merger.update(0, EventTime(8));
}
