package streamgauge.spark;

/** Records of a split as they came, some of which may have been read. */
final class Chunk {
  /** The place of its first record among the events of the split. */
  final long first;

  /** How many records there are. */
  final int records;

  /** The records, as a block brings them. */
  final byte[] bytes;

  Chunk(long first, int records, byte[] bytes) {
    this.first = first;
    this.records = records;
    this.bytes = bytes;
  }

  /** The place after its last record. */
  long end() {
    return first + records;
  }
}
