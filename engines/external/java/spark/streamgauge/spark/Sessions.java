package streamgauge.spark;

import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.SparkSession;
import streamgauge.Request;

/**
 * Keeps Spark going from run to run. It is started again only when a run wants another number of
 * slots, or another value of a setting that Spark reads at its start.
 */
public final class Sessions {
  private static final String MAX_FAILURES = "spark.task.maxFailures";

  private SparkSession root;
  private Map<String, String> startedWith;

  /** A session for one run, whose settings no other run sees. */
  public synchronized SparkSession forRun(Request request, int slots) {
    Map<String, String> atStart = atStart(request, slots);
    if (root != null && (root.sparkContext().isStopped() || !atStart.equals(startedWith))) {
      stop();
    }
    if (root == null) {
      SparkConf configuration = new SparkConf(false);
      atStart.forEach(configuration::set);
      root = SparkSession.builder().config(configuration).getOrCreate();
      startedWith = atStart;
    }
    SparkSession session = root.newSession();
    SparkSession.setActiveSession(session);
    session.conf().set("spark.sql.shuffle.partitions", request.parallelism);
    request.foreign().forEach((key, value) -> setAtRun(session, key, value));
    return session;
  }

  private static void setAtRun(SparkSession session, String key, String value) {
    if (KnownSettings.isSetPerRun(key)) {
      session.conf().set(key, value);
    }
  }

  /** What Spark reads at its start: our defaults and what the request says instead. */
  private static Map<String, String> atStart(Request request, int slots) {
    Map<String, String> all = new TreeMap<>();
    all.put("spark.app.name", "streamgauge");
    all.put("spark.ui.enabled", "false");
    all.put("spark.driver.host", "127.0.0.1");
    all.put("spark.driver.bindAddress", "127.0.0.1");
    all.put("spark.local.dir", Path.of(System.getProperty("java.io.tmpdir"), "spark").toString());
    all.put("spark.sql.warehouse.dir", System.getProperty("java.io.tmpdir"));
    all.put("spark.sql.session.timeZone", "UTC");
    all.put("spark.default.parallelism", Integer.toString(request.parallelism));
    all.put(
        "spark.hadoop.fs." + ForkFreeFileSystem.SCHEME + ".impl",
        ForkFreeFileSystem.class.getName());
    request
        .foreign()
        .forEach(
            (key, value) -> {
              if (!KnownSettings.isSetPerRun(key)) {
                all.put(key, value);
              }
            });
    String failures = request.foreign().getOrDefault(MAX_FAILURES, "4");
    all.put("spark.master", "local[" + slots + "," + failures + "]");
    return all;
  }

  /** Stops Spark. The next run starts it again. */
  public synchronized void stop() {
    if (root != null) {
      SparkContext context = root.sparkContext();
      root = null;
      context.stop();
      SparkSession.clearActiveSession();
      SparkSession.clearDefaultSession();
    }
  }
}
