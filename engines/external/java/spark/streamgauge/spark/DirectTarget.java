package streamgauge.spark;

import java.io.IOException;
import streamgauge.PackWriter;
import streamgauge.SinkConnection;

/** Sends each row as it comes. */
final class DirectTarget implements RowTarget {
  private final SinkConnection connection;

  DirectTarget(SinkConnection connection) {
    this.connection = connection;
  }

  @Override
  public void write(int change, int keyBytes, long eventTime, long stamps, PackWriter row)
      throws IOException {
    connection.write(
        change, keyBytes, eventTime, Stamps.planned(stamps), Stamps.ingested(stamps), row);
  }
}
