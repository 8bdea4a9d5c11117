package streamgauge;

/** Records of one split, as they came over the connection. */
public final class Block {
  /** The number of their split. */
  public int split;
  /** How many records there are; with none the split has ended. */
  public int records;
  /** The records: event time, both stamps, and the event as MessagePack. */
  public byte[] bytes = new byte[64 * 1024];
  /** How many of the bytes count. */
  public int length;
}
