//! The harness's sink: computes the digest of results, records their latencies, passes rows on.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use dataflow::exchange::sink::{Output, Sink, SinkError, SinkSlot};
use dataflow::record::latency_trace::Part;
use dataflow::{Digest, ProcessingTime};

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
    let open = move |_subtask| -> Box<dyn Sink> {
        Box::new(MeasuringSink {
            own: SinkMeasurement { digest: Digest::default(), latency: latency.clone() },
            rows: rows.clone(),
            shared: Arc::clone(&shared),
        })
    };
    (SinkSlot::plain(wants, open), measured)
}

/// One subtask's sink: keeps its own figures and brings them in when it goes.
struct MeasuringSink {
    own: SinkMeasurement,
    rows: Option<RowWriter>,
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
            Some(rows) => rows.send(std::mem::take(&mut output.text)),
            None => Ok(()),
        }
    }

    fn poll_room(&mut self, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        match &self.rows {
            Some(rows) => rows.poll_room(context),
            None => Poll::Ready(Ok(())),
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
