//! The head of every chain: hands records on as they came.

use std::marker::PhantomData;

use crate::operator::{Collect, FanOut, Operator};
use crate::record::Record;

/// The events of a workload, or what an exchange brings, untouched.
#[derive(Debug)]
pub struct Input<T>(PhantomData<fn(T) -> T>);

impl<T> Default for Input<T> {
    fn default() -> Self {
        Self(PhantomData)
    }
}
impl<T> Clone for Input<T> {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl<T: Clone + Send + 'static> Operator for Input<T> {
    type In = T;
    type Out = T;
    const FAN_OUT: FanOut = FanOut::One;

    fn name(&self) -> &'static str {
        "input"
    }

    #[inline(always)]
    fn process(&mut self, record: Record<T>, out: &mut impl Collect<T>) {
        out.push(record);
    }
}
