package streamgauge.spark;

import java.io.IOException;
import java.util.List;
import org.apache.spark.storage.StorageLevel;
import org.apache.spark.streaming.receiver.Receiver;
import streamgauge.Address;
import streamgauge.Block;
import streamgauge.PackReader;
import streamgauge.Request;
import streamgauge.SourceConnection;
import streamgauge.Split;

/** Receives the records of one connection for Spark Streaming, which keeps them in memory. */
final class HarnessReceiver extends Receiver<StreamEvent> {
  private static final long serialVersionUID = 1;

  private final Address address;
  private final int run;
  private final int subtask;
  private final List<Split> splits;
  private final Events events;
  private transient volatile SourceConnection connection;

  HarnessReceiver(Request request, int subtask, Events events) {
    super(StorageLevel.MEMORY_ONLY());
    this.address = request.address;
    this.run = request.run;
    this.subtask = subtask;
    this.splits = request.splitsOf(subtask);
    this.events = events;
  }

  @Override
  public void onStart() {
    Thread thread = new Thread(this::receive, "streamgauge-receiver-" + subtask);
    thread.setDaemon(true);
    thread.start();
  }

  private void receive() {
    Intake intake = Intake.of(run);
    Block block = new Block();
    try (SourceConnection opened = new SourceConnection(address, run, subtask, splits)) {
      connection = opened;
      while (!isStopped() && intake.awaitRoom(subtask) && opened.read(block)) {
        intake.stores(subtask, block.records);
        store(block);
      }
      // Those of the last block are told before the connection closes.
      intake.ended(null);
    } catch (IOException broken) {
      intake.ended(broken);
    } catch (InterruptedException stopped) {
      intake.ended(null);
    }
  }

  /** Stores one record after the other, so that Spark's own limits of the rate hold. */
  private void store(Block block) {
    PackReader reader = new PackReader().on(block.bytes, 0, block.length);
    for (int record = 0; record < block.records; record++) {
      long eventTime = reader.rawLong();
      int planned = reader.rawInt();
      int ingested = reader.rawInt();
      store(new StreamEvent(events.read(reader), eventTime, Stamps.pack(planned, ingested)));
    }
    for (Split split : splits) {
      if (split.number == block.split) {
        split.events += block.records;
      }
    }
  }

  @Override
  public void onStop() {
    SourceConnection opened = connection;
    if (opened != null) {
      try {
        opened.close();
      } catch (IOException gone) {
        // The harness closed it first.
      }
    }
  }
}
