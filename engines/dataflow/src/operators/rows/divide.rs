//! One stream in, two out: the main output and a side output.

use std::marker::PhantomData;

use crate::operator::{Collect, FanOut, Operator, SidePort};
use crate::record::Record;
use crate::record::data::Data;

/// Where [`Divide`] sends a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Divided<M, S> {
    /// On.
    Main(M),
    /// To the side output.
    Side(S),
    /// To both.
    Both(M, S),
    /// Nowhere.
    Neither,
}

/// Sends every value on, to a side output, to both or nowhere: how one source feeds both sides of a
/// join.
#[derive(Debug)]
pub struct Divide<F, I, M, S> {
    function: F,
    port: SidePort<S>,
    types: PhantomData<fn(I) -> M>,
}

impl<F, I, M, S> Divide<F, I, M, S> {
    /// With the function that says where a value goes.
    pub const fn new(port: SidePort<S>, function: F) -> Self {
        Self { function, port, types: PhantomData }
    }
}

impl<F: Clone, I, M, S> Clone for Divide<F, I, M, S> {
    fn clone(&self) -> Self {
        Self::new(self.port, self.function.clone())
    }
}

impl<F, I, M, S> Operator for Divide<F, I, M, S>
where
    F: Fn(I) -> Divided<M, S> + Clone + Send + 'static,
    I: Clone + Send + 'static,
    M: Clone + Send + 'static,
    S: Data,
{
    type In = I;
    type Out = M;
    const FAN_OUT: FanOut = FanOut::AtMostOne;

    fn name(&self) -> &'static str {
        "divide"
    }

    #[inline(always)]
    fn process(&mut self, record: Record<I>, out: &mut impl Collect<M>) {
        let (event_time, stamps) = (record.event_time, record.stamps);
        match (self.function)(record.value) {
            Divided::Main(value) => out.push(Record { value, event_time, stamps }),
            Divided::Side(value) => out.side(self.port, Record { value, event_time, stamps }),
            Divided::Both(main, side) => {
                out.side(self.port, Record { value: side, event_time, stamps });
                out.push(Record { value: main, event_time, stamps });
            }
            Divided::Neither => {}
        }
    }
}
