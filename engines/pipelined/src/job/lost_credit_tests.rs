//! A credit that never comes back closes its channel, and the watchdog names who waits for it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};

use dataflow::exchange::sink::{Output, Sink, SinkError, SinkSlot, Wants};
use dataflow::job::observer::Silent;
use dataflow::job::settings::Settings;
use dataflow::job::source::{Available, Next, Reader, Source, SourceError, Splits};
use dataflow::operators::Count;
use dataflow::stage::InputPort;
use dataflow::{Batch, EventTime, ProcessingTime, Record, StopSignal, Stream};
use runtime::{VirtualOptions, VirtualTime};

use super::*;
use crate::channel::input_gate::{GateLimits, InputGate, Message};

/// The numbers below 10,000 in one split.
#[derive(Clone)]
struct Numbers;
const NUMBERS: u64 = 10_000;

impl Splits for Numbers {
    fn splits(&self) -> u32 {
        1
    }
    fn available(&self, _: u32, _: u64, _: ProcessingTime) -> Result<Available, SourceError> {
        Ok(Available { end: NUMBERS, next: Next::Never })
    }
}
impl Source<u64> for Numbers {
    fn reader(&self) -> Box<dyn Reader<u64>> {
        Box::new(Self)
    }
}
impl Reader<u64> for Numbers {
    fn read(
        &mut self,
        _: u32,
        offsets: Range<u64>,
        into: &mut Vec<Record<u64>>,
    ) -> Result<EventTime, SourceError> {
        into.extend(offsets.map(|number| Record::untimed(number, EventTime(0))));
        Ok(EventTime(0))
    }
}

struct Nowhere;
impl Sink for Nowhere {
    fn write(&mut self, _: &mut Output, _: ProcessingTime) -> Result<(), SinkError> {
        Ok(())
    }
}

fn job(given: &[(&str, i64)]) -> Job {
    let slot = SinkSlot::plain(Wants::default(), |_| Box::new(Nowhere));
    let numbers = Stream::from_source(Arc::new(Numbers), 0);
    let plan = numbers.key_by(|number: &u64| *number).aggregate(Count::default());
    let given: BTreeMap<String, _> =
        given.iter().map(|&(name, value)| (name.to_owned(), value.into())).collect();
    let settings = Settings::resolve("pipelined", SETTINGS, &given, false).expect("valid settings");
    Job::fresh(plan.sink_changes(slot), 1, settings)
}

/// Takes every message, counts it, and never gives anything back.
async fn keep_everything(gate: Arc<InputGate>, taken: Arc<AtomicU32>) {
    loop {
        poll_fn(|context| gate.poll_next(context, &mut None)).await;
        taken.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_consumer_that_gives_no_credit_back_is_a_stall_that_names_its_sender() {
    let room = [
        ("buffer_bytes", 1_024),
        ("exclusive_buffers_per_channel", 2),
        ("floating_buffers_per_gate", 3),
        ("max_buffers_per_channel", 4),
        ("stall_timeout_ms", 500),
    ];
    let time = VirtualTime::new(VirtualOptions::default());
    let runtime: Arc<dyn Runtime> = time.clone();
    let control = Control { stop: StopSignal::default(), observer: Arc::new(Silent) };
    let job = job(&room);
    let settings = ResolvedSettings::new(&job.settings);
    let wiring = Wiring::new(&job, &settings, Arc::clone(&runtime), control, None, 1);
    let sender = wiring.subtask(StageId(0), 0).expect("nothing is restored");
    let statuses = vec![Arc::clone(&sender.status)];
    let state = Arc::clone(&wiring.state);
    let stall_nanos = wiring.settings.stall_nanos;
    wiring.start(sender, StageId(0));
    let taken = Arc::new(AtomicU32::new(0));
    let consumer = keep_everything(Arc::clone(&wiring.gates[1][0]), Arc::clone(&taken));
    runtime.spawn(Home(0), Box::pin(consumer));
    let watchdog = Watchdog::new(statuses, stall_nanos, runtime.now());
    let watching = watch(watchdog, Arc::clone(&state), Arc::clone(&runtime));
    runtime.spawn(Home(0), Box::pin(watching));
    let ended = time.block_on(Box::pin(async move {
        let error = poll_fn(|context| state.poll_end(context)).await.expect_err("it cannot end");
        let EngineError::Stalled { waiting, .. } = error else { panic!("no stall: {error}") };
        assert_eq!(waiting, ["source/0 waits for credit on `source -> aggregate`, channel 0"]);
    }));
    assert_eq!(ended, Ok(()));
    let taken = taken.load(Ordering::Relaxed);
    assert_eq!(taken, 5, "2 exclusive and 3 floating credits are out, and none has come back");
}

#[test]
fn a_channel_closes_when_its_credits_are_out_and_opens_when_one_comes_back() {
    let limits =
        GateLimits { exclusive_per_channel: 1, floating_per_gate: 0, backlog_per_channel: 2 };
    let gate = InputGate::new(&[InputPort(0)], limits);
    let send = || gate.send(0, Message::Data(Batch::new::<u64>()), &mut Vec::new());
    let mut context = Context::from_waker(Waker::noop());
    assert!(send(), "it has a credit");
    assert!(send(), "one may wait for a credit");
    assert!(!send(), "and a second closes the channel");
    let Poll::Ready((0, _, Message::Data(first))) = gate.poll_next(&mut context, &mut None) else {
        panic!("the first buffer has arrived");
    };
    assert!(gate.poll_next(&mut context, &mut None).is_pending(), "the others have no credit");
    assert!(gate.poll_open(0, &mut context).is_pending());
    let next = gate.poll_next(&mut context, &mut Some((0, first)));
    assert!(matches!(next, Poll::Ready((0, _, Message::Data(_)))), "the credit goes to the next");
    assert!(gate.poll_open(0, &mut context).is_ready());
}
