package streamgauge.spark;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What the receivers of a run have stored, and what batches have done with it. Spark itself puts no
 * bound on what waits; this one does, as the sources of the other engines do.
 */
final class Intake {
  /** Records of one receiver that may wait for their batch to end. */
  private static final long MOST_WAITING = 2_000_000;

  private static final Map<Integer, Intake> OPEN = new ConcurrentHashMap<>();

  private final long[] waiting;
  private int receiving;
  private boolean closed;
  private IOException failure;

  private Intake(int receivers) {
    waiting = new long[receivers];
    receiving = receivers;
  }

  /** Begins a run with so many receivers. */
  static Intake open(int run, int receivers) {
    Intake intake = new Intake(receivers);
    OPEN.put(run, intake);
    return intake;
  }

  /** That of this run. */
  static Intake of(int run) {
    Intake intake = OPEN.get(run);
    if (intake == null) {
      throw new IllegalStateException("run " + run + " has ended");
    }
    return intake;
  }

  /** Waits until a receiver may store records. False when the run has ended. */
  synchronized boolean awaitRoom(int receiver) throws InterruptedException {
    while (!closed && waiting[receiver] >= MOST_WAITING) {
      wait();
    }
    return !closed;
  }

  /** Takes note of records that a receiver stores. */
  synchronized void stores(int receiver, long records) {
    waiting[receiver] += records;
  }

  /** Takes note of records whose batch has ended. */
  synchronized void finished(int receiver, long records) {
    waiting[receiver] -= records;
    notifyAll();
  }

  /** A receiver has come to the end of its input, or its connection broke. */
  synchronized void ended(IOException broken) {
    receiving--;
    if (broken != null && failure == null && !closed) {
      failure = broken;
    }
    notifyAll();
  }

  /** Waits a little. True when the input has ended and all batches with records of it. */
  synchronized boolean awaitDone(long millis) throws IOException, InterruptedException {
    if (!isDone()) {
      wait(millis);
    }
    if (failure != null) {
      throw new IOException("a receiver failed: " + failure.getMessage(), failure);
    }
    return isDone();
  }

  private boolean isDone() {
    long all = 0;
    for (long records : waiting) {
      all += records;
    }
    return closed || receiving == 0 && all == 0;
  }

  /** Ends it. */
  synchronized void close(int run) {
    closed = true;
    OPEN.remove(run, this);
    notifyAll();
  }
}
