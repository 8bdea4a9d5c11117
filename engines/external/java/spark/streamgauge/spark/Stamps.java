package streamgauge.spark;

import streamgauge.SinkConnection;

/**
 * Both stamps of a record in one number, so that one maximum finds the newest record. Stamps have
 * no sign, and numbers of Spark have one: the highest bit is turned.
 */
public final class Stamps {
  /** The stamps of what is never timed. They are newer than all others. */
  public static final long UNTIMED = pack(SinkConnection.UNTIMED, SinkConnection.UNTIMED);

  /** Older than all others: those of the first instant of a run. */
  public static final long OLDEST = pack(0, 0);

  private Stamps() {}

  /** The same, or none where only what is not timed was counted. */
  static long orUntimed(long packed) {
    return packed == OLDEST ? UNTIMED : packed;
  }

  /** Packs the planned and the ingested stamp. */
  public static long pack(int planned, int ingested) {
    return ((long) planned << 32 | Integer.toUnsignedLong(ingested)) ^ Long.MIN_VALUE;
  }

  /** The planned stamp. */
  public static int planned(long packed) {
    return (int) ((packed ^ Long.MIN_VALUE) >>> 32);
  }

  /** The ingested stamp. */
  public static int ingested(long packed) {
    return (int) packed;
  }
}
