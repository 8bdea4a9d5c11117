package streamgauge.spark;

import java.io.Closeable;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import streamgauge.Address;
import streamgauge.Request;
import streamgauge.SinkConnection;

/**
 * The output of a run: a connection per partition of the result. The tasks find it by the number of
 * the run.
 */
final class Sinks implements Closeable {
  /** No batch has this number. */
  static final long NO_BATCH = -1;

  private static final Map<Integer, Sinks> OPEN = new ConcurrentHashMap<>();

  /** Whether rows are seen only when their batch is committed. */
  final boolean isExactlyOnce;

  private final Address address;
  private final int run;
  private final Map<Integer, SinkConnection> connections = new TreeMap<>();
  private long committed;
  private boolean closed;

  private Sinks(Request request, boolean isExactlyOnce, long committed) {
    this.address = request.address;
    this.run = request.run;
    this.isExactlyOnce = isExactlyOnce;
    this.committed = committed;
  }

  /**
   * Opens a connection per subtask. More partitions get theirs when they write first.
   *
   * @param committed the last batch that was committed before, or {@link #NO_BATCH}.
   */
  static Sinks open(Request request, boolean isExactlyOnce, long committed) throws IOException {
    Sinks sinks = new Sinks(request, isExactlyOnce, committed);
    OPEN.put(sinks.run, sinks);
    for (int partition = 0; partition < request.parallelism; partition++) {
      sinks.connection(partition);
    }
    return sinks;
  }

  /** The output of this run. */
  static Sinks of(int run) {
    Sinks sinks = OPEN.get(run);
    if (sinks == null) {
      throw new IllegalStateException("run " + run + " has ended");
    }
    return sinks;
  }

  /** The connection of this partition. */
  synchronized SinkConnection connection(int partition) throws IOException {
    SinkConnection connection = connections.get(partition);
    if (connection == null) {
      if (closed) {
        throw new IOException("the run has ended");
      }
      connection = new SinkConnection(address, run, partition);
      connections.put(partition, connection);
      if (isExactlyOnce && committed != NO_BATCH) {
        // The process before may have died between Spark's commit and this word of it.
        connection.commit(committed);
      }
    }
    return connection;
  }

  /** Tells that Spark has committed this batch. */
  synchronized void commit(long batch) throws IOException {
    if (isExactlyOnce && batch > committed && !closed) {
      committed = batch;
      for (SinkConnection connection : connections.values()) {
        connection.commit(batch);
      }
    }
  }

  /** Says on all connections that no more rows will come. */
  synchronized void finish() throws IOException {
    for (SinkConnection connection : connections.values()) {
      connection.finish();
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    OPEN.remove(run);
    for (SinkConnection connection : connections.values()) {
      try {
        connection.close();
      } catch (IOException gone) {
        // The harness closed it first.
      }
    }
  }
}
