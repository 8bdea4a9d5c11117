//! Operators that make changes out of rows, and rows out of changes: each against the whole of what
//! it stands for, computed anew after every step.

use std::collections::BTreeMap;

use dataflow::Change::{self, Delete, Insert, Update};
use dataflow::Data;
use dataflow::operators::{
    ChangelogAggregate, Deduplicate, IntegerAverage, Keep, PartByKey, RetractableMaximum, TopN,
};
use dataflow::verify::{Element, at, records, verify_keyed, verify_operator};
use proptest::prelude::*;

type Row = (u8, i64);

fn key(row: &Row) -> u8 {
    row.0
}

fn key_of_change(change: &Change<Row>) -> u8 {
    match change {
        Insert(row) | Delete(row) | Update { after: row, .. } => row.0,
    }
}

fn moved<T>(before: T, after: T) -> Change<T> {
    Update { before, after }
}

/// What is left of changes: every row that is there, with how often.
fn table<T: Data + Ord>(changes: impl IntoIterator<Item = Change<T>>) -> BTreeMap<T, i64> {
    let mut rows = BTreeMap::new();
    for change in changes {
        let (gone, new) = match change {
            Insert(new) => (None, Some(new)),
            Delete(gone) => (Some(gone), None),
            Update { before, after } => (Some(before), Some(after)),
        };
        gone.into_iter().for_each(|row| *rows.entry(row).or_default() -= 1);
        new.into_iter().for_each(|row| *rows.entry(row).or_default() += 1);
        rows.retain(|_, count| *count != 0);
    }
    assert!(rows.values().all(|count| *count > 0), "a row was taken back that was never there");
    rows
}

#[test]
fn ranks_move_when_a_row_comes_between() {
    let top = TopN::ranked(key, 3, |row: &Row| std::cmp::Reverse(row.1));
    let row = |rank: u32, value: i64| (rank, (1, value));
    verify_keyed(
        top,
        key,
        records([(1, 10), (1, 30), (1, 20), (1, 5), (1, 25)]),
        vec![
            Insert(row(1, 10)),
            moved(row(1, 10), row(1, 30)),
            Insert(row(2, 10)),
            moved(row(2, 10), row(2, 20)),
            Insert(row(3, 10)),
            // 5 is not among the best three; 25 moves 20 down and 10 out.
            moved(row(2, 20), row(2, 25)),
            moved(row(3, 10), row(3, 20)),
        ],
    );
}

#[test]
fn a_changed_row_can_change_its_group() {
    let input = records([
        Insert((1, 10)),
        Insert((1, 30)),
        moved((1, 30), (1, 20)),
        Delete((1, 20)),
        Delete((1, 10)),
        Insert((1, 7)),
    ]);
    let largest = RetractableMaximum::new(|row: &Row| row.1);
    verify_keyed(
        ChangelogAggregate::new(key, largest),
        key_of_change,
        input,
        vec![
            Insert((1, 10)),
            moved((1, 10), (1, 30)),
            moved((1, 30), (1, 20)),
            moved((1, 20), (1, 10)),
            Delete((1, 10)),
            Insert((1, 7)),
        ],
    );
    let parted = vec![Insert((1, 1)), Delete((1, 1)), Insert((2, 1)), moved((2, 1), (2, 3))];
    let input = records([Insert((1, 1)), moved((1, 1), (2, 1)), moved((2, 1), (2, 3))]);
    verify_operator(PartByKey::new(key), input, parted);
}

#[test]
#[should_panic(expected = "a row is taken back that was never there")]
fn what_was_never_there_cannot_be_taken_back() {
    let average = IntegerAverage::new(|row: &Row| row.1);
    let operator = ChangelogAggregate::new(key, average);
    verify_operator(operator, records([Insert((1, 1)), Delete((2, 1))]), vec![Insert((1, 1))]);
}

#[test]
fn the_first_row_is_kept_whatever_comes_when() {
    let input = vec![at(5, (1, 50)), at(7, (1, 10)), at(5, (1, 40)), at(2, (2, 9)), at(1, (1, 99))];
    let expected =
        vec![Insert((1, 50)), moved((1, 50), (1, 40)), Insert((2, 9)), moved((1, 40), (1, 99))];
    verify_keyed(Deduplicate::new(key, Keep::First), key, input, expected);
}

fn rows() -> impl Strategy<Value = Vec<(i64, Row)>> {
    proptest::collection::vec((0_i64..20, (0_u8..3, 0_i64..30)), 0..60)
}

/// Changes of rows that are there: what a number stands for depends on what is there.
fn changes(moves: &[(u8, usize, Row)]) -> Vec<Change<Row>> {
    let mut there: Vec<Row> = Vec::new();
    let mut made = Vec::new();
    for &(kind, place, row) in moves {
        match kind {
            1 if !there.is_empty() => made.push(Delete(there.swap_remove(place % there.len()))),
            2 if !there.is_empty() => {
                let place = place % there.len();
                // The same key: what `PartByKey` leaves.
                let after = (there[place].0, row.1);
                made.push(moved(std::mem::replace(&mut there[place], after), after));
            }
            _ => {
                there.push(row);
                made.push(Insert(row));
            }
        }
    }
    made
}

/// The groups of the rows that are left of changes, each by a function.
fn groups(changes: &[Change<Row>], of: impl Fn(&[i64]) -> i64) -> BTreeMap<Row, i64> {
    let mut groups: BTreeMap<u8, Vec<i64>> = BTreeMap::new();
    for ((key, value), count) in table(changes.iter().cloned()) {
        groups.entry(key).or_default().extend((0..count).map(|_| value));
    }
    groups.into_iter().map(|(key, values)| ((key, of(&values)), 1)).collect()
}

/// Results after every step are those of the rows that are there then.
fn check_aggregate<A>(aggregator: A, changes: &[Change<Row>], of: impl Fn(&[i64]) -> i64 + Copy)
where
    A: dataflow::operators::RetractingAggregator<In = Row, Result = i64>,
{
    let mut last = BTreeMap::new();
    let mut expected = Vec::new();
    for upto in 0..=changes.len() {
        let now = groups(&changes[..upto], of);
        let gone = last.keys().find(|row| !now.contains_key(*row)).copied();
        let new = now.keys().find(|row| !last.contains_key(*row)).copied();
        expected.extend(match (gone, new) {
            (Some(gone), Some(new)) => Some(moved(gone, new)),
            (Some(gone), None) => Some(Delete(gone)),
            (None, Some(new)) => Some(Insert(new)),
            (None, None) => None,
        });
        last = now;
    }
    let input: Vec<Element<Change<Row>>> = records(changes.iter().cloned());
    verify_keyed(ChangelogAggregate::new(key, aggregator), key_of_change, input, expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_best_rows_are_those_of_a_sort(rows in rows(), n in 1_usize..6) {
        let order = |row: &Row| (row.1 % 7, row.1);
        let input = records(rows.iter().map(|(_, row)| *row));
        let mut best: BTreeMap<(u32, Row), i64> = BTreeMap::new();
        for group in 0..3 {
            let mut own: Vec<Row> = rows.iter().map(|it| it.1).filter(|row| row.0 == group).collect();
            own.sort_by_key(|row| (order(row), *row));
            best.extend((1..).zip(own.into_iter().take(n)).map(|ranked| (ranked, 1)));
        }
        let mut operator = TopN::ranked(key, n, order);
        let got = run(&mut operator, &input);
        prop_assert_eq!(table(got.clone()), best.clone());
        verify_keyed(operator, key, input.clone(), got);
        // Without ranks, equal rows may be there more than once.
        let mut operator = TopN::unranked(key, n, order);
        let got = run(&mut operator, &input);
        let mut unranked = BTreeMap::new();
        best.into_keys().for_each(|(_, row)| *unranked.entry(row).or_default() += 1);
        prop_assert_eq!(table(got.clone()), unranked);
        verify_keyed(operator, key, input, got);
    }

    #[test]
    fn one_row_is_kept(rows in rows(), first in any::<bool>()) {
        let keep = if first { Keep::First } else { Keep::Last };
        let input: Vec<_> = rows.iter().map(|(time, row)| at(*time, *row)).collect();
        let mut kept = BTreeMap::new();
        for group in 0..3 {
            let own = rows.iter().filter(|(_, row)| row.0 == group);
            let row = if first { own.min() } else { own.max() };
            kept.extend(row.map(|(_, row)| (*row, 1)));
        }
        let mut operator = Deduplicate::new(key, keep);
        let got = run(&mut operator, &input);
        prop_assert_eq!(table(got.clone()), kept);
        verify_keyed(operator, key, input, got);
    }

    #[test]
    fn aggregates_are_those_of_the_rows_that_are_there(
        moves in proptest::collection::vec((0_u8..4, any::<usize>(), (0_u8..3, -20_i64..20)), 0..40)
    ) {
        let changes = changes(&moves);
        let average = |values: &[i64]| values.iter().sum::<i64>() / values.len() as i64;
        check_aggregate(IntegerAverage::new(|row: &Row| row.1), &changes, average);
        let largest = |values: &[i64]| *values.iter().max().unwrap();
        check_aggregate(RetractableMaximum::new(|row: &Row| row.1), &changes, largest);
    }
}

/// What an operator without time puts out, one record after the other.
fn run<Op: dataflow::Operator<In = Row, Out = Change<T>>, T: Data>(
    operator: &mut Op,
    input: &[Element<Row>],
) -> Vec<Change<T>> {
    struct Into<'a, T>(&'a mut Vec<T>);
    impl<T> dataflow::Collect<T> for Into<'_, T> {
        fn push(&mut self, record: dataflow::Record<T>) {
            self.0.push(record.value);
        }
        fn is_full(&self) -> bool {
            false
        }
        fn count(&mut self, _: dataflow::operator::Counted) {}
        fn late(&mut self, _: dataflow::operator::lateness::LateNote) {}
        fn side<S: Data>(&mut self, _: dataflow::SidePort<S>, _: dataflow::Record<S>) {}
        fn fail(&mut self, failure: dataflow::operator::Failure) {
            panic!("{failure:?}");
        }
    }
    let mut operator = operator.clone();
    let mut got = Vec::new();
    for element in input {
        if let Element::Record(record) = element {
            operator.process(*record, &mut Into(&mut got));
        }
    }
    got
}
