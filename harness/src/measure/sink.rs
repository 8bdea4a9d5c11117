//! The harness's sink: computes the digest of results, records their latencies, passes rows on.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use dataflow::exchange::sink::{Output, Sink, SinkError, SinkSlot, Transaction};
use dataflow::operator::snapshot::Version;
use dataflow::record::latency_trace::Part;
use dataflow::{BoxFuture, Digest, ProcessingTime};

use crate::files::rows::RowWriter;
use crate::measure::latency::Recorder;

/// What came out of a run, over all subtasks.
#[derive(Clone, Debug, Default)]
pub struct SinkMeasurement {
    /// Digest of everything written.
    pub digest: Digest,
    /// Latencies, when they were asked for.
    pub latency: Option<Recorder>,
}

/// A slot for a plan, and the place where its measurements come together.
pub fn measuring(
    latency: Option<Recorder>,
    rows: Option<RowWriter>,
) -> (SinkSlot, Arc<Mutex<SinkMeasurement>>) {
    let measured = Arc::new(Mutex::new(SinkMeasurement {
        digest: Digest::default(),
        latency: latency.clone(),
    }));
    let wants = Recorder::wants(latency.as_ref(), rows.is_some());
    let shared = Arc::clone(&measured);
    let open = move |subtask| -> Box<dyn Sink> {
        Box::new(MeasuringSink {
            subtask,
            own: SinkMeasurement { digest: Digest::default(), latency: latency.clone() },
            rows: rows.clone(),
            finish: None,
            shared: Arc::clone(&shared),
        })
    };
    (SinkSlot::plain(wants, open), measured)
}

/// One subtask's sink: keeps its own figures and brings them in when it goes.
struct MeasuringSink {
    subtask: u32,
    own: SinkMeasurement,
    rows: Option<RowWriter>,
    /// Once the input has ended: the wait for the last rows.
    finish: Option<BoxFuture<Result<(), SinkError>>>,
    shared: Arc<Mutex<SinkMeasurement>>,
}

impl Sink for MeasuringSink {
    fn write(&mut self, output: &mut Output, now: ProcessingTime) -> Result<(), SinkError> {
        self.own.digest.merge(&output.digest);
        if let Some(latency) = &mut self.own.latency {
            latency.record(output.timed(), now);
            // The engine looked at its clock a moment before it came here.
            output.trails.iter_mut().for_each(|trail| trail.spend(Part::Processing, now));
            latency.record_trails(&output.trails, output.without_trail);
        }
        match &self.rows {
            Some(rows) => rows.send(self.subtask, std::mem::take(&mut output.text)),
            None => Ok(()),
        }
    }

    fn poll_room(&mut self, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        match &self.rows {
            Some(rows) => rows.poll_room(context),
            None => Poll::Ready(Ok(())),
        }
    }

    /// A run is over, and timed, when its last rows are where they belong.
    fn poll_finish(&mut self, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        let Some(rows) = &self.rows else { return Poll::Ready(Ok(())) };
        self.finish.get_or_insert_with(|| rows.finished()).as_mut().poll(context)
    }

    /// Rows that a checkpoint or batch covers are where they belong before it completes.
    fn pre_commit(&mut self, _: Version) -> BoxFuture<Result<Option<Transaction>, SinkError>> {
        match &self.rows {
            Some(rows) => {
                let flushed = rows.flushed();
                Box::pin(async move { flushed.await.map(|()| None) })
            }
            None => Box::pin(std::future::ready(Ok(None))),
        }
    }
}

impl Drop for MeasuringSink {
    fn drop(&mut self) {
        let mut shared = self.shared.lock().expect("no sink fails while it holds this");
        shared.digest.merge(&self.own.digest);
        if let (Some(into), Some(own)) = (&mut shared.latency, &self.own.latency) {
            into.merge(own);
        }
    }
}
