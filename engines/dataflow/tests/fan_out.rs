//! What an operator claims by its fan-out is checked: engines rely on it.

use dataflow::verify::{Element, records, verify_operator, watermark};
use dataflow::{Collect, EventTime, FanOut, Operator, Progress, Record, Step};

/// Makes what it should, and claims to make one result of each record.
#[derive(Clone)]
struct Claims(fn(Record<u64>) -> Vec<Record<u64>>, Option<u64>);

impl Operator for Claims {
    type In = u64;
    type Out = u64;
    const FAN_OUT: FanOut = FanOut::One;

    fn process(&mut self, record: Record<u64>, out: &mut impl Collect<u64>) {
        (self.0)(record).into_iter().for_each(|record| out.push(record));
    }

    fn advance(&mut self, _: Progress, out: &mut impl Collect<u64>) -> Step {
        if let Some(value) = self.1.take() {
            out.push(Record::untimed(value, EventTime(0)));
        }
        Step::Done
    }
}

fn input() -> Vec<Element<u64>> {
    let mut input = records([1, 2]);
    input.push(watermark(2));
    input
}

/// Makes two of each, and claims to make one at most.
#[derive(Clone)]
struct Doubles;

impl Operator for Doubles {
    type In = u64;
    type Out = u64;
    const FAN_OUT: FanOut = FanOut::AtMostOne;

    fn process(&mut self, record: Record<u64>, out: &mut impl Collect<u64>) {
        out.push(record);
        out.push(record);
    }
}

#[test]
#[should_panic(expected = "element 0 becomes 2")]
fn at_most_one_of_each_is_not_two() {
    verify_operator(Doubles, input(), vec![1, 1, 2, 2]);
}

#[test]
fn a_chain_makes_as_many_as_its_most_lavish_operator() {
    use FanOut::{AtMostOne, Many, One};
    for (first, row) in [
        (One, [One, AtMostOne, Many]),
        (AtMostOne, [AtMostOne, AtMostOne, Many]),
        (Many, [Many, Many, Many]),
    ] {
        assert_eq!([One, AtMostOne, Many].map(|second| first.then(second)), row, "{first:?}");
    }
}

#[test]
fn one_of_each_is_what_it_says() {
    verify_operator(Claims(|record| vec![record], None), input(), vec![1, 2]);
}

#[test]
#[should_panic(expected = "times of what element 0 becomes, by FanOut::One")]
fn one_of_each_is_not_none() {
    let odd = |record: Record<u64>| if record.value == 1 { Vec::new() } else { vec![record] };
    verify_operator(Claims(odd, None), input(), vec![2]);
}

#[test]
#[should_panic(expected = "times of what element 0 becomes, by FanOut::One")]
fn one_of_each_is_not_two() {
    let twice = |record| vec![record, record];
    verify_operator(Claims(twice, None), input(), vec![1, 1, 2, 2]);
}

#[test]
#[should_panic(expected = "times of what element 0 becomes, by FanOut::One")]
fn one_of_each_has_its_times() {
    let later = |record: Record<u64>| {
        let event_time = EventTime(record.event_time.0 + 1);
        vec![Record { event_time, ..record }]
    };
    verify_operator(Claims(later, None), input(), vec![1, 2]);
}

#[test]
#[should_panic(expected = "element 0 makes none, by FanOut::One")]
fn one_of_each_is_made_at_once() {
    verify_operator(Claims(|record| vec![record], Some(3)), vec![watermark(2)], vec![3]);
}
