package streamgauge.spark;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.Collections;
import java.util.Iterator;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.connector.read.streaming.PartitionOffset;
import org.apache.spark.sql.connector.read.streaming.SupportsRealTimeRead;

/** Reads the events of one connection as they come, until Spark ends the batch. */
final class RealtimeReader implements SupportsRealTimeRead<InternalRow> {
  private static final RecordStatus RECORD = RecordStatus.newStatusWithoutArrivalTime(true);
  private static final RecordStatus NONE = RecordStatus.newStatusWithoutArrivalTime(false);

  private final Feed feed;
  private final Inlet inlet;
  private final int[] splits;
  private final long[] events;
  private final EventReader reader;
  private Iterator<Chunk> chunks = Collections.emptyIterator();
  private int place;

  RealtimeReader(Feed feed, Events events, Slice slice) {
    this.feed = feed;
    this.inlet = feed.inlet(slice.splits[0]);
    this.splits = slice.splits;
    this.events = slice.from.clone();
    this.reader = new EventReader(events);
  }

  @Override
  public RecordStatus nextWithTimeout(Long now, Long timeout) throws IOException {
    while (!reader.next()) {
      Fault.strike();
      if (!chunks.hasNext() && !awaitChunks(timeout)) {
        return NONE;
      }
      reader.open(chunks.next(), events[place], Long.MAX_VALUE);
    }
    events[place]++;
    return RECORD;
  }

  /** Waits for events of any split, and takes all that have come of the first one that has some. */
  private boolean awaitChunks(long millis) throws IOException {
    try {
      place = inlet.awaitBeyond(events, millis);
      if (place < 0) {
        if (feed.isExhausted()) {
          feed.allPlanned();
        }
        return false;
      }
      long received = inlet.received(inlet.buffers.get(place));
      feed.take(splits[place], received);
      chunks = feed.between(splits[place], events[place], received).iterator();
      return true;
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("stopped while waiting for events");
    }
  }

  @Override
  public boolean next() throws IOException {
    return nextWithTimeout(0L, 0L).hasRecord();
  }

  @Override
  public InternalRow get() {
    return reader.row;
  }

  @Override
  public PartitionOffset getOffset() {
    return new RealtimeInput.Stop(splits, events.clone());
  }

  @Override
  public void close() {}
}
