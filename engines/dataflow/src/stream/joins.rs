//! Two keyed streams brought together.

use super::{KeyedStream, Stream};
use crate::operators::{CoGroup, CoGroupWindow, Input, IntervalJoin, UnboundedJoin, WindowJoin};
use crate::record::data::{Data, Key};
use crate::stage::TwoInputs;

/// The stream behind an operator of two inputs that puts out `O`.
type Joined<O, J> = Stream<Input<O>, TwoInputs<J>>;

impl<T: Data, K: Key, F: Fn(&T) -> K + Clone + Send + 'static> KeyedStream<T, F> {
    /// Joins every record with all that came on the other side under the same key; `function`
    /// makes a result out of two rows, or finds that they do not belong together.
    pub fn inner_join<R, G, O, J>(
        self,
        right: KeyedStream<R, G>,
        function: J,
    ) -> Joined<O, UnboundedJoin<K, T, R, F, G, J>>
    where
        R: Data,
        G: Fn(&R) -> K + Clone + Send + 'static,
        O: Clone + Send + 'static,
        J: Fn(&T, &R) -> Option<O> + Clone + Send + 'static,
    {
        let operator = UnboundedJoin::new(self.key_of.clone(), right.key_of.clone(), function);
        self.join(right, operator)
    }

    /// Joins every record with those of the other side under the same key that happened between
    /// `lower` and `upper` nanoseconds after it, both inclusive.
    pub fn interval_join<R, G, O, J>(
        self,
        right: KeyedStream<R, G>,
        (lower_nanos, upper_nanos): (i64, i64),
        function: J,
    ) -> Joined<O, IntervalJoin<K, T, R, F, G, J>>
    where
        R: Data,
        G: Fn(&R) -> K + Clone + Send + 'static,
        O: Clone + Send + 'static,
        J: Fn(&T, &R) -> Option<O> + Clone + Send + 'static,
    {
        let keys = (self.key_of.clone(), right.key_of.clone());
        let operator = IntervalJoin::new(keys.0, keys.1, (lower_nanos, upper_nanos), function);
        self.join(right, operator)
    }

    /// Joins every record with those of the other side under the same key in the same tumbling
    /// window of `size_nanos` of event time, once the window closes.
    #[expect(clippy::type_complexity, reason = "a stream's type is its chain of operators")]
    pub fn window_join<R, G, O, J>(
        self,
        right: KeyedStream<R, G>,
        size_nanos: i64,
        function: J,
    ) -> Joined<O, CoGroupWindow<WindowJoin<K, T, R, F, G, J>>>
    where
        R: Data,
        G: Fn(&R) -> K + Clone + Send + 'static,
        O: Clone + Send + 'static,
        J: Fn(&T, &R) -> O + Clone + Send + 'static,
    {
        let join = WindowJoin::new(self.key_of.clone(), right.key_of.clone(), function);
        self.co_group_window(right, size_nanos, join)
    }

    /// Brings the records of both sides together that have the same key and tumbling window of
    /// `size_nanos` of event time.
    pub fn co_group_window<R, G, C>(
        self,
        right: KeyedStream<R, G>,
        size_nanos: i64,
        function: C,
    ) -> Joined<C::Out, CoGroupWindow<C>>
    where
        R: Data,
        G: Fn(&R) -> K + Clone + Send + 'static,
        C: CoGroup<Left = T, Right = R, Key = K>,
    {
        self.join(right, CoGroupWindow::new(function, size_nanos))
    }
}
