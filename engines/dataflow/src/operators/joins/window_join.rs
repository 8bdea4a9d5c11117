//! The inner join of two streams within windows.

use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

use crate::operators::CoGroup;
use crate::record::data::{Data, Key};
use crate::record::time::EventTime;

/// Joins every row of the left with every row of the right that has its key and window: a
/// [`CoGroup`] for [`crate::operators::CoGroupWindow`].
#[derive(Debug)]
pub struct WindowJoin<K, L, R, KL, KR, F> {
    left_key: KL,
    right_key: KR,
    function: F,
    types: PhantomData<fn(L, R) -> K>,
}

impl<K, L, R, KL, KR, F> WindowJoin<K, L, R, KL, KR, F> {
    /// By the keys that two functions find; `function` makes a result out of two rows.
    pub const fn new(left_key: KL, right_key: KR, function: F) -> Self {
        Self { left_key, right_key, function, types: PhantomData }
    }
}

impl<K, L, R, KL: Clone, KR: Clone, F: Clone> Clone for WindowJoin<K, L, R, KL, KR, F> {
    fn clone(&self) -> Self {
        Self::new(self.left_key.clone(), self.right_key.clone(), self.function.clone())
    }
}

/// The rows of both sides.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "L: Data, R: Data")]
pub struct BothSides<L, R> {
    left: Vec<L>,
    right: Vec<R>,
}

impl<L: Data, R: Data> Data for BothSides<L, R> {}

impl<K, L, R, O, KL, KR, F> CoGroup for WindowJoin<K, L, R, KL, KR, F>
where
    K: Key,
    L: Data,
    R: Data,
    O: Clone + Send + 'static,
    KL: Fn(&L) -> K + Clone + Send + 'static,
    KR: Fn(&R) -> K + Clone + Send + 'static,
    F: Fn(&L, &R) -> O + Clone + Send + 'static,
{
    type Key = K;
    type Left = L;
    type Right = R;
    type Accumulator = BothSides<L, R>;
    type Out = O;

    fn left_key(&self, row: &L) -> K {
        (self.left_key)(row)
    }
    fn right_key(&self, row: &R) -> K {
        (self.right_key)(row)
    }
    fn fresh(&self) -> BothSides<L, R> {
        BothSides { left: Vec::new(), right: Vec::new() }
    }
    fn add_left(&self, both: &mut BothSides<L, R>, row: L) {
        both.left.push(row);
    }
    fn add_right(&self, both: &mut BothSides<L, R>, row: R) {
        both.right.push(row);
    }
    fn results(&self, _: &K, _: EventTime, both: BothSides<L, R>) -> impl IntoIterator<Item = O> {
        let BothSides { left, right } = both;
        left.into_iter().flat_map(move |left| {
            let results = right.iter().map(|right| (self.function)(&left, right));
            results.collect::<Vec<_>>()
        })
    }
}
