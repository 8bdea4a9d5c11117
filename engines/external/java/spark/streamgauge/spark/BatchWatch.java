package streamgauge.spark;

import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.streaming.scheduler.BatchInfo;
import org.apache.spark.streaming.scheduler.StreamInputInfo;
import org.apache.spark.streaming.scheduler.StreamingListener;
import org.apache.spark.streaming.scheduler.StreamingListenerBatchCompleted;
import scala.jdk.javaapi.CollectionConverters;
import streamgauge.Reports;

/** Reports the batches of Spark Streaming. */
final class BatchWatch implements StreamingListener {
  private final Reports reports;
  private final Intake intake;
  private long batches;

  BatchWatch(Reports reports, Intake intake) {
    this.reports = reports;
    this.intake = intake;
  }

  @Override
  public void onBatchCompleted(StreamingListenerBatchCompleted completed) {
    BatchInfo batch = completed.batchInfo();
    if (batch.numRecords() > 0) {
      Map<String, Object> phases = new TreeMap<>();
      phases.put("schedulingDelay", batch.schedulingDelay().get());
      phases.put("processingDelay", batch.processingDelay().get());
      phases.put("triggerExecution", batch.totalDelay().get());
      long ago = System.currentTimeMillis() - batch.batchTime().milliseconds();
      reports.batch(batches++, batch.numRecords(), ago, phases);
    }
    // The streams of a context are numbered from 0 in the order of their receivers.
    CollectionConverters.asJava(batch.streamIdToInputInfo())
        .forEach((stream, input) -> finished((Integer) stream, input));
  }

  private void finished(int stream, StreamInputInfo input) {
    intake.finished(stream, input.numRecords());
  }
}
