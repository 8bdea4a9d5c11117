//! Live inputs, read from a pipe that the test writes to.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::Wake;
use std::thread::Thread;

use dataflow::StampUnit;
use dataflow::job::engine::StopSignal;
use dataflow::job::source::SourceSpec;

use super::*;
use crate::queries::KeyedCount;
use crate::queries::uppercase::Uppercase;
use crate::registry::register;
use crate::testing::run_plan::{at_once, run, slot};

/// The reading end of a pipe: blocks until something is written or the writer is dropped.
struct Pipe {
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: Vec<u8>,
    at: usize,
}

impl Read for Pipe {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(into)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Pipe {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.chunk.len() {
            self.chunk = self.chunks.recv().unwrap_or_else(|_| Ok(Vec::new()))?;
            self.at = 0;
        }
        Ok(&self.chunk[self.at..])
    }
    fn consume(&mut self, bytes: usize) {
        self.at += bytes;
    }
}

struct Rig {
    pipe: Sender<io::Result<Vec<u8>>>,
    nanos: Arc<AtomicU64>,
    stop: StopSignal,
    live: LiveInput,
}

/// A run that started at 1 s, and the pipe to write to.
fn rig() -> Rig {
    let (pipe, chunks) = channel();
    let nanos = Arc::new(AtomicU64::new(1_000_000_000));
    let clock = Arc::clone(&nanos);
    let stop = StopSignal::default();
    let live = LiveInput {
        name: "pipe".to_owned(),
        input: Box::new(Pipe { chunks, chunk: Vec::new(), at: 0 }),
        clock: Arc::new(move || ProcessingTime(clock.load(Ordering::SeqCst))),
        stop: stop.clone(),
        start: ProcessingTime::from_millis(1_000),
    };
    Rig { pipe, nanos, stop, live }
}

impl Rig {
    /// The pipe as an input of a workload: what is left to write to it, and its events.
    fn open(self, workload: impl Workload) -> (Remote, Box<dyn AnyEvents>) {
        let workload = register(workload);
        let knobs = workload.resolve(&BTreeMap::new(), Some(1_000.0)).unwrap();
        let events = workload.live(&knobs, self.live);
        (Remote { pipe: self.pipe, nanos: self.nanos, stop: self.stop }, events)
    }
}

struct Remote {
    pipe: Sender<io::Result<Vec<u8>>>,
    nanos: Arc<AtomicU64>,
    stop: StopSignal,
}

impl Remote {
    fn write(&self, text: impl AsRef<[u8]>) {
        self.pipe.send(Ok(text.as_ref().to_vec())).unwrap();
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits as an engine does until there is more than `from`, or nothing more to come.
fn wait(source: &SourceSpec, from: u64) -> Result<Available, SourceError> {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    loop {
        let available = source.splits.available(0, from, ProcessingTime::ZERO)?;
        if available.end > from || available.next == Next::Never {
            return Ok(available);
        }
        source.splits.when_available(0, &waker);
        std::thread::park();
    }
}

/// Waits for the end of the input.
fn wait_for_end(source: &SourceSpec) -> Result<u64, SourceError> {
    let mut from = 0;
    loop {
        let available = wait(source, from)?;
        if available.next == Next::Never {
            return Ok(available.end);
        }
        from = available.end;
    }
}

fn read(source: &SourceSpec, offsets: Range<u64>) -> Vec<Record<String>> {
    let mut reader = source.reader();
    let mut batch = reader.batch();
    reader.read(0, offsets, &mut batch).unwrap();
    let upto = batch.len();
    batch.drain(upto).collect()
}

#[test]
fn lines_are_read_as_they_come_and_again() {
    let (remote, events) = rig().open(Uppercase);
    let plan = events.plan(at_once(u64::MAX), slot());
    assert_eq!((events.count(), plan.source.splits.splits()), (None, 1));

    remote.nanos.store(1_500_000_000, Ordering::SeqCst);
    remote.write("to be\nor");
    assert_eq!(wait(&plan.source, 0).unwrap(), Available { end: 1, next: Next::Unknown });
    // The rest of a line makes all of it readable.
    remote.nanos.store(2_000_000_000, Ordering::SeqCst);
    remote.write(" not\r\nto be");
    assert_eq!(wait(&plan.source, 1).unwrap(), Available { end: 2, next: Next::Unknown });
    drop(remote.pipe);
    assert_eq!(wait_for_end(&plan.source).unwrap(), 3);

    let records = read(&plan.source, 0..3);
    assert_eq!(records, read(&plan.source, 0..3));
    assert_eq!(records[1..], read(&plan.source, 1..3));
    let values: Vec<&str> = records.iter().map(|record| record.value.as_str()).collect();
    assert_eq!(values, ["to be", "or not", "to be"]);
    let times: Vec<i64> = records.iter().map(|record| record.event_time.0).collect();
    assert_eq!(times, [0, 1_000_000, 2_000_000]);
    assert!(records.iter().all(|record| record.stamps.is_punctual()));
    let planned = records.iter().map(|it| StampUnit::MICROSECOND.instant(it.stamps.planned).0);
    assert!(planned.eq([500_000_000, 1_000_000_000, 1_000_000_000]));

    assert_eq!(events.sample(2), "\"to be\"\n\"or not\"\n");
    let (digest, rows) = run(&plan);
    assert_eq!(digest, events.expected(u64::MAX));
    assert_eq!(rows, "{\"line\":\"TO BE\"}\n{\"line\":\"OR NOT\"}\n{\"line\":\"TO BE\"}\n");
    // A plan over fewer events ends before the input does.
    assert_eq!(run(&events.plan(at_once(2), slot())).0, events.expected(2));
}

#[test]
fn a_byte_order_mark_begins_no_line_even_in_two_pieces() {
    for (pieces, lines) in [
        (&[&b"\xef\xbb"[..], b"\xbfto be\nor not"][..], &["to be", "or not"][..]),
        (&[b"\xef\xbb\xbf"], &[]),
    ] {
        let (remote, events) = rig().open(Uppercase);
        let plan = events.plan(at_once(u64::MAX), slot());
        pieces.iter().for_each(|piece| remote.write(piece));
        drop(remote.pipe);
        let count = wait_for_end(&plan.source).unwrap();
        let records = read(&plan.source, 0..count);
        let values: Vec<&str> = records.iter().map(|record| record.value.as_str()).collect();
        assert_eq!(values, lines);
    }
}

#[test]
fn warm_up_is_not_timed() {
    let (remote, events) = rig().open(Uppercase);
    remote.write("a\nb\n");
    drop(remote.pipe);
    let plan = events.plan(Schedule { warm_up: 1, ..at_once(u64::MAX) }, slot());
    assert_eq!(wait_for_end(&plan.source).unwrap(), 2);
    let records = read(&plan.source, 0..2);
    assert_eq!([0, 1].map(|place: usize| records[place].stamps.is_timed()), [false, true]);
}

#[test]
fn a_stop_ends_the_input_though_its_read_still_blocks() {
    let (remote, events) = rig().open(Uppercase);
    let plan = events.plan(at_once(u64::MAX), slot());
    remote.write("a\n");
    wait(&plan.source, 0).unwrap();
    let stop = remote.stop.clone();
    let stopper = std::thread::spawn(move || stop.request());
    assert_eq!(wait_for_end(&plan.source).unwrap(), 1);
    stopper.join().unwrap();
    // What comes afterwards is not taken, or finds that nobody reads any more.
    let _ = remote.pipe.send(Ok(b"b\n".to_vec()));
    drop(remote.pipe);
    assert_eq!(wait_for_end(&plan.source).unwrap(), 1);
    assert_eq!(run(&plan).0, events.expected(u64::MAX));
}

#[test]
fn the_reading_thread_ends_when_nobody_wants_its_lines() {
    let (remote, events) = rig().open(Uppercase);
    drop(events);
    // The first is read and dropped with the pipe, so that soon none can be sent.
    while remote.pipe.send(Ok(b"a\n".to_vec())).is_ok() {
        std::thread::yield_now();
    }
}

#[test]
fn a_line_that_is_no_event_ends_the_run_where_it_stands() {
    let fails = |text: &[u8]| {
        let (remote, events) = rig().open(KeyedCount);
        let plan = events.plan(at_once(u64::MAX), slot());
        remote.write(text);
        wait_for_end(&plan.source).unwrap_err()
    };
    let error = fails(b"{\"key\":1}\n{\"key\":\"x\"}\n");
    assert_eq!((error.offset, error.line, error.column), (1, Some(2), Some(10)));
    assert!(error.cause.contains("expected u64"), "{error}");
    let error = fails(b"{\"key\":1}\n{\xff\n").to_string();
    assert_eq!(error, "pipe, split 0, offset 1 (line 2, column 2): not UTF-8: byte 0xff");
}

#[test]
fn an_input_that_fails_ends_the_run() {
    let (remote, events) = rig().open(Uppercase);
    let plan = events.plan(at_once(u64::MAX), slot());
    remote.write("a\n");
    remote.pipe.send(Err(io::ErrorKind::Interrupted.into())).unwrap();
    remote.pipe.send(Err(io::Error::other("the cable was cut"))).unwrap();
    let error = wait_for_end(&plan.source).unwrap_err().to_string();
    assert_eq!(error, "pipe, split 0, offset 1 (line 2): the cable was cut");
}

#[test]
fn more_text_than_is_kept_ends_the_run() {
    let rig = rig();
    let workload = register(Uppercase);
    let knobs = workload.resolve(&BTreeMap::new(), None).unwrap();
    let events = LiveEvents::with_limit(Arc::new(Uppercase), &knobs, rig.live, 10);
    let plan = events.plan(at_once(u64::MAX), slot());
    rig.pipe.send(Ok(b"12345678\n".to_vec())).unwrap();
    assert_eq!(wait(&plan.source, 0).unwrap().end, 1);
    // Without the end of a line as well.
    rig.pipe.send(Ok(b"12".to_vec())).unwrap();
    let error = wait_for_end(&plan.source).unwrap_err().to_string();
    assert!(error.starts_with("pipe, split 0, offset 1 (line 2): a live input is kept"), "{error}");
}
