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
use crate::nexmark::Event;
use crate::queries::KeyedCount;
use crate::queries::nexmark::Nexmark;
use crate::queries::nexmark::windows::q11::Q11;
use crate::queries::uppercase::Uppercase;
use crate::registry::register;
use crate::testing::run_plan::{run, slot};

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
        self.open_with(workload, &[])
    }

    /// The same under these knobs.
    fn open_with(
        self,
        workload: impl Workload,
        given: &[(&str, &str)],
    ) -> (Remote, Box<dyn AnyEvents>) {
        let workload = register(workload);
        let given: BTreeMap<String, serde_json::Value> =
            given.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        let knobs = workload.resolve(&given, Some(1_000.0)).unwrap();
        let events = workload.live(&knobs, self.live).unwrap();
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
        let available = source.splits.available(0, from, ProcessingTime::MAX)?;
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
    let plan = events.plan(Schedule::at_once(u64::MAX), slot());
    assert_eq!((events.replay(), plan.source.splits.splits()), (Replay::Once, 1));

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
    assert_eq!(run(&events.plan(Schedule::at_once(2), slot())).0, events.expected(2));
}

#[test]
fn what_came_later_was_not_there_before_and_is_no_end_then() {
    let (remote, events) = rig().open(Uppercase);
    let plan = events.plan(Schedule::at_once(u64::MAX), slot());
    remote.nanos.store(1_500_000_000, Ordering::SeqCst);
    remote.write("to be\n");
    assert_eq!(wait(&plan.source, 0).unwrap().end, 1);
    remote.nanos.store(2_000_000_000, Ordering::SeqCst);
    remote.write("or not\n");
    drop(remote.pipe);
    assert_eq!(wait_for_end(&plan.source).unwrap(), 2);
    let ends = [499, 500, 999, 1_000].map(|millis| {
        plan.source.splits.available(0, 0, ProcessingTime::from_millis(millis)).unwrap()
    });
    assert_eq!(ends.map(|it| it.end), [0, 1, 1, 2]);
    assert!(ends[..3].iter().all(|it| it.next == Next::Unknown), "{ends:?}");
    assert_eq!(ends[3].next, Next::Never);
}

#[test]
fn a_byte_order_mark_begins_no_line_even_in_two_pieces() {
    for (pieces, lines) in [
        (&[&b"\xef\xbb"[..], b"\xbfto be\nor not"][..], &["to be", "or not"][..]),
        (&[b"\xef\xbb\xbf"], &[]),
    ] {
        let (remote, events) = rig().open(Uppercase);
        let plan = events.plan(Schedule::at_once(u64::MAX), slot());
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
    let plan = events.plan(Schedule { warm_up: 1, ..Schedule::at_once(u64::MAX) }, slot());
    assert_eq!(wait_for_end(&plan.source).unwrap(), 2);
    let records = read(&plan.source, 0..2);
    assert_eq!([0, 1].map(|place: usize| records[place].stamps.is_timed()), [false, true]);
}

#[test]
fn a_stop_ends_the_input_though_its_read_still_blocks() {
    let (remote, events) = rig().open(Uppercase);
    let plan = events.plan(Schedule::at_once(u64::MAX), slot());
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
        let plan = events.plan(Schedule::at_once(u64::MAX), slot());
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
    let plan = events.plan(Schedule::at_once(u64::MAX), slot());
    remote.write("a\n");
    remote.pipe.send(Err(io::ErrorKind::Interrupted.into())).unwrap();
    remote.pipe.send(Err(io::Error::other("the cable was cut"))).unwrap();
    let error = wait_for_end(&plan.source).unwrap_err().to_string();
    assert_eq!(error, "pipe, split 0, offset 1 (line 2): the cable was cut");
}

#[test]
fn more_text_than_is_kept_ends_the_run() {
    let (remote, events) = rig().open_with(Uppercase, &[("max_input_bytes", "10")]);
    let plan = events.plan(Schedule::at_once(u64::MAX), slot());
    remote.write("12345678\n");
    assert_eq!(wait(&plan.source, 0).unwrap().end, 1);
    // Without the end of a line as well.
    remote.write("12");
    let error = wait_for_end(&plan.source).unwrap_err().to_string();
    let place = "pipe, split 0, offset 1 (line 2): the input has more than 10 bytes; ";
    assert!(error.starts_with(place) && error.contains("max_input_bytes"), "{error}");
}

#[test]
fn a_line_without_an_end_ends_the_run() {
    let (remote, events) = rig().open_with(Uppercase, &[("max_line_bytes", "4")]);
    let plan = events.plan(Schedule::at_once(u64::MAX), slot());
    remote.write("1234\n12");
    remote.write("345");
    let error = wait_for_end(&plan.source).unwrap_err().to_string();
    let place = "pipe, split 0, offset 1 (line 2): the line has more than 4 bytes; ";
    assert!(error.starts_with(place) && error.contains("max_line_bytes"), "{error}");
}

#[test]
fn blank_lines_of_json_are_skipped_and_counted() {
    let (remote, events) = rig().open(KeyedCount);
    let plan = events.plan(Schedule::at_once(u64::MAX), slot());
    remote.write("\n{\"key\":1}\n\r\n");
    assert_eq!(wait(&plan.source, 0).unwrap().end, 1);
    remote.write(" \n{\"key\":\"x\"}\n");
    let error = wait_for_end(&plan.source).unwrap_err();
    assert_eq!((error.offset, error.line, error.column), (1, Some(5), Some(10)));
}

/// A bid of bidder 7 for auction 1.
fn bid(millis: i64) -> String {
    format!(
        "{{\"event_type\":2,\"bid\":{{\"auction\":1,\"bidder\":7,\"price\":9,\"channel\":\"\",\
         \"url\":\"\",\"dateTime\":{millis},\"extra\":\"\"}}}}\n"
    )
}

#[test]
fn events_that_say_when_they_happened_are_taken_at_their_word() {
    // Out of order, as far as watermarks allow.
    let bids: String = [60_000, 0, 1, 130_000].map(bid).concat();
    let knobs = [("disorder_ms", "100000")];
    let (remote, events) = rig().open_with(Nexmark::new(Q11), &knobs);
    let plan = events.plan(Schedule::at_once(u64::MAX), slot());
    remote.write(&bids);
    drop(remote.pipe);
    let count = wait_for_end(&plan.source).unwrap();
    let mut reader = plan.source.reader();
    let mut batch = reader.batch();
    reader.read(0, 0..count, &mut batch).unwrap();
    let upto = batch.len();
    let times: Vec<i64> =
        batch.drain::<Event>(upto).map(|record| record.event_time.0 / 1_000_000).collect();
    assert_eq!(times, [60_000, 0, 1, 130_000]);

    let (digest, rows) = run(&plan);
    assert_eq!(digest, events.expected(u64::MAX));
    assert_eq!(rows.lines().count(), 3, "{rows}");
    // All as from a file.
    let workload = register(Nexmark::new(Q11));
    let knobs =
        workload.resolve(&BTreeMap::from([("disorder_ms".to_owned(), 100_000.into())]), None);
    let lines = workload.lines(&knobs.unwrap(), "file", &mut bids.as_bytes()).unwrap();
    assert_eq!(lines.expected(u64::MAX), digest);
    assert_eq!(lines.sample(u64::MAX), events.sample(u64::MAX));
}

#[test]
fn what_a_live_input_cannot_have_is_refused() {
    for knob in ["straggler_delay_ms", "idle_splits"] {
        let workload = register(Uppercase);
        let given = BTreeMap::from([(knob.to_owned(), 3.into())]);
        let knobs = workload.resolve(&given, None).unwrap();
        let error = workload.live(&knobs, rig().live).err().unwrap().to_string();
        assert!(error.starts_with(&format!("pipe: {knob}=3 needs a file as input")), "{error}");
    }
}
