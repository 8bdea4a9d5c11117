package streamgauge.spark;

import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.spark.sql.ForeachWriter;
import org.apache.spark.sql.Row;
import streamgauge.PackWriter;
import streamgauge.SinkConnection;

/** Sends the rows of a query to the harness. Spark uses one of these per task. */
final class RowSender extends ForeachWriter<Row> {
  private static final long serialVersionUID = 1;

  private final int run;
  private final RowFormat format;
  private transient PackWriter memory;
  private transient SinkConnection connection;
  private transient RowTarget target;
  private transient HeldRows held;
  private transient long batch;

  RowSender(int run, RowFormat format) {
    this.run = run;
    this.format = format;
  }

  @Override
  public boolean open(long partition, long epoch) {
    Sinks sinks = Sinks.of(run);
    try {
      connection = sinks.connection((int) partition);
    } catch (IOException refused) {
      throw new UncheckedIOException(refused);
    }
    memory = new PackWriter();
    batch = epoch;
    held = sinks.isExactlyOnce ? new HeldRows() : null;
    target = held != null ? held : new DirectTarget(connection);
    return true;
  }

  @Override
  public void process(Row row) {
    try {
      format.write(row, memory, target);
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  @Override
  public void close(Throwable failure) {
    if (failure != null || connection == null) {
      return;
    }
    try {
      if (held != null) {
        held.writeTo(new DirectTarget(connection));
        connection.preCommit(batch);
      } else {
        connection.flush();
      }
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }
}
