package streamgauge.spark;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.streaming.Duration;
import org.apache.spark.streaming.api.java.JavaDStream;
import org.apache.spark.streaming.api.java.JavaStreamingContext;
import scala.jdk.javaapi.CollectionConverters;
import streamgauge.Reports;
import streamgauge.Request;

/** A run on Spark Streaming, the interface before Structured Streaming, which is deprecated now. */
@SuppressWarnings("deprecation")
final class DStreamJob implements Job {
  private static final long LOOK_MILLIS = 20;
  private static final long DRAIN_MILLIS = 10_000;

  private final Request request;
  private final Reports reports;
  private final Sessions sessions;
  private final Settings settings;
  private final Events events;
  private final long intervalMillis;
  private Intake intake;
  private boolean isCancelled;

  DStreamJob(Request request, Reports reports, Sessions sessions) {
    this.request = request;
    this.reports = reports;
    this.sessions = sessions;
    this.settings = new Settings(request);
    this.events = Events.of(request.workload);
    this.intervalMillis = settings.millis("batch_interval", "1s");
    if (events == Events.NEXMARK) {
      throw new IllegalArgumentException(
          "Spark Streaming has no SQL, so it has no " + request.workload);
    }
    if (Query.hasWindows(request.workload)) {
      throw new IllegalArgumentException(
          "Spark Streaming knows no event time, so it has no " + request.workload);
    }
    if (settings.isExactlyOnce()) {
      throw new IllegalArgumentException(
          "Spark Streaming writes the rows of a batch again when it runs it again, so it is never "
              + "exactly-once");
    }
    if (request.resume) {
      throw new IllegalArgumentException(
          "Spark Streaming keeps what its receivers took in memory, so a run that was killed "
              + "cannot be taken up");
    }
  }

  @Override
  public void run() throws Exception {
    Checkpoint checkpoint = Checkpoint.of(request);
    // Each receiver is a task that holds its slot as long as the run lasts.
    int slots = 2 * request.parallelism;
    SparkContext context = sessions.forRun(request, slots).sparkContext();
    JavaStreamingContext streaming =
        new JavaStreamingContext(
            JavaSparkContext.fromSparkContext(context), new Duration(intervalMillis));
    streaming.checkpoint(checkpoint.location(settings.isForkFree()));
    TaskWatch watch = new TaskWatch(reports);
    synchronized (this) {
      intake = Intake.open(request.run, request.parallelism);
    }
    try (Sinks sinks = Sinks.open(request, false, Sinks.NO_BATCH)) {
      new StreamQuery(request.run, request.parallelism)
          .define(request.workload, receivers(streaming));
      streaming.addStreamingListener(new BatchWatch(reports, intake));
      context.addSparkListener(watch);
      try {
        await(streaming);
        context.listenerBus().waitUntilEmpty(DRAIN_MILLIS);
      } finally {
        context.removeSparkListener(watch);
        intake.close(request.run);
        // Spark itself goes on, and what its receivers still hold is dropped.
        streaming.stop(false, false);
      }
      sinks.finish();
    }
  }

  private JavaDStream<StreamEvent> receivers(JavaStreamingContext streaming) {
    List<JavaDStream<StreamEvent>> streams = new ArrayList<>();
    for (int subtask = 0; subtask < request.parallelism; subtask++) {
      streams.add(streaming.receiverStream(new HarnessReceiver(request, subtask, events)));
    }
    return streaming.union(CollectionConverters.asScala(streams).toSeq());
  }

  private void await(JavaStreamingContext streaming) throws IOException, InterruptedException {
    synchronized (this) {
      if (isCancelled) {
        return;
      }
      streaming.start();
    }
    // A batch that failed is thrown here.
    while (!intake.awaitDone(LOOK_MILLIS) && !streaming.awaitTerminationOrTimeout(1)) {}
  }

  @Override
  public synchronized void cancel() {
    isCancelled = true;
    if (intake != null) {
      intake.close(request.run);
    }
  }
}
