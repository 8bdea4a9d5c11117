package streamgauge.flink;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.List;
import org.apache.flink.types.Row;
import org.apache.flink.types.RowKind;
import streamgauge.PackWriter;
import streamgauge.SinkConnection;

/**
 * Writes the changes of a query's result. A row becomes a map from the names of its columns to
 * their values.
 */
final class SqlRows implements SocketSink.Encoder<Row> {
  private static final long serialVersionUID = 1;

  private static final int NONE = -1;

  /** The names that the map has, each in UTF-8. */
  private final byte[][] names;

  /** How many of the first columns are the key of an upsert; none if changes are told in full. */
  private final int keys;

  private final long shiftMillis;
  private final int planned;
  private final int ingested;

  /**
   * Of a result with these columns. Stamps are the last of them, if there are any.
   *
   * @param shiftMillis by how much times are later than the harness has them.
   */
  SqlRows(List<String> columns, int keys, long shiftMillis) {
    this.keys = keys;
    this.shiftMillis = shiftMillis;
    this.planned = columns.indexOf(SqlEvents.PLANNED);
    this.ingested = columns.indexOf(SqlEvents.INGESTED);
    int width = planned == NONE ? columns.size() : planned;
    this.names =
        columns.subList(0, width).stream()
            .map(name -> name.getBytes(StandardCharsets.UTF_8))
            .toArray(byte[][]::new);
  }

  @Override
  public void write(Row record, PackWriter row, SinkConnection to) throws IOException {
    row.putMap(names.length);
    int keyBytes = 0;
    for (int column = 0; column < names.length; column++) {
      row.putText(names[column], 0, names[column].length);
      put(record.getField(column), row);
      if (column + 1 == keys) {
        keyBytes = row.length;
      }
    }
    to.write(
        change(record.getKind()),
        keyBytes,
        SinkConnection.NO_EVENT_TIME,
        stamp(record, planned),
        stamp(record, ingested),
        row);
  }

  private static int stamp(Row record, int column) {
    return column == NONE ? SinkConnection.UNTIMED : (Integer) record.getField(column);
  }

  private int change(RowKind kind) {
    if (keys > 0) {
      if (kind == RowKind.INSERT || kind == RowKind.UPDATE_AFTER) {
        return SinkConnection.UPSERT;
      }
      throw new IllegalStateException("an upsert cannot tell the change " + kind);
    }
    switch (kind) {
      case INSERT:
        return SinkConnection.INSERT;
      case UPDATE_BEFORE:
        return SinkConnection.UPDATE_BEFORE;
      case UPDATE_AFTER:
        return SinkConnection.UPDATE_AFTER;
      default:
        return SinkConnection.DELETE;
    }
  }

  private void put(Object value, PackWriter row) {
    if (value == null) {
      row.putNull();
    } else if (value instanceof Long) {
      // The numbers of Nexmark have no sign.
      row.putUnsigned((Long) value);
    } else if (value instanceof String) {
      row.putString((String) value);
    } else if (value instanceof LocalDateTime) {
      long millis = ((LocalDateTime) value).toInstant(ZoneOffset.UTC).toEpochMilli();
      row.putLong(millis - shiftMillis);
    } else if (value instanceof BigDecimal) {
      row.putDouble(((BigDecimal) value).doubleValue());
    } else {
      throw new IllegalStateException("a column is of " + value.getClass());
    }
  }
}
