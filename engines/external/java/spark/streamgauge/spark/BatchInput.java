package streamgauge.spark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;
import org.apache.spark.sql.connector.read.streaming.MicroBatchStream;
import org.apache.spark.sql.connector.read.streaming.Offset;
import org.apache.spark.sql.connector.read.streaming.ReadLimit;
import org.apache.spark.sql.connector.read.streaming.ReadMaxRows;
import org.apache.spark.sql.connector.read.streaming.SupportsAdmissionControl;

/** Divides the events of a run into micro-batches. */
final class BatchInput implements MicroBatchStream, SupportsAdmissionControl {
  private final int run;
  private final Feed feed;
  private final Events events;
  private final long most;
  private final boolean announcesEnd;
  private boolean hasAnnounced;

  /** With at most so many events per batch, or any number if that is 0. */
  BatchInput(int run, Events events, long most, boolean announcesEnd) {
    this.run = run;
    this.feed = Feed.of(run);
    this.events = events;
    this.most = most;
    this.announcesEnd = announcesEnd;
  }

  @Override
  public Offset initialOffset() {
    return Positions.start(feed.start.events.length);
  }

  @Override
  public Offset deserializeOffset(String json) {
    return Positions.parse(json);
  }

  @Override
  public Offset latestOffset() {
    return latestOffset(initialOffset(), getDefaultReadLimit());
  }

  @Override
  public ReadLimit getDefaultReadLimit() {
    return most > 0 ? ReadLimit.maxRows(most) : ReadLimit.allAvailable();
  }

  @Override
  public Offset latestOffset(Offset from, ReadLimit limit) {
    Positions start = (Positions) from;
    try {
      long[] to = feed.received();
      if (limit instanceof ReadMaxRows) {
        limit(start.events, to, ((ReadMaxRows) limit).maxRows());
      }
      Positions next = new Positions(to, start.ends, feed.newest());
      if (next.total() > start.total()) {
        feed.take(next);
        if (!announcesEnd && feed.isExhausted()) {
          feed.allPlanned();
        }
        return next;
      }
      return feed.isExhausted() ? end(start) : start;
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      return start;
    }
  }

  /**
   * What follows the last event. The end is announced once by each process, so also by one that
   * takes a run up after it was announced: the batch that it lets Spark make may be missing yet.
   */
  private Positions end(Positions start) {
    Positions next = start;
    if (announcesEnd && !hasAnnounced) {
      hasAnnounced = true;
      next = new Positions(start.events, start.ends + 1, feed.newest());
    }
    feed.allPlanned();
    return next;
  }

  /** Lowers what a batch takes to so many events, in proportion to what waits of each split. */
  private static void limit(long[] from, long[] to, long most) {
    long waiting = 0;
    for (int split = 0; split < to.length; split++) {
      waiting += to[split] - from[split];
    }
    long left = most;
    for (int split = 0; split < to.length && waiting > 0; split++) {
      long own = to[split] - from[split];
      // What is left is shared by what is left, so that the rest of a division is not lost.
      long share = waiting <= left ? own : (long) Math.ceil((double) own * left / waiting);
      to[split] = from[split] + Math.min(share, Math.min(own, left));
      left -= to[split] - from[split];
      waiting -= own;
    }
  }

  @Override
  public InputPartition[] planInputPartitions(Offset from, Offset to) {
    Positions start = (Positions) from;
    Positions end = (Positions) to;
    try {
      // A batch that is run again after a restart needs events that may not have come yet.
      feed.take(end);
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("stopped while a batch waited for its events", stopped);
    }
    List<InputPartition> slices = new ArrayList<>();
    for (Inlet inlet : feed.inlets) {
      int[] splits = splitsWithEvents(inlet, start, end);
      if (splits.length > 0) {
        slices.add(new Slice(splits, pick(start, splits), pick(end, splits), false));
      }
    }
    if (end.ends > start.ends) {
      slices.add(Slice.end());
    }
    return slices.toArray(new InputPartition[0]);
  }

  private static int[] splitsWithEvents(Inlet inlet, Positions start, Positions end) {
    return inlet.buffers.stream()
        .mapToInt(buffer -> buffer.split.number)
        .filter(split -> end.events[split] > start.events[split])
        .toArray();
  }

  private static long[] pick(Positions positions, int[] splits) {
    long[] picked = new long[splits.length];
    for (int place = 0; place < splits.length; place++) {
      picked[place] = positions.events[splits[place]];
    }
    return picked;
  }

  @Override
  public PartitionReaderFactory createReaderFactory() {
    int run = this.run;
    Events events = this.events;
    return slice -> new SliceReader(Feed.of(run), events, (Slice) slice);
  }

  @Override
  public void commit(Offset end) {
    feed.free((Positions) end);
  }

  @Override
  public void stop() {}
}
