package streamgauge.spark;

import java.util.Collections;
import java.util.Iterator;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.connector.read.PartitionReader;

/** Reads the events that a micro-batch takes of one connection. */
final class SliceReader implements PartitionReader<InternalRow> {
  private final Feed feed;
  private final Slice slice;
  private final EventReader reader;
  private Iterator<Chunk> chunks = Collections.emptyIterator();
  private int place = -1;

  SliceReader(Feed feed, Events events, Slice slice) {
    this.feed = feed;
    this.slice = slice;
    this.reader = new EventReader(events);
  }

  @Override
  public boolean next() {
    if (slice.isEnd) {
      return reader.nextEnd();
    }
    while (!reader.next()) {
      Fault.strike();
      if (!openNext()) {
        feed.saw(reader.newest);
        return false;
      }
    }
    return true;
  }

  private boolean openNext() {
    while (!chunks.hasNext()) {
      if (++place == slice.splits.length) {
        return false;
      }
      chunks = feed.between(slice.splits[place], slice.from[place], slice.to[place]).iterator();
    }
    reader.open(chunks.next(), slice.from[place], slice.to[place]);
    return true;
  }

  @Override
  public InternalRow get() {
    return reader.row;
  }

  @Override
  public void close() {}
}
