//! Lets some records through.

use std::marker::PhantomData;

use crate::operator::{Collect, FanOut, Operator};
use crate::record::Record;

/// Keeps the records for which a predicate holds.
///
/// ```
/// use dataflow::operators::Filter;
/// use dataflow::verify::{records, verify_operator};
/// verify_operator(Filter::new(|x: &u64| x % 2 == 0), records([1, 2, 3, 4]), vec![2, 4]);
/// ```
#[derive(Debug)]
pub struct Filter<F, T> {
    predicate: F,
    types: PhantomData<fn(T)>,
}

impl<F, T> Filter<F, T> {
    /// With the predicate to hold.
    pub const fn new(predicate: F) -> Self {
        Self { predicate, types: PhantomData }
    }
}

impl<F: Clone, T> Clone for Filter<F, T> {
    fn clone(&self) -> Self {
        Self::new(self.predicate.clone())
    }
}

impl<F, T> Operator for Filter<F, T>
where
    F: Fn(&T) -> bool + Clone + Send + 'static,
    T: Clone + Send + 'static,
{
    type In = T;
    type Out = T;
    const FAN_OUT: FanOut = FanOut::AtMostOne;

    fn name(&self) -> &'static str {
        "filter"
    }

    #[inline(always)]
    fn process(&mut self, record: Record<T>, out: &mut impl Collect<T>) {
        if (self.predicate)(&record.value) {
            out.push(record);
        }
    }
}
