//! The proof that state matters: an operator that forgets its state makes outputs wrong.

use dataflow::exchange::sink::SinkSlot;
use dataflow::job::settings::Setting;
use dataflow::operator::lateness::LateRows;
use dataflow::operator::snapshot::{RestoreError, SnapshotReader, SnapshotWriter, Version};
use dataflow::operator::{Collect, FanOut, Operator};
use dataflow::operators::Input;
use dataflow::{Digest, EventTime, Plan, Record, ResultKind, Stream};
use runtime::Victim;
use streamgauge::Registry;
use streamgauge::internals::FaultSpec;
use workloads::spec::{Description, Events, Knobs, TimedEvent, Workload};

use crate::scenario::Scenario;

/// Puts out how many records it has seen.
#[derive(Clone)]
struct Counter {
    seen: u64,
    forgets: bool,
}

impl Operator for Counter {
    type In = u64;
    type Out = u64;

    const FAN_OUT: FanOut = FanOut::One;

    fn process(&mut self, record: Record<u64>, out: &mut impl Collect<u64>) {
        self.seen += 1;
        out.push(record.with(self.seen));
    }

    fn snapshot(&mut self, _: Option<Version>, into: &mut SnapshotWriter) {
        into.put(&self.seen);
    }

    fn restore(&mut self, from: &mut SnapshotReader<'_>) -> Result<(), RestoreError> {
        let seen: u64 = from.take()?;
        self.seen = if self.forgets { 0 } else { seen };
        Ok(())
    }
}

struct Numbers;

impl Events for Numbers {
    type Event = u64;

    fn event(&self, number: u64) -> TimedEvent<u64> {
        TimedEvent { value: number, event_time: EventTime::from_millis(number as i64) }
    }
}

/// Counts all events with one [`Counter`]: needs a parallelism of 1.
struct CountAll;

const KNOBS: &[Setting] = &[Setting::choice("restore", &["all", "nothing"], "what is restored")];

impl Workload for CountAll {
    type Events = Numbers;

    fn name(&self) -> &'static str {
        "count-all"
    }
    fn description(&self) -> Description {
        Description {
            origin: "a test",
            operators: "source -> counter -> sink",
            state: "one number",
            stresses: "nothing",
            ties: "none are possible",
        }
    }
    fn knobs(&self) -> &'static [Setting] {
        KNOBS
    }
    fn result(&self) -> ResultKind {
        ResultKind::Append
    }
    fn events(&self, _: &Knobs, _: u64) -> Numbers {
        Numbers
    }
    fn plan(&self, knobs: &Knobs, events: Stream<Input<u64>>, sink: SinkSlot) -> Plan {
        let forgets = knobs.get_name("restore") == Some("nothing");
        events.then(Counter { seen: 0, forgets }).sink(sink)
    }
    fn expected(
        &self,
        _: &Knobs,
        events: &mut dyn Iterator<Item = TimedEvent<u64>>,
        _: &mut LateRows,
    ) -> Digest {
        let mut digest = Digest::default();
        for (count, _) in (1_u64..).zip(events) {
            digest.insert(&count);
        }
        digest
    }
}

#[test]
fn a_restore_from_empty_state_loses_what_the_state_held() {
    for (engine, victim) in [("pipelined", Victim::Subtask), ("microbatch", Victim::Driver)] {
        let mut scenario = Scenario::new(engine, "count-all", "exactly-once");
        scenario.registry = || Registry::standard().with_workload(CountAll);
        scenario.parallelism = 1;
        scenario.faults = vec![FaultSpec::kill_at(victim, 0.5)];
        for (restore, is_right) in [("all", true), ("nothing", false)] {
            scenario.knobs = vec![("restore", restore.into())];
            let ran = scenario.run();
            assert_eq!(ran.struck.len(), 1);
            assert_eq!(ran.is_right(), is_right, "{engine}: {restore} of the state is restored");
        }
    }
}
