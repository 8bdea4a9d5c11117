//! Joins of two streams, each against every pair of its rows.

use std::collections::BTreeMap;

use dataflow::operators::{
    CoGroup, CoGroupWindow, CountDistinct, IntervalJoin, UnboundedJoin, WindowJoin,
};
use dataflow::verify::Sided::{self, Left, Right};
use dataflow::verify::{Element, at, verify_keyed, verify_two_inputs, watermark};
use dataflow::{EventTime, Record, Stamps};
use proptest::prelude::*;

type Row = (u8, u32);
type Rows = Sided<Row, Row>;
type Pair = (u8, u32, u32);

fn key(row: &Row) -> u8 {
    row.0
}

fn pair(left: &Row, right: &Row) -> Pair {
    (left.0, left.1, right.1)
}

/// All pairs but those of a multiple of five.
fn most(left: &Row, right: &Row) -> Option<Pair> {
    (!(left.1 + right.1).is_multiple_of(5)).then(|| pair(left, right))
}

fn verify_interval(
    bounds: (i64, i64),
    input: Vec<Element<Rows>>,
    expected: Vec<Pair>,
) -> Vec<Record<Pair>> {
    let join =
        IntervalJoin::new(key, key, bounds, |left: &Row, right: &Row| Some(pair(left, right)));
    verify_two_inputs(join, key, key, input, expected)
}

#[test]
fn an_unbounded_join_remembers_both_sides() {
    let stamped = |time, value, planned| {
        let stamps = Stamps { planned, ingested: 9 - planned };
        Element::Record(Record { value, event_time: EventTime(time), stamps })
    };
    let input = vec![
        stamped(5, Left((1, 10)), 1),
        stamped(3, Right((1, 20)), 2),
        watermark(100),
        stamped(9, Right((2, 21)), 3),
        stamped(7, Left((1, 11)), 4),
        stamped(1, Right((1, 25)), 5),
    ];
    let join = UnboundedJoin::new(key, key, most);
    let expected = vec![(1, 11, 25), (1, 11, 20), (1, 10, 25), (1, 10, 20)];
    let expected: Vec<Pair> =
        expected.into_iter().filter(|pair| (pair.1 + pair.2) % 5 != 0).collect();
    assert_eq!(expected.len(), 2);
    let got = verify_two_inputs(join, key, key, input, expected);
    let mut times: Vec<_> =
        got.iter().map(|it| (it.event_time.0, it.stamps.planned, it.stamps.ingested)).collect();
    times.sort_unstable();
    // The later event time, and of each stamp the newer.
    assert_eq!(times, [(7, 4, 7), (7, 5, 5)]);
}

#[test]
fn both_bounds_of_an_interval_belong_to_it() {
    let right = |time, value| at(time, Right((1, value)));
    let input =
        vec![at(100, Left((1, 0))), right(97, 1), right(98, 2), right(105, 3), right(106, 4)];
    verify_interval((-2, 5), input, vec![(1, 0, 2), (1, 0, 3)]);
    let input = vec![right(102, 1), right(103, 2), right(105, 3), at(100, Left((1, 0)))];
    verify_interval((3, 4), input, vec![(1, 0, 2)]);
    let input = vec![right(96, 1), right(97, 2), right(98, 3), at(100, Left((1, 0)))];
    verify_interval((-3, -3), input, vec![(1, 0, 2)]);
}

#[test]
fn what_the_watermark_has_passed_is_late_and_the_rest_finds_all_its_partners() {
    let input = vec![
        at(10, Left((1, 1))),
        watermark(15), // the row at 10 reaches to 15
        at(15, Right((1, 2))),
        at(14, Right((1, 3))), // late, although its partner is still there
        watermark(16),
        at(16, Right((1, 4))),
        at(16, Left((1, 5))),
    ];
    verify_interval((0, 5), input, vec![(1, 1, 2), (1, 5, 4)]);
}

#[test]
fn intervals_reach_to_both_ends_of_time() {
    let (min, max) = (i64::MIN, i64::MAX);
    let input = vec![
        at(min, Left((1, 1))),
        at(min + 2, Right((1, 2))),
        at(max, Left((1, 3))),
        at(max, Right((1, 4))),
        watermark(max),
    ];
    verify_interval((-3, 3), input.clone(), vec![(1, 1, 2), (1, 3, 4)]);
    // The ends lie further apart than any bound.
    verify_interval((min, max), input, vec![(1, 1, 2), (1, 3, 4)]);
}

#[test]
fn a_window_joins_its_own_rows_once_it_closes() {
    let input = vec![
        at(0, Left((1, 1))),
        at(9, Right((1, 2))),
        at(10, Right((1, 3))), // the next window
        at(4, Left((1, 4))),
        at(5, Right((2, 5))), // nobody on the left
        watermark(8),
        watermark(9),
        at(9, Left((1, 6))), // late
        at(11, Left((1, 7))),
        watermark(i64::MAX),
    ];
    let join = CoGroupWindow::new(WindowJoin::new(key, key, pair), 10);
    let got = verify_two_inputs(join, key, key, input, vec![(1, 1, 2), (1, 4, 2), (1, 7, 3)]);
    let mut times: Vec<_> = got.iter().map(|it| (it.event_time.0, it.stamps.is_timed())).collect();
    times.sort_unstable();
    assert_eq!(times, [(9, true), (9, true), (19, false)]);
}

/// Sums of both sides, of keys that either has: a full outer join of aggregates.
#[derive(Clone)]
struct Sums;

impl CoGroup for Sums {
    type Key = u8;
    type Left = Row;
    type Right = Row;
    type Accumulator = (u32, u32);
    type Out = (u8, i64, u32, u32);

    fn left_key(&self, row: &Row) -> u8 {
        row.0
    }
    fn right_key(&self, row: &Row) -> u8 {
        row.0
    }
    fn fresh(&self) -> (u32, u32) {
        (0, 0)
    }
    fn add_left(&self, sums: &mut (u32, u32), row: Row) {
        sums.0 += row.1;
    }
    fn add_right(&self, sums: &mut (u32, u32), row: Row) {
        sums.1 += row.1;
    }
    fn results(
        &self,
        key: &u8,
        end: EventTime,
        sums: (u32, u32),
    ) -> impl IntoIterator<Item = Self::Out> {
        [(*key, end.0, sums.0, sums.1)]
    }
}

#[test]
fn distinct_values_are_counted_once_in_a_running_aggregate() {
    use dataflow::Change::{Insert, Update};
    use dataflow::operators::RunningAggregate;
    let distinct = CountDistinct::new(|row: &Row| row.1);
    let input = [(1, 7), (1, 8), (2, 7)].into_iter().zip(0..).map(|(row, time)| at(time, row));
    verify_keyed(
        RunningAggregate::new(key, distinct),
        key,
        input.collect(),
        vec![Insert((1, 1)), Update { before: (1, 1), after: (1, 2) }, Insert((2, 1))],
    );
}

/// A row, how far it lies behind the newest, and whether a watermark follows.
fn moves() -> impl Strategy<Value = Vec<(bool, u8, i64, i64, bool)>> {
    let one = (any::<bool>(), 0_u8..3, 0_i64..8, 0_i64..12, proptest::bool::weighted(0.3));
    proptest::collection::vec(one, 0..50)
}

/// The stream, none of it late, and its rows with their times.
fn stream(moves: &[(bool, u8, i64, i64, bool)]) -> (Vec<Element<Rows>>, Vec<(i64, Rows)>) {
    let (mut newest, mut last) = (-30, i64::MIN);
    let (mut elements, mut rows) = (Vec::new(), Vec::new());
    for (n, &(is_left, key, forward, behind, promise)) in (0..).zip(moves) {
        newest += forward;
        let time = (newest - behind).max(last.saturating_add(1));
        let row = if is_left { Left((key, n)) } else { Right((key, n)) };
        rows.push((time, row.clone()));
        elements.push(at(time, row));
        if promise {
            last = last.max(newest - 12);
            elements.push(watermark(last));
        }
    }
    elements.push(watermark(i64::MAX));
    (elements, rows)
}

/// Every left row with every right row of its key.
fn pairs(rows: &[(i64, Rows)], mut belong: impl FnMut(i64, i64) -> bool) -> Vec<Pair> {
    let mut found = Vec::new();
    for (left_time, left) in rows {
        for (right_time, right) in rows {
            if let (Left(left), Right(right)) = (left, right)
                && left.0 == right.0
                && belong(*left_time, *right_time)
            {
                found.push(pair(left, right));
            }
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_unbounded_join_finds_every_pair(moves in moves()) {
        let (elements, rows) = stream(&moves);
        let join = UnboundedJoin::new(key, key, most);
        let expected = pairs(&rows, |_, _| true).into_iter().filter(|it| (it.1 + it.2) % 5 != 0);
        verify_two_inputs(join, key, key, elements, expected.collect());
    }

    #[test]
    fn an_interval_join_finds_every_pair(moves in moves(), lower in -20_i64..20, length in 0_i64..30) {
        let (elements, rows) = stream(&moves);
        let expected = pairs(&rows, |left, right| (lower..=lower + length).contains(&(right - left)));
        verify_interval((lower, lower + length), elements, expected);
    }

    #[test]
    fn a_window_join_finds_every_pair(moves in moves(), size in 1_i64..25) {
        let (elements, rows) = stream(&moves);
        let expected = pairs(&rows, |left, right| left.div_euclid(size) == right.div_euclid(size));
        let join = CoGroupWindow::new(WindowJoin::new(key, key, pair), size);
        verify_two_inputs(join, key, key, elements, expected);
    }

    #[test]
    fn a_co_group_has_every_row_once(moves in moves(), size in 1_i64..25) {
        let (elements, rows) = stream(&moves);
        let mut sums: BTreeMap<(u8, i64), (u32, u32)> = BTreeMap::new();
        for (time, row) in rows {
            let end = (time.div_euclid(size) + 1) * size;
            match row {
                Left(row) => sums.entry((row.0, end)).or_default().0 += row.1,
                Right(row) => sums.entry((row.0, end)).or_default().1 += row.1,
            }
        }
        let expected = sums.into_iter().map(|((key, end), (left, right))| (key, end, left, right));
        verify_two_inputs(CoGroupWindow::new(Sums, size), key, key, elements, expected.collect());
    }
}
