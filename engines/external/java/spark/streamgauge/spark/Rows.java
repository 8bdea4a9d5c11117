package streamgauge.spark;

import java.io.IOException;
import streamgauge.PackWriter;
import streamgauge.SinkConnection;

/** The rows of the workloads, as the harness reads them. Each is made in memory that is given. */
final class Rows {
  private Rows() {}

  /** An event that was handed on. */
  static void forward(long key, long stamps, PackWriter memory, RowTarget target)
      throws IOException {
    memory.clear().putArray(1).putUnsigned(key);
    target.write(SinkConnection.INSERT, 0, SinkConnection.NO_EVENT_TIME, stamps, memory);
  }

  /** A line in capitals. */
  static void line(String line, long stamps, PackWriter memory, RowTarget target)
      throws IOException {
    memory.clear().putArray(1).putString(line);
    target.write(SinkConnection.INSERT, 0, SinkConnection.NO_EVENT_TIME, stamps, memory);
  }

  /** The events of a key so far. */
  static void keyCount(long key, long count, long stamps, PackWriter memory, RowTarget target)
      throws IOException {
    count(memory.clear().putArray(2).putUnsigned(key), count, stamps, target);
  }

  /** How often a word has come so far. */
  static void wordCount(String word, long count, long stamps, PackWriter memory, RowTarget target)
      throws IOException {
    count(memory.clear().putArray(2).putString(word), count, stamps, target);
  }

  private static void count(PackWriter memory, long count, long stamps, RowTarget target)
      throws IOException {
    int keyBytes = memory.length;
    memory.putUnsigned(count);
    target.write(SinkConnection.UPSERT, keyBytes, SinkConnection.NO_EVENT_TIME, stamps, memory);
  }

  /** The events of a key in a window, which ends before this time in nanoseconds. */
  static void windowCount(
      long key, long end, long count, long stamps, PackWriter memory, RowTarget target)
      throws IOException {
    memory.clear().putArray(3).putUnsigned(key).putLong(end).putUnsigned(count);
    target.write(SinkConnection.INSERT, 0, end - 1, stamps, memory);
  }
}
