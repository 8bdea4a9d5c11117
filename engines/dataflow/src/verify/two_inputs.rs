//! An operator of two inputs is run as one of one input whose records say by which side they come.

use std::fmt::Debug;

use serde::{Deserialize, Serialize};

use super::{Element, verify_keyed};
use crate::operator::progress::{Progress, Step};
use crate::operator::snapshot::{RestoreError, SnapshotReader, SnapshotWriter, Version};
use crate::operator::{Collect, Operator, TwoInputOperator};
use crate::record::Record;
use crate::record::data::{Data, Key};
use crate::record::time::ProcessingTime;

/// A record of either input of an operator that has two.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "L: Data, R: Data")]
pub enum Sided<L, R> {
    /// Of the left one.
    Left(L),
    /// Of the right one.
    Right(R),
}

impl<L: Data, R: Data> Data for Sided<L, R> {}

/// An operator of two inputs as one of one.
#[derive(Clone)]
struct OneInputOf<J>(J);

impl<J: TwoInputOperator> Operator for OneInputOf<J> {
    type In = Sided<J::Left, J::Right>;
    type Out = J::Out;

    fn name(&self) -> &'static str {
        self.0.name()
    }
    fn process(&mut self, record: Record<Self::In>, out: &mut impl Collect<J::Out>) {
        let Record { value, event_time, stamps } = record;
        match value {
            Sided::Left(value) => self.0.process_left(Record { value, event_time, stamps }, out),
            Sided::Right(value) => self.0.process_right(Record { value, event_time, stamps }, out),
        }
    }
    fn advance(&mut self, progress: Progress, out: &mut impl Collect<J::Out>) -> Step {
        self.0.advance(progress, out)
    }
    fn snapshot(&mut self, since: Option<Version>, into: &mut SnapshotWriter) {
        self.0.snapshot(since, into);
    }
    fn restore(&mut self, from: &mut SnapshotReader<'_>) -> Result<(), RestoreError> {
        self.0.restore(from)
    }
    fn wake_at(&self) -> Option<ProcessingTime> {
        self.0.wake_at()
    }
}

/// As [`verify_keyed`], for an operator of two inputs that are keyed alike.
///
/// # Panics
/// When it does not turn `input` into `expected`.
pub fn verify_two_inputs<J, K>(
    operator: J,
    left_key: impl Fn(&J::Left) -> K,
    right_key: impl Fn(&J::Right) -> K,
    input: Vec<Element<Sided<J::Left, J::Right>>>,
    expected: Vec<J::Out>,
) -> Vec<Record<J::Out>>
where
    J: TwoInputOperator<Out: Data + PartialEq + Debug>,
    K: Key,
{
    let key_of = |record: &Sided<J::Left, J::Right>| match record {
        Sided::Left(left) => left_key(left),
        Sided::Right(right) => right_key(right),
    };
    verify_keyed(OneInputOf(operator), key_of, input, expected)
}
