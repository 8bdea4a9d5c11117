//! One record in, one or none out.

use std::marker::PhantomData;

use crate::operator::{Collect, FanOut, Operator};
use crate::record::Record;

/// Turns every value into another or into nothing.
///
/// ```
/// use dataflow::operators::FilterMap;
/// use dataflow::verify::{records, verify_operator};
/// let parsed = FilterMap::new(|text: String| text.parse::<u64>().ok());
/// verify_operator(parsed, records(["1", "two", "3"].map(str::to_owned)), vec![1, 3]);
/// ```
#[derive(Debug)]
pub struct FilterMap<F, I, O> {
    function: F,
    types: PhantomData<fn(I) -> O>,
}

impl<F, I, O> FilterMap<F, I, O> {
    /// With the function to apply.
    pub const fn new(function: F) -> Self {
        Self { function, types: PhantomData }
    }
}

impl<F: Clone, I, O> Clone for FilterMap<F, I, O> {
    fn clone(&self) -> Self {
        Self::new(self.function.clone())
    }
}

impl<F, I, O> Operator for FilterMap<F, I, O>
where
    F: Fn(I) -> Option<O> + Clone + Send + 'static,
    I: Clone + Send + 'static,
    O: Clone + Send + 'static,
{
    type In = I;
    type Out = O;
    const FAN_OUT: FanOut = FanOut::AtMostOne;

    fn name(&self) -> &'static str {
        "filter_map"
    }

    #[inline(always)]
    fn process(&mut self, record: Record<I>, out: &mut impl Collect<O>) {
        let (event_time, stamps) = (record.event_time, record.stamps);
        if let Some(value) = (self.function)(record.value) {
            out.push(Record { value, event_time, stamps });
        }
    }
}
