package streamgauge.spark;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import streamgauge.Block;
import streamgauge.Request;
import streamgauge.SourceConnection;
import streamgauge.Split;

/**
 * A connection that brings records, and the thread that receives them. The thread stops reading
 * while too much waits, so that the harness sees back-pressure.
 */
final class Inlet implements Closeable {
  /** Records that may wait for a batch. */
  private static final long MOST_WAITING = 2_000_000;

  /** Bytes that may be kept, with those of the batch that is on. */
  private static final long MOST_BYTES = 512L << 20;

  /** The splits that come over it, in the order in which they were asked for. */
  final List<SplitBuffer> buffers = new ArrayList<>();

  private final SourceConnection connection;
  private boolean ended;
  private boolean closed;
  private IOException failure;

  Inlet(Request request, int subtask, List<Split> splits) throws IOException {
    for (Split split : splits) {
      buffers.add(new SplitBuffer(split));
    }
    connection = new SourceConnection(request.address, request.run, subtask, splits);
    Thread thread = new Thread(this::receive, "streamgauge-inlet-" + subtask);
    thread.setDaemon(true);
    thread.start();
  }

  private void receive() {
    Block block = new Block();
    try {
      while (awaitRoom() && connection.read(block)) {
        if (block.records > 0) {
          keep(block);
        }
      }
      end(null);
    } catch (IOException broken) {
      end(broken);
    } catch (InterruptedException stopped) {
      end(new IOException(stopped));
    }
  }

  private synchronized boolean awaitRoom() throws InterruptedException {
    while (!closed && !hasRoom()) {
      wait();
    }
    return !closed;
  }

  private boolean hasRoom() {
    long waiting = 0;
    long bytes = 0;
    for (SplitBuffer buffer : buffers) {
      waiting += buffer.waiting();
      bytes += buffer.bytes();
    }
    return waiting == 0 || waiting < MOST_WAITING && bytes < MOST_BYTES;
  }

  private synchronized void keep(Block block) {
    for (SplitBuffer buffer : buffers) {
      if (buffer.split.number == block.split) {
        buffer.append(block);
      }
    }
    notifyAll();
  }

  private synchronized void end(IOException broken) {
    ended = true;
    failure = broken;
    notifyAll();
  }

  /** Whether all records have come and all are taken. */
  synchronized boolean isExhausted() throws IOException {
    check();
    return ended && buffers.stream().allMatch(buffer -> buffer.waiting() == 0);
  }

  private void check() throws IOException {
    if (failure != null && !closed) {
      throw new IOException("the connection of a source broke: " + failure.getMessage(), failure);
    }
  }

  /** How many events of the split have come. */
  synchronized long received(SplitBuffer buffer) throws IOException {
    check();
    return buffer.received();
  }

  /** Waits for the events of a split before this one, and takes them into a batch. */
  synchronized void take(SplitBuffer buffer, long event) throws IOException, InterruptedException {
    while (buffer.received() < event) {
      if (ended || closed) {
        check();
        throw new IOException("split " + buffer.split.number + " ends before event " + event);
      }
      wait();
    }
    if (buffer.split.events < event) {
      buffer.split.events = event;
      notifyAll();
    }
  }

  /** The records of these events of a split. */
  synchronized List<Chunk> between(SplitBuffer buffer, long from, long to) {
    return buffer.between(from, to);
  }

  /** Forgets the events of a split before this one. */
  synchronized void free(SplitBuffer buffer, long event) {
    buffer.free(event);
    notifyAll();
  }

  /**
   * Waits until more events have come than these of any split.
   *
   * @return the place of that split, or -1 if the time is over or no more will come.
   */
  synchronized int awaitBeyond(long[] events, long millis)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + millis * 1_000_000;
    while (true) {
      check();
      for (int place = 0; place < events.length; place++) {
        if (buffers.get(place).received() > events[place]) {
          return place;
        }
      }
      long left = (deadline - System.nanoTime()) / 1_000_000;
      if (left <= 0 || ended || closed) {
        return -1;
      }
      wait(left);
    }
  }

  @Override
  public void close() throws IOException {
    synchronized (this) {
      closed = true;
      notifyAll();
    }
    connection.close();
  }
}
