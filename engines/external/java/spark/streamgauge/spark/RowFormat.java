package streamgauge.spark;

import java.io.IOException;
import java.io.Serializable;
import org.apache.spark.sql.Row;
import streamgauge.PackWriter;

/** How a row of a query's result becomes a row for the harness. */
interface RowFormat extends Serializable {
  /** Writes the row with the help of this memory. */
  void write(Row row, PackWriter memory, RowTarget target) throws IOException;

  /** From a key and the stamps. */
  static RowFormat forward() {
    return (row, memory, target) ->
        Rows.forward(row.getLong(0), row.getLong(1), memory, target);
  }

  /** From a line and the stamps. */
  static RowFormat line() {
    return (row, memory, target) ->
        Rows.line(row.getString(0), row.getLong(1), memory, target);
  }

  /** From a key, its count and the stamps. */
  static RowFormat keyCount() {
    return (row, memory, target) ->
        Rows.keyCount(
            row.getLong(0), row.getLong(1), Stamps.orUntimed(row.getLong(2)), memory, target);
  }

  /** From a word, its count and the stamps. */
  static RowFormat wordCount() {
    return (row, memory, target) ->
        Rows.wordCount(
            row.getString(0), row.getLong(1), Stamps.orUntimed(row.getLong(2)), memory, target);
  }

  /**
   * From a key, the end of its window in microseconds, its count there and the stamps. Windows that
   * only the end of the input closes are not timed.
   */
  static RowFormat windowCount(int run, long boundMillis) {
    return (row, memory, target) -> {
      long end = row.getLong(1) * 1_000;
      boolean isTimed = end <= watermark(Feed.of(run).newest(), boundMillis);
      long stamps = isTimed ? row.getLong(3) : Stamps.UNTIMED;
      Rows.windowCount(row.getLong(0), end, row.getLong(2), stamps, memory, target);
    };
  }

  /** The watermark that Spark computes from the newest event: in whole milliseconds. */
  private static long watermark(long newest, long boundMillis) {
    return (Math.floorDiv(newest, 1_000_000) - boundMillis) * 1_000_000;
  }
}
