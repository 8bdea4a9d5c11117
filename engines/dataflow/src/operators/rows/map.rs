//! One record in, one record out.

use std::marker::PhantomData;

use crate::operator::{Collect, FanOut, Operator};
use crate::record::Record;

/// Applies a function to every value.
///
/// ```
/// use dataflow::operators::Map;
/// use dataflow::verify::{records, verify_operator};
/// verify_operator(Map::new(|x: u64| x * 2), records([1, 2, 3]), vec![2, 4, 6]);
/// ```
#[derive(Debug)]
pub struct Map<F, I, O> {
    function: F,
    types: PhantomData<fn(I) -> O>,
}

impl<F, I, O> Map<F, I, O> {
    /// With the function to apply.
    pub const fn new(function: F) -> Self {
        Self { function, types: PhantomData }
    }
}

impl<F: Clone, I, O> Clone for Map<F, I, O> {
    fn clone(&self) -> Self {
        Self::new(self.function.clone())
    }
}

impl<F, I, O> Operator for Map<F, I, O>
where
    F: Fn(I) -> O + Clone + Send + 'static,
    I: Clone + Send + 'static,
    O: Clone + Send + 'static,
{
    type In = I;
    type Out = O;
    const FAN_OUT: FanOut = FanOut::One;

    fn name(&self) -> &'static str {
        "map"
    }

    #[inline(always)]
    fn process(&mut self, record: Record<I>, out: &mut impl Collect<O>) {
        let value = (self.function)(record.value);
        out.push(Record { value, event_time: record.event_time, stamps: record.stamps });
    }
}
