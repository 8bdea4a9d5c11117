package streamgauge.spark;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import streamgauge.Block;
import streamgauge.Split;

/**
 * The records of a split that no batch has finished. They stay until the batch is committed that
 * reads them, for a task may be tried again. Its {@link Inlet} guards it.
 */
final class SplitBuffer {
  /** The split. Its events are those that batches have taken. */
  final Split split;

  private final ArrayDeque<Chunk> chunks = new ArrayDeque<>();
  private long received;
  private long bytes;

  SplitBuffer(Split split) {
    this.split = split;
    this.received = split.events;
  }

  /** Keeps the records of a block. */
  void append(Block block) {
    byte[] copy = java.util.Arrays.copyOf(block.bytes, block.length);
    chunks.add(new Chunk(received, block.records, copy));
    received += block.records;
    bytes += copy.length;
  }

  /** Events up to which records have come. */
  long received() {
    return received;
  }

  /** Records that wait for a batch. */
  long waiting() {
    return received - split.events;
  }

  /** Bytes of all records that are kept. */
  long bytes() {
    return bytes;
  }

  /** The chunks in which these events are. */
  List<Chunk> between(long from, long to) {
    List<Chunk> found = new ArrayList<>();
    for (Chunk chunk : chunks) {
      if (chunk.first >= to) {
        break;
      }
      if (chunk.end() > from) {
        found.add(chunk);
      }
    }
    if (from < to && (found.isEmpty() || found.get(0).first > from || received < to)) {
      throw new IllegalStateException(
          "split " + split.number + " no longer has its events from " + from + " to " + to);
    }
    return found;
  }

  /** Forgets the events before this one. */
  void free(long event) {
    while (!chunks.isEmpty() && chunks.peek().end() <= event) {
      bytes -= chunks.remove().bytes.length;
    }
  }
}
