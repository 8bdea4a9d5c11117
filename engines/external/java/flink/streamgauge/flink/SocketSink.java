package streamgauge.flink;

import java.io.Serializable;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.CheckpointListener;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.functions.sink.legacy.RichSinkFunction;
import streamgauge.Address;
import streamgauge.PackWriter;
import streamgauge.Reports;
import streamgauge.Request;
import streamgauge.SinkConnection;

/**
 * Takes rows to the harness, by one connection a subtask. Under exactly-once a row carries its
 * checkpoint, and the harness counts it once that is complete.
 */
public final class SocketSink<T> extends RichSinkFunction<T>
    implements CheckpointedFunction, CheckpointListener {
  private static final long serialVersionUID = 1;

  /** Writes a record as a row. */
  public interface Encoder<T> extends Serializable {
    void write(T record, PackWriter row, SinkConnection to) throws Exception;
  }

  /** Where the first subtask tells of checkpoints. */
  static volatile Reports reports;

  private final Address address;
  private final int run;
  private final boolean transactional;
  private final Encoder<T> encoder;
  private transient SinkConnection connection;
  private transient PackWriter row;
  private transient Long restored;
  private transient long snapshotNanos;
  private transient boolean isFirst;
  private transient boolean isFinished;

  SocketSink(Request request, Encoder<T> encoder) {
    this.address = request.address;
    this.run = request.run;
    this.transactional = request.setting("guarantee").equals("exactly-once");
    this.encoder = encoder;
  }

  @Override
  public void open(OpenContext context) throws Exception {
    row = new PackWriter();
    int subtask = getRuntimeContext().getTaskInfo().getIndexOfThisSubtask();
    isFirst = subtask == 0;
    connection = new SinkConnection(address, run, subtask);
    if (transactional && restored != null) {
      connection.commit(restored);
    }
  }

  @Override
  public void invoke(T record, Context context) throws Exception {
    encoder.write(record, row.clear(), connection);
  }

  @Override
  public void initializeState(FunctionInitializationContext context) {
    restored =
        context.getRestoredCheckpointId().isPresent()
            ? context.getRestoredCheckpointId().getAsLong()
            : null;
  }

  @Override
  public void snapshotState(FunctionSnapshotContext context) throws Exception {
    snapshotNanos = System.nanoTime();
    connection.preCommit(context.getCheckpointId());
  }

  @Override
  public void notifyCheckpointComplete(long checkpoint) throws Exception {
    connection.commit(checkpoint);
    if (transactional && isFinished) {
      connection.finish();
    }
    if (isFirst) {
      reports.checkpoint(checkpoint, 0, (System.nanoTime() - snapshotNanos) / 1_000_000);
    }
  }

  @Override
  public void finish() throws Exception {
    isFinished = true;
    // Under exactly-once the last checkpoint comes after this.
    if (!transactional) {
      connection.finish();
    }
  }

  @Override
  public void close() throws Exception {
    if (connection != null) {
      connection.close();
    }
  }
}
