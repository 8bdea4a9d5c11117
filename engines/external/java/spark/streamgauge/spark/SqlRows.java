package streamgauge.spark;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.Timestamp;
import java.util.List;
import org.apache.spark.sql.Row;
import streamgauge.PackWriter;
import streamgauge.SinkConnection;

/**
 * Writes the rows of a query in SQL. A row becomes a map from the names of its columns to their
 * values.
 */
final class SqlRows implements RowFormat {
  private static final long serialVersionUID = 1;

  /** The names that the map has, each in UTF-8. */
  private final byte[][] names;

  /** How many of the first columns are the key of an upsert; none if rows are only added. */
  private final int keys;

  private final long shiftMillis;
  private final boolean hasStamps;

  /**
   * Of a result with these columns. Stamps are the last of them, if there are any.
   *
   * @param shiftMillis by how much times are later than the harness has them.
   */
  SqlRows(List<String> columns, int keys, long shiftMillis) {
    this.keys = keys;
    this.shiftMillis = shiftMillis;
    this.hasStamps = columns.contains(Events.STAMPS);
    this.names =
        columns.stream()
            .filter(name -> !name.equals(Events.STAMPS))
            .map(name -> name.getBytes(StandardCharsets.UTF_8))
            .toArray(byte[][]::new);
  }

  @Override
  public void write(Row row, PackWriter memory, RowTarget target) throws IOException {
    memory.clear().putMap(names.length);
    int keyBytes = 0;
    for (int column = 0; column < names.length; column++) {
      memory.putText(names[column], 0, names[column].length);
      put(row.get(column), memory);
      if (column + 1 == keys) {
        keyBytes = memory.length;
      }
    }
    int change = keys > 0 ? SinkConnection.UPSERT : SinkConnection.INSERT;
    long stamps = hasStamps ? row.getLong(names.length) : Stamps.UNTIMED;
    target.write(change, keyBytes, SinkConnection.NO_EVENT_TIME, stamps, memory);
  }

  private void put(Object value, PackWriter memory) {
    if (value == null) {
      memory.putNull();
    } else if (value instanceof Long || value instanceof Integer) {
      // The numbers of Nexmark have no sign.
      memory.putUnsigned(((Number) value).longValue());
    } else if (value instanceof String) {
      memory.putString((String) value);
    } else if (value instanceof Timestamp) {
      memory.putLong(((Timestamp) value).getTime() - shiftMillis);
    } else if (value instanceof BigDecimal) {
      memory.putDouble(((BigDecimal) value).doubleValue());
    } else {
      throw new IllegalStateException("a column is of " + value.getClass());
    }
  }
}
