//! Splits in turn, their watermarks, and offsets with gaps.

use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::job::observer::Silent;
use crate::job::source::{Available, Reader, Source};
use crate::record::Record;

/// Splits of these lengths; the event at an offset has that time, in milliseconds.
struct Fixed(Vec<u64>);

impl Splits for Fixed {
    fn splits(&self) -> u32 {
        self.0.len() as u32
    }
    fn available(&self, split: u32, _: u64, _: ProcessingTime) -> Result<Available, SourceError> {
        Ok(Available { end: self.0[split as usize], next: Next::Never })
    }
}

impl Source<u64> for Fixed {
    fn reader(&self) -> Box<dyn Reader<u64>> {
        Box::new(Offsets)
    }
}

struct Offsets;

impl Reader<u64> for Offsets {
    fn read(
        &mut self,
        _: u32,
        offsets: std::ops::Range<u64>,
        into: &mut Vec<Record<u64>>,
    ) -> Result<EventTime, SourceError> {
        let newest = EventTime::from_millis(offsets.end as i64 - 1);
        into.extend(offsets.map(|at| Record::untimed(at, EventTime::from_millis(at as i64))));
        Ok(newest)
    }
}

fn at_start(split: u32) -> SplitPosition {
    SplitPosition::start(&Fixed(vec![0; 3]), split)
}

fn reader(lengths: &[u64], from: Vec<SplitPosition>) -> SplitReader {
    let source = SourceSpec::new(Arc::new(Fixed(lengths.to_vec())), 1_000_000);
    let from =
        if from.is_empty() { (0..lengths.len() as u32).map(at_start).collect() } else { from };
    SplitReader::new(&source, from, Arc::new(Silent))
}

#[test]
fn splits_have_their_turn_until_each_has_ended() {
    let mut reader = reader(&[2 * READ_CHUNK, 1, READ_CHUNK], Vec::new());
    let mut batch = reader.batch();
    let mut read = Vec::new();
    while let Some(found) = reader.look(ProcessingTime::ZERO).unwrap().readable {
        let records = reader.read(found, ProcessingTime::ZERO, &mut batch).unwrap();
        read.push((reader.last_read().split, records));
    }
    assert_eq!(read, [(0, READ_CHUNK), (1, 1), (2, READ_CHUNK), (0, READ_CHUNK)]);
    assert!(reader.has_ended());
    assert_eq!(reader.records(), 3 * READ_CHUNK + 1);
    assert_eq!(reader.watermark(), EventTime::MAX);
}

#[test]
fn a_split_that_ends_before_what_was_read_is_an_error_and_not_its_end() {
    let read = SplitPosition { offset: 9, ..at_start(0) };
    let error = reader(&[5], vec![read]).look(ProcessingTime::ZERO).unwrap_err();
    assert!(error.to_string().contains("ends at offset 5"), "{error}");
}

#[test]
fn a_split_that_waits_holds_the_watermark_and_one_that_has_ended_does_not() {
    let begun = SplitPosition { newest: EventTime::from_millis(9), ..at_start(0) };
    let ended = SplitPosition { ended: true, ..at_start(1) };
    let promised = EventTime(EventTime::from_millis(8).0 - 1);
    assert_eq!(reader(&[20, 5], vec![begun, ended]).watermark(), promised);
    let not_begun = at_start(1);
    let nothing = reader(&[20, 5], vec![begun, not_begun]).watermark();
    assert!(nothing < EventTime(0), "nothing is promised for a split that was not read");
}

/// So many events of the first split are there; the second is open and has none.
struct OneSilent(Arc<AtomicU64>);

impl Splits for OneSilent {
    fn splits(&self) -> u32 {
        2
    }
    fn available(&self, split: u32, _: u64, _: ProcessingTime) -> Result<Available, SourceError> {
        let end = if split == 0 { self.0.load(Ordering::Relaxed) } else { 0 };
        Ok(Available { end, next: Next::Unknown })
    }
}

impl Source<u64> for OneSilent {
    fn reader(&self) -> Box<dyn Reader<u64>> {
        Box::new(Offsets)
    }
}

#[test]
fn a_split_that_is_idle_holds_the_active_watermark_back_no_more() {
    let there = Arc::new(AtomicU64::new(10));
    let source = SourceSpec::new(Arc::new(OneSilent(Arc::clone(&there))), 0);
    let mut reader = SplitReader::all(&source, Arc::new(Silent));
    reader = reader.leaving_idle_out(Some(ProcessingTime::from_millis(100).0));
    let mut batch = reader.batch();
    let mut read = |reader: &mut SplitReader, millis| {
        let now = ProcessingTime::from_millis(millis);
        let found = reader.look(now).unwrap().readable?;
        Some(reader.read(found, now, &mut batch).unwrap())
    };
    assert_eq!(read(&mut reader, 0), Some(10));
    assert_eq!(read(&mut reader, 0), None);
    assert_eq!(reader.active_watermark(), Some(reader.watermark()), "the second is open");
    there.store(15, Ordering::Relaxed);
    assert_eq!(read(&mut reader, 100), Some(5));
    let promised = EventTime(EventTime::from_millis(14).0 - 1);
    assert_eq!(reader.active_watermark(), Some(promised), "it is idle");
    assert!(reader.watermark() < promised, "that of all splits knows nothing of it");
    assert_eq!([150, 250].map(|at| read(&mut reader, at)), [None, None]);
    assert_eq!(reader.active_watermark(), None, "both are");
}

/// A split that begins at an offset of its own, whose events lie at even offsets, and come one at
/// a time.
struct Sparse {
    fetched: Arc<AtomicU64>,
}

impl Splits for Sparse {
    fn splits(&self) -> u32 {
        1
    }
    fn start(&self, _: u32) -> u64 {
        5_000_000
    }
    fn available(&self, _: u32, _: u64, _: ProcessingTime) -> Result<Available, SourceError> {
        Ok(Available { end: 5_000_008, next: Next::Never })
    }
}

impl Source<u64> for Sparse {
    fn reader(&self) -> Box<dyn Reader<u64>> {
        Box::new(Fetching(Arc::clone(&self.fetched)))
    }
}

struct Fetching(Arc<AtomicU64>);

impl Reader<u64> for Fetching {
    fn poll_ready(
        &mut self,
        _: u32,
        offsets: std::ops::Range<u64>,
        _: &mut Context<'_>,
    ) -> Poll<Result<u64, SourceError>> {
        let fetched = self.0.load(Ordering::Relaxed).min(offsets.end);
        if fetched > offsets.start { Poll::Ready(Ok(fetched)) } else { Poll::Pending }
    }
    fn read(
        &mut self,
        _: u32,
        offsets: std::ops::Range<u64>,
        into: &mut Vec<Record<u64>>,
    ) -> Result<EventTime, SourceError> {
        let even = offsets.filter(|at| at % 2 == 0);
        into.extend(even.map(|at| Record::untimed(at, EventTime::from_millis(1))));
        Ok(EventTime::from_millis(1))
    }
}

#[test]
fn offsets_are_the_inputs_own_and_only_what_is_there_is_read_and_counted() {
    let fetched = Arc::new(AtomicU64::new(0));
    let sparse = Arc::new(Sparse { fetched: Arc::clone(&fetched) });
    let mut reader = SplitReader::all(&SourceSpec::new(sparse, 0), Arc::new(Silent));
    assert_eq!(reader.positions()[0].offset, 5_000_000);
    let now = ProcessingTime::ZERO;
    let found = reader.look(now).unwrap();
    assert!(found.readable.is_none() && found.unknown, "nothing has been fetched");
    assert!(!reader.when_available(Waker::noop(), now) && !reader.has_ended());
    fetched.store(5_000_003, Ordering::Relaxed);
    assert!(reader.when_available(Waker::noop(), now));
    let mut batch = reader.batch();
    let found = reader.look(now).unwrap().readable.unwrap();
    assert_eq!(reader.read(found, now, &mut batch).unwrap(), 2);
    assert_eq!((reader.records(), reader.positions()[0].offset), (2, 5_000_003));
    fetched.store(5_000_099, Ordering::Relaxed);
    let found = reader.look(now).unwrap().readable.unwrap();
    assert_eq!(reader.read(found, now, &mut batch).unwrap(), 2);
    assert!(reader.look(now).unwrap().readable.is_none() && reader.has_ended());
    assert_eq!(reader.records(), 4);
}
