//! Deals records out to parts, so that one key's records can be counted in several places.

use std::marker::PhantomData;

use crate::operator::{Collect, FanOut, Operator};
use crate::record::Record;

/// Puts the number of a part, from 0, beside every value. It follows from the record's event time
/// alone, so a replay deals as before.
///
/// With the part in the key, a hot key is spread over as many subtasks; a second stage brings its
/// parts together. This is the two-stage aggregation that Flink SQL calls
/// `table.optimizer.distinct-agg.split`, and what Spark's users know as salting.
///
/// ```
/// use dataflow::operators::InParts;
/// use dataflow::verify::{records, verify_operator};
/// verify_operator(InParts::new(1), records(["a", "b"].map(str::to_owned)), vec![
///     (0, "a".to_owned()), (0, "b".to_owned()),
/// ]);
/// ```
#[derive(Debug)]
pub struct InParts<T> {
    parts: u32,
    values: PhantomData<fn(T)>,
}

impl<T> InParts<T> {
    /// Into this number of parts.
    ///
    /// # Panics
    /// Without parts.
    pub fn new(parts: u32) -> Self {
        assert!(parts > 0, "there is a part for every record");
        Self { parts, values: PhantomData }
    }
}

impl<T> Clone for InParts<T> {
    fn clone(&self) -> Self {
        Self { parts: self.parts, values: PhantomData }
    }
}

impl<T: Clone + Send + 'static> Operator for InParts<T> {
    type In = T;
    type Out = (u32, T);
    const FAN_OUT: FanOut = FanOut::One;

    fn name(&self) -> &'static str {
        "in parts"
    }

    #[inline(always)]
    fn process(&mut self, record: Record<T>, out: &mut impl Collect<(u32, T)>) {
        // Event times come at even distances: mixed, so that parts do not follow them in step.
        let mixed = (record.event_time.0 as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let part = ((mixed * u64::from(self.parts)) >> 32) as u32;
        let Record { value, event_time, stamps } = record;
        out.push(Record { value: (part, value), event_time, stamps });
    }
}
