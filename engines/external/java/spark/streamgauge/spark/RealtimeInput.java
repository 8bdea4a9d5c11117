package streamgauge.spark;

import java.util.Arrays;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;
import org.apache.spark.sql.connector.read.streaming.MicroBatchStream;
import org.apache.spark.sql.connector.read.streaming.Offset;
import org.apache.spark.sql.connector.read.streaming.PartitionOffset;
import org.apache.spark.sql.connector.read.streaming.SupportsRealTimeMode;

/** Brings the events of a run to real-time mode: a task per connection that reads on and on. */
final class RealtimeInput implements MicroBatchStream, SupportsRealTimeMode {
  private final int run;
  private final Feed feed;
  private final Events events;

  RealtimeInput(int run, Events events) {
    this.run = run;
    this.feed = Feed.of(run);
    this.events = events;
  }

  /** Where one task stopped. */
  static final class Stop implements PartitionOffset {
    private static final long serialVersionUID = 1;

    private final int[] splits;
    private final long[] events;

    Stop(int[] splits, long[] events) {
      this.splits = splits;
      this.events = events;
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Stop
          && Arrays.equals(splits, ((Stop) other).splits)
          && Arrays.equals(events, ((Stop) other).events);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(events);
    }
  }

  @Override
  public Offset initialOffset() {
    return Positions.start(feed.start.events.length);
  }

  @Override
  public Offset latestOffset() {
    // Where a batch ends is known when it has ended, so Spark does not use this.
    return initialOffset();
  }

  @Override
  public Offset deserializeOffset(String json) {
    return Positions.parse(json);
  }

  @Override
  public InputPartition[] planInputPartitions(Offset from) {
    Positions start = (Positions) from;
    return feed.inlets.stream()
        .filter(inlet -> !inlet.buffers.isEmpty())
        .map(inlet -> slice(inlet, start))
        .toArray(InputPartition[]::new);
  }

  private static Slice slice(Inlet inlet, Positions start) {
    int[] splits = inlet.buffers.stream().mapToInt(buffer -> buffer.split.number).toArray();
    long[] from = Arrays.stream(splits).mapToLong(split -> start.events[split]).toArray();
    long[] to = new long[splits.length];
    Arrays.fill(to, Long.MAX_VALUE);
    return new Slice(splits, from, to, false);
  }

  @Override
  public InputPartition[] planInputPartitions(Offset from, Offset to) {
    throw new UnsupportedOperationException("real-time mode does not know where a batch ends");
  }

  @Override
  public Offset mergeOffsets(PartitionOffset[] offsets) {
    long[] merged = feed.start.events.clone();
    for (PartitionOffset offset : offsets) {
      Stop stop = (Stop) offset;
      for (int place = 0; place < stop.splits.length; place++) {
        merged[stop.splits[place]] = stop.events[place];
      }
    }
    return new Positions(merged, 0, Long.MIN_VALUE);
  }

  @Override
  public PartitionReaderFactory createReaderFactory() {
    int run = this.run;
    Events events = this.events;
    return slice -> new RealtimeReader(Feed.of(run), events, (Slice) slice);
  }

  @Override
  public void commit(Offset end) {
    feed.free((Positions) end);
  }

  @Override
  public void stop() {}
}
