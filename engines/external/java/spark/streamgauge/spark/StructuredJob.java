package streamgauge.spark;

import java.util.Map;
import java.util.concurrent.TimeoutException;
import org.apache.spark.SparkContext;
import org.apache.spark.network.util.JavaUtils;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.DataStreamWriter;
import org.apache.spark.sql.streaming.OutputMode;
import org.apache.spark.sql.streaming.StreamingQuery;
import org.apache.spark.sql.streaming.StreamingQueryException;
import org.apache.spark.sql.streaming.Trigger;
import streamgauge.Reports;
import streamgauge.Request;

/** A run on Structured Streaming, in micro-batches or in real-time mode. */
final class StructuredJob implements Job {
  private static final long LOOK_MILLIS = 20;
  private static final long DRAIN_MILLIS = 10_000;

  private static final String FILE_MANAGER = "spark.sql.streaming.checkpointFileManagerClass";
  private static final String FORK_FREE_MANAGER =
      "org.apache.spark.sql.execution.streaming.checkpointing."
          + "FileSystemBasedCheckpointFileManager";
  private static final String STATE_STORE = "spark.sql.streaming.stateStore.providerClass";
  private static final String ROCKS_DB =
      "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider";

  private static final String LEAST_DURATION = "spark.sql.streaming.realTimeMode.minBatchDuration";

  private final Request request;
  private final Reports reports;
  private final Sessions sessions;
  private final boolean isRealtime;
  private final Settings settings;
  private final Events events;
  private final long triggerMillis;
  private final long mostEvents;
  private StreamingQuery query;
  private boolean isCancelled;

  StructuredJob(Request request, Reports reports, Sessions sessions) {
    this.request = request;
    this.reports = reports;
    this.sessions = sessions;
    this.isRealtime = request.engine.equals("spark-realtime");
    this.settings = new Settings(request);
    this.events = Events.of(request.workload);
    if (events == Events.NEXMARK) {
      // Refuses what has no query.
      SqlQuery.of(request.workload);
    }
    this.triggerMillis =
        isRealtime ? settings.millis("batch_duration", "5s") : settings.millis("trigger", "0ms");
    this.mostEvents = settings.mostEvents();
  }

  @Override
  public void run() throws Exception {
    boolean exactlyOnce = settings.isExactlyOnce();
    // In real-time mode the tasks of both stages of a count run at once.
    boolean isTwice = isRealtime && request.workload.endsWith("-count");
    int slots = isTwice ? 2 * request.parallelism : request.parallelism;
    SparkSession session = sessions.forRun(request, slots);
    setDefaults(session);
    Trigger trigger = trigger(session);
    Checkpoint checkpoint = Checkpoint.of(request);
    DataStreamWriter<Row> writer = writer(session, checkpoint).trigger(trigger);
    SparkContext context = session.sparkContext();
    TaskWatch watch = new TaskWatch(reports);
    Progress progress = null;
    try (Sinks sinks = Sinks.open(request, exactlyOnce, checkpoint.committed());
        Feed feed = Feed.open(request, checkpoint.start(request.splits().size()))) {
      progress = new Progress(reports, sinks, isRealtime);
      session.streams().addListener(progress);
      context.addSparkListener(watch);
      start(writer);
      await(feed);
      stop();
      context.listenerBus().waitUntilEmpty(DRAIN_MILLIS);
      sinks.finish();
    } catch (StreamingQueryException failed) {
      throw failed.getCause() instanceof Exception ? (Exception) failed.getCause() : failed;
    } finally {
      stop();
      context.removeSparkListener(watch);
      if (progress != null) {
        session.streams().removeListener(progress);
      }
    }
  }

  private Trigger trigger(SparkSession session) {
    if (!isRealtime) {
      return Trigger.ProcessingTime(triggerMillis);
    }
    long least = JavaUtils.timeStringAsMs(session.conf().get(LEAST_DURATION));
    if (triggerMillis < least) {
      throw new IllegalArgumentException(
          String.format(
              "the setting batch_duration is at least %d ms: `%s` sets that bound",
              least, LEAST_DURATION));
    }
    return Trigger.RealTime(triggerMillis);
  }

  private void setDefaults(SparkSession session) {
    Map<String, String> foreign = request.foreign();
    if (settings.isForkFree() && !foreign.containsKey(FILE_MANAGER)) {
      session.conf().set(FILE_MANAGER, FORK_FREE_MANAGER);
    }
    if (isRealtime && !foreign.containsKey(STATE_STORE)) {
      session.conf().set(STATE_STORE, ROCKS_DB);
    }
  }

  private DataStreamWriter<Row> writer(SparkSession session, Checkpoint checkpoint) {
    Dataset<Row> input =
        session
            .readStream()
            .format(HarnessSource.class.getName())
            .option(HarnessSource.RUN, request.run)
            .option(HarnessSource.EVENTS, events.name())
            .option(HarnessSource.ANNOUNCES_END, Query.hasWindows(request.workload))
            .option(HarnessSource.IS_REALTIME, isRealtime)
            .option(HarnessSource.MOST_EVENTS, mostEvents)
            .load();
    Query asked = Query.of(request, input);
    return asked
        .result
        .writeStream()
        .outputMode(isRealtime ? OutputMode.Update() : asked.mode)
        .option("checkpointLocation", checkpoint.location(settings.isForkFree()))
        .foreach(new RowSender(request.run, asked.format));
  }

  private synchronized void start(DataStreamWriter<Row> writer) throws TimeoutException {
    if (!isCancelled) {
      query = writer.start();
    }
  }

  /** Waits until everything has been read and written, or the query has stopped. */
  private void await(Feed feed) throws Exception {
    if (query == null) {
      return;
    }
    while (query.isActive() && !feed.awaitAllPlanned(LOOK_MILLIS)) {}
    query.processAllAvailable();
    if (query.exception().isDefined()) {
      throw query.exception().get();
    }
  }

  @Override
  public void cancel() throws Exception {
    synchronized (this) {
      isCancelled = true;
    }
    stop();
  }

  private void stop() throws Exception {
    StreamingQuery running;
    synchronized (this) {
      running = query;
    }
    if (running != null) {
      running.stop();
    }
  }
}
