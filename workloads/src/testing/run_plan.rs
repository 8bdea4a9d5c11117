//! Runs a plan for the tests of workloads: one subtask per stage, one batch at a time, all of them in
//! one unit of work, and a watermark only at the end.

use std::collections::BTreeMap;

use dataflow::exchange::sink::{SinkSlot, Wants};
use dataflow::job::plan::{Layout, StageId};
use dataflow::job::source::{Next, READ_CHUNK};
use dataflow::placement::PlacementKind;
use dataflow::stage::{InputPort, Stage};
use dataflow::{Batch, Digest, EventTime, Outbox, Plan, ProcessingTime, Progress, Step};

use crate::registry::{AnyEvents, Replay, register};
use crate::schedule::arrival::Schedule;
use crate::spec::Workload;

/// A slot that nothing is taken out of: [`run`] looks into the outbox.
pub(crate) fn slot() -> SinkSlot {
    let wants = Wants { stamps: true, rows: true, ..Wants::default() };
    SinkSlot::plain(wants, |_| unreachable!("no engine runs"))
}

/// Runs a workload on lines, checks its answer by its evaluator, and returns its rows, sorted.
pub(crate) fn run_lines(
    workload: impl Workload,
    given: &[(&str, &str)],
    lines: &[&str],
) -> Vec<String> {
    let given: BTreeMap<_, _> =
        given.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    let workload = register(workload);
    let knobs = workload.resolve(&given, None).unwrap();
    let text = lines.join("\n") + "\n";
    let events = workload.lines(&knobs, "test", &mut text.as_bytes()).unwrap();
    assert_eq!(events.replay(), Replay::Counted(lines.len() as u64));
    run_checked(&*events, lines.len() as u64)
}

/// Runs the first `count` events, checks the answer, and returns the rows, sorted.
pub(crate) fn run_checked(events: &dyn AnyEvents, count: u64) -> Vec<String> {
    let (digest, rows) = run(&events.plan(Schedule::at_once(count), slot()));
    assert_eq!(digest, events.expected(count));
    let mut rows: Vec<String> = rows.lines().map(str::to_owned).collect();
    rows.sort_unstable();
    rows
}

/// The digest of a plan's result, and its rows.
pub(crate) fn run(plan: &Plan) -> (Digest, String) {
    let layout = Layout {
        parallelism: vec![1; plan.stages.len()],
        placement: PlacementKind::default(),
        max_parallelism: None,
        buffer_bytes: 1 << 12,
    };
    let stages = (0..plan.stages.len()).map(|stage| plan.instantiate(StageId(stage), &layout));
    let mut run =
        Run { plan, stages: stages.collect(), digest: Digest::default(), rows: String::new() };
    run.read_all();
    run.finish();
    (run.digest, run.rows)
}

struct Run<'a> {
    plan: &'a Plan,
    stages: Vec<(Box<dyn Stage>, Outbox)>,
    digest: Digest,
    rows: String,
}

impl Run<'_> {
    fn read_all(&mut self) {
        let source = &self.plan.source;
        let mut reader = source.reader();
        for split in 0..source.splits.splits() {
            let available = source.splits.available(split, 0, ProcessingTime::MAX).unwrap();
            assert_eq!(available.next, Next::Never);
            let mut batch = reader.batch();
            let mut offset = 0;
            while offset < available.end {
                let end = available.end.min(offset + READ_CHUNK);
                reader.read(split, offset..end, &mut batch).unwrap();
                self.process(0, InputPort(0), &mut batch);
                offset = end;
            }
        }
    }

    fn process(&mut self, stage: usize, port: InputPort, batch: &mut Batch) {
        let upto = batch.len();
        loop {
            let (instance, outbox) = &mut self.stages[stage];
            let step = instance.process(port, batch, upto, outbox).unwrap();
            self.hand_over(stage);
            if step == Step::Done {
                break;
            }
        }
    }

    fn hand_over(&mut self, stage: usize) {
        let output = &mut self.stages[stage].1.output;
        self.digest.merge(&output.digest);
        self.rows.push_str(str::from_utf8(&output.text).unwrap());
        output.clear();
        while let Some(mut sealed) = self.stages[stage].1.take() {
            let edge = self.plan.outputs(StageId(stage))[sealed.edge];
            self.process(edge.to.0, edge.port, &mut sealed.batch);
        }
    }

    fn finish(&mut self) {
        self.end_unit(Progress::START);
        let progress =
            Progress { watermark: EventTime::MAX, processing_time: ProcessingTime::ZERO };
        self.each_stage(|stage, outbox| stage.advance(progress, outbox).unwrap());
        self.end_unit(progress);
    }

    /// Everything was one unit of work.
    fn end_unit(&mut self, progress: Progress) {
        self.each_stage(|stage, outbox| stage.end_unit(progress, outbox).unwrap());
    }

    fn each_stage(&mut self, mut run: impl FnMut(&mut dyn Stage, &mut Outbox) -> Step) {
        for stage in 0..self.stages.len() {
            loop {
                let (instance, outbox) = &mut self.stages[stage];
                let step = run(&mut **instance, outbox);
                instance.flush(outbox);
                self.hand_over(stage);
                if step == Step::Done {
                    break;
                }
            }
        }
    }
}
