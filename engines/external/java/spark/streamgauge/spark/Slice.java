package streamgauge.spark;

import org.apache.spark.sql.connector.read.InputPartition;

/** Events of some splits, which one task reads. */
final class Slice implements InputPartition {
  private static final long serialVersionUID = 1;

  /** The numbers of the splits. */
  final int[] splits;

  /** The first event of each. */
  final long[] from;

  /** The event after the last of each. */
  final long[] to;

  /** Whether it is the announcement of the end, which has no events. */
  final boolean isEnd;

  Slice(int[] splits, long[] from, long[] to, boolean isEnd) {
    this.splits = splits;
    this.from = from;
    this.to = to;
    this.isEnd = isEnd;
  }

  /** The announcement that the input has ended. */
  static Slice end() {
    return new Slice(new int[0], new long[0], new long[0], true);
  }
}
