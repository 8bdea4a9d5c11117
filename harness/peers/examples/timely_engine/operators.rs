//! The operators, on timely's own exchange and progress tracking.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use dataflow::exchange::foreign::RowChange;
use dataflow::{EventTime, Stamps};
use foldhash::fast::FixedState;
use serde::{Deserialize, Serialize};
use timely::container::CapacityContainerBuilder;
use timely::dataflow::channels::pact::Exchange;
use timely::dataflow::operators::{Operator, Probe};
use timely::dataflow::{InputHandleVec, ProbeHandle, StreamVec};
use timely::worker::Worker;

use crate::rows::Rows;
use crate::workers::Shared;

const NANOS_PER_MILLI: f64 = 1e6;

/// An event as it travels from worker to worker.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Event {
    pub key: u64,
    pub event_time: i64,
    pub stamps: Stamps,
}

/// Where a worker hands in its events.
pub type EventInput = InputHandleVec<i64, Event>;

/// The dataflow of the workload, which puts its rows into `rows`.
pub fn build(
    worker: &mut Worker,
    shared: &Arc<Shared>,
    rows: &Rows,
    closed: &Rc<Cell<u64>>,
) -> (EventInput, ProbeHandle<i64>) {
    let (mut input, probe) = (EventInput::new(), ProbeHandle::new());
    let workload = &shared.job.workload;
    let window_nanos = (workload.name == "windowed-count")
        .then(|| (workload.knobs.number("window_ms") * NANOS_PER_MILLI) as i64);
    let counting = Counting { shared: Arc::clone(shared), rows: rows.clone() };
    worker.dataflow::<i64, _, _>(|scope| {
        let events = input.to_stream(scope);
        match window_nanos {
            None => counting.running(events).probe_with(&probe),
            Some(window) => {
                counting.by_window(events, window, Rc::clone(closed)).probe_with(&probe)
            }
        };
    });
    (input, probe)
}

/// The operators.
struct Counting {
    shared: Arc<Shared>,
    rows: Rows,
}

type Nothing = CapacityContainerBuilder<Vec<()>>;

impl Counting {
    /// A count for each key, with a change for each event.
    fn running<'scope>(self, events: StreamVec<'scope, i64, Event>) -> StreamVec<'scope, i64, ()> {
        let mut counts: HashMap<u64, u64, FixedState> = HashMap::default();
        let by_key = Exchange::new(|event: &Event| route(event.key));
        events.unary::<Nothing, _, _, _>(by_key, "count", move |_, _| {
            move |input, _| {
                input.for_each(|_, batch| {
                    for Event { key, stamps, .. } in batch.drain(..) {
                        let count = counts.entry(key).or_default();
                        let put = |change, count: u64| {
                            self.rows.put(change, EventTime::MIN, stamps, &(key, count));
                        };
                        if *count == 0 {
                            put(RowChange::Insert, 1);
                        } else {
                            put(RowChange::UpdateBefore, *count);
                            put(RowChange::UpdateAfter, *count + 1);
                        }
                        *count += 1;
                        self.shared.processed.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        })
    }

    /// A count for each key and tumbling window, once the frontier has passed the window's last instant.
    fn by_window<'scope>(
        self,
        events: StreamVec<'scope, i64, Event>,
        window_nanos: i64,
        closed: Rc<Cell<u64>>,
    ) -> StreamVec<'scope, i64, ()> {
        let mut windows: BTreeMap<i64, HashMap<u64, (u64, Stamps), FixedState>> = BTreeMap::new();
        let by_key = Exchange::new(|event: &Event| route(event.key));
        events.unary_frontier::<Nothing, _, _, _>(by_key, "count by window", move |_, _| {
            move |(input, frontier), _| {
                input.for_each(|_, batch| {
                    for Event { key, event_time, stamps } in batch.drain(..) {
                        let end = (event_time.div_euclid(window_nanos) + 1) * window_nanos;
                        let counts = windows.entry(end).or_default();
                        let (count, newest) = counts.entry(key).or_default();
                        *count += 1;
                        if stamps.planned >= newest.planned {
                            *newest = stamps;
                        }
                        self.shared.processed.fetch_add(1, Ordering::Relaxed);
                    }
                });
                let watermark = frontier.frontier().first().copied();
                while let Some(window) = windows.first_entry()
                    && watermark.is_none_or(|watermark| watermark >= window.key() - 1)
                {
                    let (end, counts) = window.remove_entry();
                    closed.set(closed.get() + u64::from(watermark.is_some()));
                    for (key, (count, newest)) in counts {
                        // What only the end of the input releases is never timed.
                        let stamps = watermark.map_or(Stamps::UNTIMED, |_| newest);
                        self.rows.put(
                            RowChange::Insert,
                            EventTime(end - 1),
                            stamps,
                            &(key, end, count),
                        );
                    }
                }
            }
        })
    }
}

/// By which worker a key is counted: its lower bits, once it is mixed.
fn route(key: u64) -> u64 {
    let mixed = (key ^ key >> 31).wrapping_mul(0x7fb5_d329_728e_a185);
    mixed ^ mixed >> 27
}
