package streamgauge.spark;

import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.SpecificInternalRow;
import streamgauge.PackReader;

/** Reads the records of chunks into one row, which is used again and again. */
final class EventReader {
  /** Later than any event, and not too late for what Spark adds to it. */
  static final long END_MICROS = 253_402_214_400_000_000L;

  private static final int NANOS_PER_MICRO = 1_000;

  /** The event, its time and its stamps. */
  final InternalRow row;

  /** The newest event time that was read, in nanoseconds. */
  long newest = Long.MIN_VALUE;

  private final Events events;
  private final PackReader reader = new PackReader();
  private byte[] bytes;
  private int at;
  private int left;
  private int ends;

  EventReader(Events events) {
    this.events = events;
    this.row = new SpecificInternalRow(events.schema);
  }

  /** Goes on with these events of the chunk, which are numbered as in its split. */
  void open(Chunk chunk, long from, long to) {
    bytes = chunk.bytes;
    at = 0;
    left = (int) (Math.min(to, chunk.end()) - chunk.first);
    for (long event = chunk.first; event < from; event++) {
      next();
    }
  }

  /** Reads the next record of the chunk. False at its end. */
  boolean next() {
    if (left == 0) {
      return false;
    }
    left--;
    reader.on(bytes, at, bytes.length);
    long eventTime = reader.rawLong();
    int planned = reader.rawInt();
    int ingested = reader.rawInt();
    at = events.decode(reader, bytes, row);
    row.setLong(events.width, Math.floorDiv(eventTime, NANOS_PER_MICRO));
    row.setLong(events.width + 1, Stamps.pack(planned, ingested));
    newest = Math.max(newest, eventTime);
    return true;
  }

  /** Fills the row with the next announcement of the end. False if there was the last one. */
  boolean nextEnd() {
    if (ends == events.ends()) {
      return false;
    }
    events.fillEnd(ends++, row);
    row.setLong(events.width, END_MICROS);
    row.setLong(events.width + 1, Stamps.UNTIMED);
    return true;
  }
}
