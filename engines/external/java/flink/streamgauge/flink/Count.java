package streamgauge.flink;

/** A count of a key or a word, of all that came or of a window. */
public class Count {
  /** The key. */
  public long key;
  /** The word; null where keys are counted. */
  public String word;
  /** How many. */
  public long count;
  /** End of the window, in nanoseconds; the least number without windows. */
  public long windowEnd = Long.MIN_VALUE;
  /** Stamps of the newest event in it. */
  public int planned;
  /** See {@link #planned}. */
  public int ingested;

  /** For Flink. */
  public Count() {}
}
