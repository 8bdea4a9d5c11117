//! Takes the rows that a subtask's sink brings, digests them, and gives them to the plan's sink.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::io::{BufReader, Read};
use std::net::TcpStream;

use dataflow::exchange::foreign::{ForeignRow, RowError};
use dataflow::exchange::sink::{Output, Sink};
use dataflow::{EngineError, EventTime, Stamps};

use crate::parked::block_on;
use crate::rows::SubtaskRows;
use crate::run_state::{RunParts, RunState, Shows};
use crate::wire::{Rows, SinkFrame, WireChange};

/// Bytes that are read at once.
const READ_BYTES: usize = 256 * 1024;

/// One subtask's end.
struct Collector<'a> {
    run: &'a RunState,
    parts: &'a RunParts,
    sink: Box<dyn Sink>,
    output: Output,
    rows: SubtaskRows,
    /// Ends of windows of which rows came before the end of the input.
    windows: BTreeSet<EventTime>,
    /// Whether rows say to which window they belong.
    tells_windows: bool,
    /// The events that a row shows.
    shown: Vec<Stamps>,
}

/// Serves a sink's connection to its end. What fails ends the run.
pub(crate) fn collect(run: &RunState, subtask: u32, stream: TcpStream) {
    let Some(parts) = run.parts() else { return };
    let mut collector = Collector {
        run,
        parts: &parts,
        sink: (parts.plan.sink.open)(subtask),
        output: Output::default(),
        rows: run.take_rows(subtask),
        windows: BTreeSet::new(),
        tells_windows: false,
        shown: Vec::new(),
    };
    collector.rows.held.begin_again();
    let served = collector.serve(BufReader::with_capacity(READ_BYTES, stream));
    run.put_rows(subtask, std::mem::take(&mut collector.rows));
    if let Err(error) = served {
        run.end(Err(error));
    }
}

impl Collector<'_> {
    fn serve(&mut self, mut from: impl Read) -> Result<(), EngineError> {
        let mut bytes = Vec::new();
        loop {
            // A process that goes away says so on its control connection, or that it goes on.
            let Ok(frame) = SinkFrame::read(&mut from, &mut bytes) else { return Ok(()) };
            let holds = self.parts.holds_rows;
            match frame {
                SinkFrame::Rows if holds => self.rows.held.add(&bytes),
                SinkFrame::Rows => self.write(&bytes)?,
                SinkFrame::PreCommit(checkpoint) if holds => self.rows.held.pre_commit(checkpoint),
                SinkFrame::Commit(checkpoint) if holds => {
                    let seen = self.rows.held.commit(checkpoint);
                    self.write(&seen)?;
                }
                SinkFrame::PreCommit(_) | SinkFrame::Commit(_) => {}
                SinkFrame::Finish => {
                    block_on(poll_fn(|context| self.sink.poll_finish(context)))?;
                    return Ok(());
                }
            }
        }
    }

    /// Rows count as emitted when they have come.
    fn write(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        let now = self.parts.runtime.now();
        let mut rows = Rows(bytes);
        let mut seen = 0;
        loop {
            let next = rows.next().map_err(|error| self.unreadable(&error))?;
            if next.is_none() || self.output.is_full() {
                seen += self.output.written;
                self.sink.write(&mut self.output, now)?;
                self.output.clear();
                block_on(poll_fn(|context| self.sink.poll_room(context)))?;
            }
            let Some((change, row)) = next else { break };
            self.take(change, &row).map_err(|error| self.unreadable(&error))?;
        }
        let closed = self.tells_windows.then_some(self.windows.len() as u64);
        self.run.wrote(seen, closed, now);
        Ok(())
    }

    fn take(&mut self, change: WireChange, row: &ForeignRow<'_>) -> Result<(), RowError> {
        if row.event_time != EventTime::MIN {
            self.tells_windows = true;
            if row.stamps.is_timed() {
                self.windows.insert(row.event_time);
            }
        }
        let (plan, output) = (&self.parts.plan, &mut self.output);
        let mut write = |row: &ForeignRow<'_>| (plan.write_row)(row, plan.sink.wants, output);
        let key = match change {
            WireChange::Change(_) => return write(row),
            WireChange::Upsert(key) => key,
        };
        self.shown.clear();
        if self.parts.updates_show == Shows::Counted {
            let bytes = row.fields.len();
            let shown = self.run.unseen().shown(row.fields, &mut self.shown);
            shown.map_err(|cause| RowError { bytes, cause })?;
        }
        let row = match self.parts.updates_show {
            Shows::One => *row,
            Shows::Counted => ForeignRow { stamps: Stamps::UNTIMED, events: &self.shown, ..*row },
            Shows::Unknown => ForeignRow { stamps: Stamps::UNTIMED, ..*row },
        };
        self.rows.table.put(key, row, write)
    }

    /// A row that cannot be read: the process writes what the workload does not have.
    fn unreadable(&self, cause: &dyn std::error::Error) -> EngineError {
        EngineError::System { system: self.run.title.to_owned(), cause: cause.to_string() }
    }
}
