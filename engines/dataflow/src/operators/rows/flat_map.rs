//! One record in, any number out.

use std::marker::PhantomData;

use crate::operator::{Collect, Operator};
use crate::record::Record;

/// Turns every value into the values of an iterator.
///
/// ```
/// use dataflow::operators::FlatMap;
/// use dataflow::verify::{records, verify_operator};
/// verify_operator(FlatMap::new(|n: u64| 0..n), records([2, 0, 1]), vec![0, 1, 0]);
/// ```
#[derive(Debug)]
pub struct FlatMap<F, I, It> {
    function: F,
    types: PhantomData<fn(I) -> It>,
}

impl<F, I, It> FlatMap<F, I, It> {
    /// With the function to apply.
    pub const fn new(function: F) -> Self {
        Self { function, types: PhantomData }
    }
}

impl<F: Clone, I, It> Clone for FlatMap<F, I, It> {
    fn clone(&self) -> Self {
        Self::new(self.function.clone())
    }
}

impl<F, I, It> Operator for FlatMap<F, I, It>
where
    F: Fn(I) -> It + Clone + Send + 'static,
    I: Clone + Send + 'static,
    It: IntoIterator + 'static,
    It::Item: Clone + Send + 'static,
{
    type In = I;
    type Out = It::Item;

    fn name(&self) -> &'static str {
        "flat_map"
    }

    fn process(&mut self, record: Record<I>, out: &mut impl Collect<It::Item>) {
        let (event_time, stamps) = (record.event_time, record.stamps);
        for value in (self.function)(record.value) {
            out.push(Record { value, event_time, stamps });
        }
    }
}
