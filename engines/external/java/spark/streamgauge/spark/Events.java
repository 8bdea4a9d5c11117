package streamgauge.spark;

import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.unsafe.types.UTF8String;
import streamgauge.PackReader;

/**
 * The events of a workload as rows. A row has a column {@link #VALUE}, the event time and the
 * packed stamps. Another kind of event needs another constant here.
 */
enum Events {
  /** Arrays of a key and perhaps a payload. No query reads the payload, so it is passed over. */
  KEYED(new StructType().add("value", DataTypes.LongType, false)) {
    @Override
    int decode(PackReader reader, byte[] bytes, InternalRow row) {
      int fields = reader.getArray();
      row.setLong(0, reader.getLong());
      int at = reader.position();
      if (fields > 1) {
        at += PackedText.headBytes(bytes, at) + PackedText.length(bytes, at);
      }
      return at;
    }

    @Override
    Object read(PackReader reader) {
      int fields = reader.getArray();
      Long key = reader.getLong();
      if (fields > 1) {
        reader.getBytes();
      }
      return key;
    }
  },

  /** Lines of text. The row points into the bytes of the block. */
  LINES(new StructType().add("value", DataTypes.StringType, true)) {
    @Override
    int decode(PackReader reader, byte[] bytes, InternalRow row) {
      int from = reader.position() + PackedText.headBytes(bytes, reader.position());
      int length = PackedText.length(bytes, reader.position());
      row.update(0, UTF8String.fromBytes(bytes, from, length));
      return from + length;
    }

    @Override
    Object read(PackReader reader) {
      return reader.getString();
    }
  },

  /** Persons, auctions and bids. */
  NEXMARK(NexmarkEvents.SCHEMA) {
    @Override
    int decode(PackReader reader, byte[] bytes, InternalRow row) {
      return NexmarkEvents.decode(reader, row);
    }

    @Override
    Object read(PackReader reader) {
      return reader.getValue();
    }

    @Override
    int ends() {
      return NexmarkEvents.KINDS;
    }

    @Override
    void fillEnd(int number, InternalRow row) {
      NexmarkEvents.fillEnd(number, row);
    }
  };

  /** The column with the key or the line. */
  static final String VALUE = "value";

  /** The column with the event time. */
  static final String EVENT_TIME = "event_time";

  /** The column with the packed stamps. */
  static final String STAMPS = "stamps";

  /** All columns. */
  final StructType schema;

  /** How many of them the event itself fills. */
  final int width;

  Events(StructType values) {
    width = values.length();
    schema =
        values
            .add(EVENT_TIME, DataTypes.TimestampType, false)
            .add(STAMPS, DataTypes.LongType, false);
  }

  /** Reads the event that begins in the bytes where the reader stands, and tells where it ends. */
  abstract int decode(PackReader reader, byte[] bytes, InternalRow row);

  /** Reads the next event as an object. */
  abstract Object read(PackReader reader);

  /** How many rows announce the end: one of each kind, as queries drop other kinds first. */
  int ends() {
    return 1;
  }

  /** Fills in the event of such a row. */
  void fillEnd(int number, InternalRow row) {
    for (int column = 0; column < width; column++) {
      if (schema.apply(column).nullable()) {
        row.setNullAt(column);
      }
    }
  }

  /** What a workload reads. */
  static Events of(String workload) {
    if (workload.startsWith(SqlQuery.PREFIX)) {
      return NEXMARK;
    }
    switch (workload) {
      case "forward":
      case "keyed-count":
      case "windowed-count":
        return KEYED;
      case "uppercase":
      case "word-count":
        return LINES;
      default:
        throw new IllegalArgumentException("the workload " + workload + " has no query for Spark");
    }
  }
}
