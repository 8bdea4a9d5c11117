package streamgauge.spark;

import java.io.IOException;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.streaming.SourceProgress;
import org.apache.spark.sql.streaming.StreamingQueryListener;
import org.apache.spark.sql.streaming.StreamingQueryProgress;
import streamgauge.Reports;

/** Reports the micro-batches of a query, and commits their rows. */
final class Progress extends StreamingQueryListener {
  private final Reports reports;
  private final Sinks sinks;

  private final boolean isRealtime;

  Progress(Reports reports, Sinks sinks, boolean isRealtime) {
    this.reports = reports;
    this.sinks = sinks;
    this.isRealtime = isRealtime;
  }

  @Override
  public void onQueryStarted(QueryStartedEvent event) {}

  @Override
  public void onQueryProgress(QueryProgressEvent event) {
    StreamingQueryProgress progress = event.progress();
    if (!progress.durationMs().containsKey("addBatch")) {
      // Spark says now and then that nothing has come.
      return;
    }
    try {
      sinks.commit(progress.batchId());
    } catch (IOException broken) {
      // The next task that writes there fails with it.
    }
    long records = 0;
    for (SourceProgress source : progress.sources()) {
      records += positions(source.endOffset()) - positions(source.startOffset());
    }
    if (records > 0) {
      report(progress, records);
    }
  }

  private static long positions(String json) {
    return json == null || json.equals("null") ? 0 : Positions.parse(json).total();
  }

  private void report(StreamingQueryProgress progress, long records) {
    long began = Instant.parse(progress.timestamp()).toEpochMilli();
    long millis = System.currentTimeMillis() - began;
    if (isRealtime) {
      // Rows do not wait for the end of such a batch: it is when offsets are committed.
      reports.checkpoint(progress.batchId(), 0, millis);
      return;
    }
    Map<String, Object> phases = new TreeMap<>(progress.durationMs());
    reports.batch(progress.batchId(), records, millis, phases);
  }

  @Override
  public void onQueryTerminated(QueryTerminatedEvent event) {}
}
