//! How many different values there are.

use std::collections::HashSet;
use std::hash::Hash;
use std::marker::PhantomData;

use foldhash::fast::FixedState;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::operators::Aggregator;
use crate::record::data::Data;

/// Counts different values exactly, as SQL's `COUNT(DISTINCT ..)`: every one is kept. Merging two
/// accumulators counts what both have once, so that it can be cut into panes.
///
/// ```
/// use dataflow::operators::{Aggregator, CountDistinct};
/// let users = CountDistinct::new(|click: &(u64, u64)| click.0);
/// let (mut first, mut second) = (users.fresh(), users.fresh());
/// [(7, 1), (8, 1), (7, 2)].iter().for_each(|click| users.add(&mut first, click));
/// users.add(&mut second, &(8, 3));
/// users.merge(&mut first, &second);
/// assert_eq!(users.result(&first), 2);
/// ```
#[derive(Debug)]
pub struct CountDistinct<T, V, F> {
    value_of: F,
    types: PhantomData<fn(T) -> V>,
}

impl<T, V, F> CountDistinct<T, V, F> {
    /// Of the values that a function finds.
    pub const fn new(value_of: F) -> Self {
        Self { value_of, types: PhantomData }
    }
}

impl<T, V, F: Clone> Clone for CountDistinct<T, V, F> {
    fn clone(&self) -> Self {
        Self::new(self.value_of.clone())
    }
}

/// Different values.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(
    transparent,
    bound(serialize = "V: Serialize", deserialize = "V: DeserializeOwned + Eq + Hash")
)]
pub struct Distinct<V>(HashSet<V, FixedState>);

impl<V> Data for Distinct<V> where
    V: Clone + Eq + Hash + Serialize + DeserializeOwned + Send + 'static
{
}

impl<T, V, F> Aggregator for CountDistinct<T, V, F>
where
    T: Clone + Send + 'static,
    V: Clone + Eq + Hash + Serialize + DeserializeOwned + Send + 'static,
    F: Fn(&T) -> V + Clone + Send + 'static,
{
    type In = T;
    type Accumulator = Distinct<V>;
    type Result = u64;

    fn fresh(&self) -> Distinct<V> {
        Distinct(HashSet::default())
    }
    fn add(&self, distinct: &mut Distinct<V>, value: &T) {
        distinct.0.insert((self.value_of)(value));
    }
    fn merge(&self, into: &mut Distinct<V>, from: &Distinct<V>) {
        into.0.extend(from.0.iter().cloned());
    }
    fn result(&self, distinct: &Distinct<V>) -> u64 {
        distinct.0.len() as u64
    }
}
