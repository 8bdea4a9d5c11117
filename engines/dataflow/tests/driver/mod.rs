//! Runs a plan without an engine: one stage after the other, which edges allow because they lead
//! to higher numbers only. Every stage reads its input channels by turns.

use std::collections::VecDeque;
use std::ops::Range;

use dataflow::exchange::sink::{Sink, SinkError, SinkSlot, Wants};
use dataflow::job::plan::{EdgeKind, Layout, StageId};
use dataflow::job::source::{Available, Next, Reader, Source, SourceError, Splits, splits_of};
use dataflow::operator::progress::{BoundedOutOfOrderness, WatermarkMerger};
use dataflow::placement::PlacementKind;
use dataflow::stage::{InputPort, Stage};
use dataflow::{
    Batch, Data, Digest, EventTime, Outbox, Plan, ProcessingTime, Progress, Record, Stamps, Step,
};

/// Events by split, with their event times.
pub(crate) struct Events<E>(pub Vec<Vec<(i64, E)>>);

impl<E: Send + Sync> Splits for Events<E> {
    fn splits(&self) -> u32 {
        self.0.len() as u32
    }
    fn available(&self, split: u32, _: u64, _: ProcessingTime) -> Result<Available, SourceError> {
        Ok(Available { end: self.0[split as usize].len() as u64, next: Next::Never })
    }
}

impl<E: Data + Sync> Source<E> for Events<E> {
    fn reader(&self) -> Box<dyn Reader<E>> {
        Box::new(EventReader(self.0.clone()))
    }
}

struct EventReader<E>(Vec<Vec<(i64, E)>>);

impl<E: Data> Reader<E> for EventReader<E> {
    fn read(
        &mut self,
        split: u32,
        offsets: Range<u64>,
        into: &mut Vec<Record<E>>,
    ) -> Result<EventTime, SourceError> {
        let events = &self.0[split as usize][offsets.start as usize..offsets.end as usize];
        let stamps = Stamps { planned: 1, ingested: 1 };
        into.extend(events.iter().map(|(time, event)| Record {
            value: event.clone(),
            event_time: EventTime(*time),
            stamps,
        }));
        let newest = events.iter().map(|(time, _)| *time).max();
        Ok(EventTime(newest.unwrap_or(i64::MIN)))
    }
}

/// A sink that the driver never opens: it looks at the outbox instead.
pub(crate) fn slot() -> SinkSlot {
    struct Nowhere;
    impl Sink for Nowhere {
        fn write(
            &mut self,
            _: &mut dataflow::exchange::sink::Output,
            _: ProcessingTime,
        ) -> Result<(), SinkError> {
            Ok(())
        }
    }
    SinkSlot::plain(Wants { rows: true, ..Wants::default() }, |_| Box::new(Nowhere))
}

/// What a run has left behind.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Outcome {
    /// Of the results.
    pub(crate) digest: Digest,
    /// The results as JSON, sorted.
    pub(crate) rows: Vec<String>,
    /// Late records.
    pub(crate) late: u64,
    /// Per stage and subtask.
    pub(crate) records_in: Vec<Vec<u64>>,
}

/// How a plan is run.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Run {
    pub(crate) parallelism: u32,
    pub(crate) buffer_bytes: usize,
    /// Events that a source reads at once; a watermark stands behind them.
    pub(crate) chunk: u64,
    /// Outboxes of one slot, and a flush after every batch.
    pub(crate) tight: bool,
}

/// What lies on its way to a subtask: by channel, the port and the batches.
type Inbox = Vec<(InputPort, VecDeque<Batch>)>;

impl Run {
    pub(crate) fn run(self, plan: &Plan) -> Outcome {
        let parallelism = vec![self.parallelism; plan.stages.len()];
        let layout = Layout {
            parallelism,
            placement: PlacementKind::KeyGroups,
            max_parallelism: None,
            buffer_bytes: self.buffer_bytes,
        };
        let mut outcome = Outcome::default();
        let mut inboxes: Vec<Vec<Inbox>> = plan
            .stages
            .iter()
            .map(|_| (0..self.parallelism).map(|_| Vec::new()).collect())
            .collect();
        for number in 0..plan.stages.len() {
            let id = StageId(number);
            outcome.records_in.push(Vec::new());
            for subtask in 0..self.parallelism {
                let (stage, outbox) = plan.instantiate(id, &layout);
                let outbox = if self.tight { outbox.with_one_slot() } else { outbox };
                let mut task = Task { run: self, stage, outbox, sent: Vec::new(), records: 0 };
                if plan.stages[number].reads_source {
                    task.read(plan, subtask);
                } else {
                    task.receive(std::mem::take(&mut inboxes[number][subtask as usize]));
                }
                outcome.records_in[number].push(task.records);
                outcome.late += task.outbox.counters.late_records;
                outcome.digest.merge(&task.outbox.output.digest);
                let text = String::from_utf8(std::mem::take(&mut task.outbox.output.text));
                outcome.rows.extend(text.expect("JSON is text").lines().map(str::to_owned));
                self.route(plan, id, subtask, task.sent, &mut inboxes);
            }
        }
        outcome.rows.sort();
        outcome
    }

    /// Puts what a subtask has sealed where its edges lead.
    fn route(
        self,
        plan: &Plan,
        from: StageId,
        subtask: u32,
        sent: Vec<(usize, usize, Batch)>,
        inboxes: &mut [Vec<Inbox>],
    ) {
        // Every subtask has a channel of its own to every target, used or not.
        let mut channels: Vec<Vec<VecDeque<Batch>>> = Vec::new();
        let edges = plan.outputs(from);
        let targets = |kind| if kind == EdgeKind::Hash { self.parallelism as usize } else { 1 };
        channels.extend(
            edges.iter().map(|edge| (0..targets(edge.kind)).map(|_| VecDeque::new()).collect()),
        );
        for (edge, channel, batch) in sent {
            channels[edge][channel].push_back(batch);
        }
        for (edge, channels) in edges.into_iter().zip(channels) {
            for (channel, batches) in channels.into_iter().enumerate() {
                let target = if edge.kind == EdgeKind::Hash { channel } else { subtask as usize };
                inboxes[edge.to.0][target].push((edge.port, batches));
            }
        }
    }
}

/// One subtask of a stage.
struct Task {
    run: Run,
    stage: Box<dyn Stage>,
    outbox: Outbox,
    sent: Vec<(usize, usize, Batch)>,
    records: u64,
}

impl Task {
    fn collect(&mut self) {
        while let Some(sealed) = self.outbox.take() {
            self.sent.push((sealed.edge, sealed.channel, sealed.batch));
        }
    }

    fn process(&mut self, port: InputPort, batch: &mut Batch, upto: usize) {
        self.records += (upto - batch.taken()) as u64;
        loop {
            let step = self.stage.process(port, batch, upto, &mut self.outbox);
            self.collect();
            if step.expect("no operator fails") == Step::Done {
                break;
            }
        }
        assert_eq!(batch.taken(), upto);
    }

    fn advance(&mut self, watermark: EventTime) {
        let progress = Progress { watermark, processing_time: ProcessingTime::ZERO };
        loop {
            let step = self.stage.advance(progress, &mut self.outbox);
            self.collect();
            if step.expect("no operator fails") == Step::Done {
                break;
            }
        }
        if self.run.tight || watermark == EventTime::MAX {
            self.stage.flush(&mut self.outbox);
            self.collect();
        }
    }

    /// Reads the subtask's splits by turns, a chunk of each.
    fn read(&mut self, plan: &Plan, subtask: u32) {
        let mut reader = plan.source.reader();
        let mut batch = reader.batch();
        let splits: Vec<u32> =
            splits_of(subtask, self.run.parallelism, plan.source.splits.splits()).collect();
        let mut merger = WatermarkMerger::new(splits.len());
        let mut bounds = vec![BoundedOutOfOrderness::new(plan.source.bound_nanos); splits.len()];
        let mut offset = 0;
        loop {
            let mut has_ended = true;
            for (number, &split) in splits.iter().enumerate() {
                let end = plan.source.splits.available(split, offset, ProcessingTime::ZERO);
                let end = end.expect("events in memory").end;
                let upto = end.min(offset + self.run.chunk);
                has_ended &= upto == end;
                if offset < upto {
                    let newest = reader.read(split, offset..upto, &mut batch);
                    bounds[number].observe(newest.expect("events in memory").newest);
                    let len = batch.len();
                    self.process(InputPort(0), &mut batch, len);
                }
                let watermark =
                    if upto == end { EventTime::MAX } else { bounds[number].watermark() };
                if let Some(watermark) = merger.update(number, watermark) {
                    self.advance(watermark);
                }
            }
            offset += self.run.chunk;
            if has_ended {
                break;
            }
        }
        if splits.is_empty() {
            self.advance(EventTime::MAX);
        }
    }

    /// Takes a batch of every channel by turns, the last channel first: a subtask without splits
    /// has ended before there is a record, so that what is late does not depend on turns.
    fn receive(&mut self, mut inbox: Inbox) {
        let mut merger = WatermarkMerger::new(inbox.len());
        while inbox.iter().any(|(_, batches)| !batches.is_empty()) {
            for (channel, (port, batches)) in inbox.iter_mut().enumerate().rev() {
                let Some(mut batch) = batches.pop_front() else { continue };
                while !batch.is_finished() {
                    let stop = batch.stop();
                    self.process(*port, &mut batch, stop);
                    if let Some(watermark) = batch.take_mark()
                        && let Some(watermark) = merger.update(channel, watermark)
                    {
                        self.advance(watermark);
                    }
                }
            }
        }
        assert_eq!(merger.watermark(), EventTime::MAX, "every channel ends");
    }
}
