//! Rows on their way out of a worker: as bytes, to its end of the sink.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use dataflow::exchange::foreign::{ForeignRow, RowChange};
use dataflow::exchange::sink::{Output, Sink};
use dataflow::{EngineError, EventTime, Stamps};
use serde::Serialize;
use timely::worker::Worker;

use crate::failed;
use crate::workers::Shared;

/// A row of the result, its fields as MessagePack.
struct Row {
    change: RowChange,
    event_time: EventTime,
    stamps: Stamps,
    fields: Vec<u8>,
}

/// Rows that the operators of a worker have made and that have not been written.
#[derive(Clone, Default)]
pub struct Rows(Rc<RefCell<Vec<Row>>>);

impl Rows {
    /// Puts a row in, by its fields.
    pub fn put(
        &self,
        change: RowChange,
        event_time: EventTime,
        stamps: Stamps,
        fields: &impl Serialize,
    ) {
        let fields = rmp_serde::to_vec(fields).expect("numbers can be serialized");
        self.0.borrow_mut().push(Row { change, event_time, stamps, fields });
    }
}

/// Writes the rows of a worker to its end of the sink.
pub struct Writer<'a> {
    shared: &'a Shared,
    rows: Rows,
    sink: Box<dyn Sink>,
    output: Output,
    records_out: u64,
}

impl<'a> Writer<'a> {
    /// Opens it.
    pub fn new(worker: &Worker, shared: &'a Shared, rows: Rows) -> Self {
        let sink = (shared.job.plan.sink.open)(worker.index() as u32);
        Self { shared, rows, sink, output: Output::default(), records_out: 0 }
    }

    /// Writes what the operators have made since.
    ///
    /// # Errors
    /// When a row is none of the result, or cannot be written.
    pub fn write(&mut self) -> Result<(), EngineError> {
        let plan = &self.shared.job.plan;
        for row in self.rows.0.take() {
            let Row { change, event_time, stamps, ref fields } = row;
            let row = ForeignRow { change, event_time, stamps, events: &[], fields };
            (plan.write_row)(&row, plan.sink.wants, &mut self.output)
                .map_err(|error| failed(&error))?;
            // An update is two rows, of which the second makes it whole.
            if self.output.is_full() && change != RowChange::UpdateBefore {
                self.hand_over()?;
            }
        }
        self.hand_over()
    }

    fn hand_over(&mut self) -> Result<(), EngineError> {
        if self.output.written > 0 {
            self.records_out += self.output.written;
            self.sink.write(&mut self.output, self.shared.runtime.now())?;
            self.output.clear();
            wait(poll_fn(|context| self.sink.poll_room(context)))?;
        }
        Ok(())
    }

    /// Writes the rest, and says how many records there were.
    ///
    /// # Errors
    /// As of [`Self::write`].
    pub fn finish(mut self) -> Result<u64, EngineError> {
        self.write()?;
        wait(poll_fn(|context| self.sink.poll_finish(context)))?;
        Ok(self.records_out)
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future to its end on this thread, which sleeps meanwhile.
fn wait<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(done) => return done,
            Poll::Pending => thread::park(),
        }
    }
}
