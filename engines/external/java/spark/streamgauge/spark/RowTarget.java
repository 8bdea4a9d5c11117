package streamgauge.spark;

import java.io.IOException;
import streamgauge.PackWriter;

/** Takes rows of the result, as {@link streamgauge.SinkConnection#write} does. */
interface RowTarget {
  /** Takes a row with its packed stamps. The row's memory is used again afterwards. */
  void write(int change, int keyBytes, long eventTime, long stamps, PackWriter row)
      throws IOException;
}
