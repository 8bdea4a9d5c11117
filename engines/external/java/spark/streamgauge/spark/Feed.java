package streamgauge.spark;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import streamgauge.Request;
import streamgauge.Split;

/**
 * The input of a run: its connections and what came over them. The tasks find it by the number of
 * the run, because the driver and its executor share this process.
 */
final class Feed implements Closeable {
  private static final Map<Integer, Feed> OPEN = new ConcurrentHashMap<>();

  /** The connections, one per subtask. */
  final List<Inlet> inlets = new ArrayList<>();

  /** From where the run reads. */
  final Positions start;

  private final int run;
  private final Inlet[] inletOf;
  private final SplitBuffer[] bufferOf;
  private final AtomicLong newest;
  private final CountDownLatch planned = new CountDownLatch(1);
  private BatchInput input;

  private Feed(Request request, Positions start) {
    this.run = request.run;
    this.start = start;
    this.newest = new AtomicLong(start.newest);
    this.inletOf = new Inlet[start.events.length];
    this.bufferOf = new SplitBuffer[start.events.length];
  }

  /** Opens all connections. They bring the events from these positions on. */
  static Feed open(Request request, Positions start) throws IOException {
    Feed feed = new Feed(request, start);
    OPEN.put(feed.run, feed);
    try {
      for (int subtask = 0; subtask < request.parallelism; subtask++) {
        feed.connect(request, subtask);
      }
    } catch (IOException refused) {
      feed.close();
      throw refused;
    }
    return feed;
  }

  private void connect(Request request, int subtask) throws IOException {
    List<Split> splits = request.splitsOf(subtask);
    splits.forEach(split -> split.events = start.events[split.number]);
    Inlet inlet = new Inlet(request, subtask, splits);
    inlets.add(inlet);
    for (SplitBuffer buffer : inlet.buffers) {
      inletOf[buffer.split.number] = inlet;
      bufferOf[buffer.split.number] = buffer;
    }
  }

  /** The input of this run. */
  static Feed of(int run) {
    Feed feed = OPEN.get(run);
    if (feed == null) {
      throw new IllegalStateException("run " + run + " has ended");
    }
    return feed;
  }

  /**
   * The input of the run in micro-batches. A query that reads the events more than once has one for
   * all, so that a batch takes the same events everywhere.
   */
  synchronized BatchInput input(Supplier<BatchInput> first) {
    if (input == null) {
      input = first.get();
    }
    return input;
  }

  /** The connection over which this split comes. */
  Inlet inlet(int split) {
    return inletOf[split];
  }

  /** How many events of each split have come. */
  long[] received() throws IOException {
    long[] received = new long[bufferOf.length];
    for (int split = 0; split < received.length; split++) {
      received[split] = inletOf[split].received(bufferOf[split]);
    }
    return received;
  }

  /** Waits for the events before these positions, and takes them into a batch. */
  void take(Positions to) throws IOException, InterruptedException {
    for (int split = 0; split < bufferOf.length; split++) {
      inletOf[split].take(bufferOf[split], to.events[split]);
    }
  }

  /** The records of these events of a split. */
  List<Chunk> between(int split, long from, long to) {
    return inletOf[split].between(bufferOf[split], from, to);
  }

  /** Takes the events of a split up to this one. */
  void take(int split, long event) throws IOException, InterruptedException {
    inletOf[split].take(bufferOf[split], event);
  }

  /** Forgets the events before these positions. */
  void free(Positions before) {
    for (int split = 0; split < bufferOf.length; split++) {
      inletOf[split].free(bufferOf[split], before.events[split]);
    }
  }

  /** Whether all records have come and all are taken. */
  boolean isExhausted() throws IOException {
    for (Inlet inlet : inlets) {
      if (!inlet.isExhausted()) {
        return false;
      }
    }
    return true;
  }

  /** Takes note of an event time, in nanoseconds. */
  void saw(long eventTime) {
    newest.accumulateAndGet(eventTime, Math::max);
  }

  /** The newest event time of all records that were read, in nanoseconds. */
  long newest() {
    return newest.get();
  }

  /** Says that the batch is planned after which nothing is left to read. */
  void allPlanned() {
    planned.countDown();
  }

  /** Waits for {@link #allPlanned}, but no longer than this. */
  boolean awaitAllPlanned(long millis) throws InterruptedException {
    return planned.await(millis, TimeUnit.MILLISECONDS);
  }

  @Override
  public void close() throws IOException {
    OPEN.remove(run);
    for (Inlet inlet : inlets) {
      try {
        inlet.close();
      } catch (IOException gone) {
        // The harness closed it first.
      }
    }
  }
}
