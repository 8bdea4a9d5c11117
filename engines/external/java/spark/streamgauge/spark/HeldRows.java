package streamgauge.spark;

import java.io.IOException;
import java.util.Arrays;
import streamgauge.PackWriter;

/**
 * Rows of a task that may still fail. Those of a task that failed must not reach the harness, for
 * they would belong to the same checkpoint as those of its next attempt.
 */
final class HeldRows implements RowTarget {
  private static final int NUMBERS = 5;

  private final PackWriter rows = new PackWriter();
  private long[] numbers = new long[NUMBERS * 64];
  private int count;

  @Override
  public void write(int change, int keyBytes, long eventTime, long stamps, PackWriter row) {
    int at = NUMBERS * count++;
    if (at == numbers.length) {
      numbers = Arrays.copyOf(numbers, 2 * at);
    }
    numbers[at] = change;
    numbers[at + 1] = keyBytes;
    numbers[at + 2] = eventTime;
    numbers[at + 3] = stamps;
    numbers[at + 4] = row.length;
    rows.putRaw(row);
  }

  /** Hands all rows over. */
  void writeTo(RowTarget target) throws IOException {
    PackWriter row = new PackWriter();
    int from = 0;
    for (int at = 0; at < NUMBERS * count; at += NUMBERS) {
      row.length = (int) numbers[at + 4];
      if (row.bytes.length < row.length) {
        row.bytes = new byte[row.length];
      }
      System.arraycopy(rows.bytes, from, row.bytes, 0, row.length);
      from += row.length;
      target.write((int) numbers[at], (int) numbers[at + 1], numbers[at + 2], numbers[at + 3], row);
    }
  }
}
