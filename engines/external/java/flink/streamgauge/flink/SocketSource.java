package streamgauge.flink;

import java.io.IOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceOutput;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SourceSplit;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.core.io.InputStatus;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import streamgauge.Address;
import streamgauge.Block;
import streamgauge.PackReader;
import streamgauge.Request;
import streamgauge.SourceConnection;
import streamgauge.Split;

/**
 * The splits of the harness as a source of Flink's (FLIP-27): a reader has one connection, by which
 * its splits come. Each split has a watermark of its own.
 */
public final class SocketSource<T>
    implements Source<T, SocketSource.SocketSplit, Boolean> {
  private static final long serialVersionUID = 1;

  /** Makes a record of the next event of a block. */
  public interface Decoder<T> extends Serializable {
    T read(PackReader from);
  }

  /** Says when a record happened, in milliseconds. */
  public interface Timestamps<T> extends Serializable {
    long of(T record);
  }

  /** A split, and how many events of it have been read. */
  public static final class SocketSplit implements SourceSplit {
    final int number;
    final long events;

    SocketSplit(int number, long events) {
      this.number = number;
      this.events = events;
    }

    @Override
    public String splitId() {
      return Integer.toString(number);
    }
  }

  private final Address address;
  private final int run;
  private final int parallelism;
  private final int splits;
  private final Decoder<T> decoder;
  private final Timestamps<T> timestamps;

  SocketSource(Request request, Decoder<T> decoder, Timestamps<T> timestamps) {
    this.address = request.address;
    this.run = request.run;
    this.parallelism = request.parallelism;
    this.splits = request.splits().size();
    this.decoder = decoder;
    this.timestamps = timestamps;
  }

  @Override
  public Boundedness getBoundedness() {
    return Boundedness.CONTINUOUS_UNBOUNDED;
  }

  @Override
  public SplitEnumerator<SocketSplit, Boolean> createEnumerator(
      SplitEnumeratorContext<SocketSplit> context) {
    return new Assigner(context, false);
  }

  @Override
  public SplitEnumerator<SocketSplit, Boolean> restoreEnumerator(
      SplitEnumeratorContext<SocketSplit> context, Boolean assigned) {
    return new Assigner(context, true);
  }

  @Override
  public SimpleVersionedSerializer<SocketSplit> getSplitSerializer() {
    return new SimpleVersionedSerializer<>() {
      @Override
      public int getVersion() {
        return 1;
      }

      @Override
      public byte[] serialize(SocketSplit split) {
        return ByteBuffer.allocate(12).putInt(split.number).putLong(split.events).array();
      }

      @Override
      public SocketSplit deserialize(int version, byte[] bytes) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        return new SocketSplit(buffer.getInt(), buffer.getLong());
      }
    };
  }

  @Override
  public SimpleVersionedSerializer<Boolean> getEnumeratorCheckpointSerializer() {
    return new SimpleVersionedSerializer<>() {
      @Override
      public int getVersion() {
        return 1;
      }

      @Override
      public byte[] serialize(Boolean assigned) {
        return new byte[] {1};
      }

      @Override
      public Boolean deserialize(int version, byte[] bytes) {
        return true;
      }
    };
  }

  @Override
  public SourceReader<T, SocketSplit> createReader(SourceReaderContext context) {
    return new Reader(context.getIndexOfSubtask());
  }

  /** Deals splits over readers: every {@code parallelism}-th, from the reader's own number. */
  private final class Assigner implements SplitEnumerator<SocketSplit, Boolean> {
    private final SplitEnumeratorContext<SocketSplit> context;
    private final Map<Integer, List<SocketSplit>> waiting = new HashMap<>();

    Assigner(SplitEnumeratorContext<SocketSplit> context, boolean restored) {
      this.context = context;
      if (!restored) {
        for (int split = 0; split < splits; split++) {
          waiting
              .computeIfAbsent(split % parallelism, subtask -> new ArrayList<>())
              .add(new SocketSplit(split, 0));
        }
      }
    }

    @Override
    public void start() {}

    @Override
    public void handleSplitRequest(int subtask, String host) {}

    @Override
    public void addSplitsBack(List<SocketSplit> back, int subtask) {
      waiting.computeIfAbsent(subtask, number -> new ArrayList<>()).addAll(back);
      if (context.registeredReaders().containsKey(subtask)) {
        addReader(subtask);
      }
    }

    @Override
    public void addReader(int subtask) {
      List<SocketSplit> own = waiting.remove(subtask);
      if (own != null) {
        own.forEach(split -> context.assignSplit(split, subtask));
      }
      context.signalNoMoreSplits(subtask);
    }

    @Override
    public Boolean snapshotState(long checkpoint) {
      return true;
    }

    @Override
    public void close() {}
  }

  /** Hands out the records of its splits. A thread of its own takes in blocks. */
  private final class Reader implements SourceReader<T, SocketSplit> {
    private static final int BLOCKS = 8;
    private static final int RECORDS_AT_ONCE = 64;

    private final int subtask;
    private final TreeMap<Integer, Split> own = new TreeMap<>();
    private final Map<Integer, SourceOutput<T>> outputs = new HashMap<>();
    private final ArrayBlockingQueue<Block> full = new ArrayBlockingQueue<>(BLOCKS);
    private final ArrayBlockingQueue<Block> empty = new ArrayBlockingQueue<>(BLOCKS);
    private volatile CompletableFuture<Void> available = new CompletableFuture<>();
    private volatile boolean ended;
    private volatile IOException failure;
    private volatile SourceConnection connection;
    private final PackReader records = new PackReader();
    private Block block;
    private int left;

    Reader(int subtask) {
      this.subtask = subtask;
    }

    @Override
    public void start() {
      for (int n = 0; n < BLOCKS; n++) {
        empty.add(new Block());
      }
    }

    @Override
    public void addSplits(List<SocketSplit> splits) {
      splits.forEach(split -> own.put(split.number, new Split(split.number, split.events)));
    }

    @Override
    public void notifyNoMoreSplits() {
      Thread thread = new Thread(this::receive, "streamgauge-source-" + subtask);
      thread.setDaemon(true);
      thread.start();
    }

    private void receive() {
      try {
        connection = new SourceConnection(address, run, subtask, new ArrayList<>(own.values()));
        while (true) {
          Block next = empty.take();
          if (!connection.read(next)) {
            break;
          }
          full.put(next);
          signal();
        }
      } catch (IOException broken) {
        failure = broken;
      } catch (InterruptedException cancelled) {
        return;
      }
      ended = true;
      signal();
    }

    private synchronized void signal() {
      available.complete(null);
    }

    @Override
    public InputStatus pollNext(ReaderOutput<T> output) throws Exception {
      if (FlinkSystem.takeFault()) {
        throw new IllegalStateException("a fault that was asked for");
      }
      if (failure != null) {
        throw failure;
      }
      if (block == null && !nextBlock(output)) {
        return ended && full.isEmpty() ? InputStatus.END_OF_INPUT : pause();
      }
      if (block != null) {
        emit(output);
      }
      return InputStatus.MORE_AVAILABLE;
    }

    private void emit(ReaderOutput<T> output) {
      SourceOutput<T> split =
          outputs.computeIfAbsent(
              block.split, number -> output.createOutputForSplit(number.toString()));
      int count = Math.min(left, RECORDS_AT_ONCE);
      for (int n = 0; n < count; n++) {
        T record = decoder.read(records);
        split.collect(record, timestamps.of(record));
      }
      left -= count;
      Split read = own.get(block.split);
      read.events = read.events + count;
      if (left == 0) {
        empty.add(block);
        block = null;
      }
    }

    /** Takes the next block; one without records ends its split. */
    private boolean nextBlock(ReaderOutput<T> output) {
      Block next = full.poll();
      if (next == null) {
        return false;
      }
      if (next.records == 0) {
        outputs.remove(next.split);
        output.releaseOutputForSplit(Integer.toString(next.split));
        empty.add(next);
        return true;
      }
      block = next;
      left = next.records;
      records.on(next.bytes, 0, next.length);
      return true;
    }

    private synchronized InputStatus pause() {
      if (!full.isEmpty() || ended) {
        return InputStatus.MORE_AVAILABLE;
      }
      if (available.isDone()) {
        available = new CompletableFuture<>();
      }
      return InputStatus.NOTHING_AVAILABLE;
    }

    @Override
    public CompletableFuture<Void> isAvailable() {
      return available;
    }

    @Override
    public List<SocketSplit> snapshotState(long checkpoint) {
      List<SocketSplit> state = new ArrayList<>();
      own.values().forEach(split -> state.add(new SocketSplit(split.number, split.events)));
      return state;
    }

    @Override
    public void close() throws Exception {
      if (connection != null) {
        connection.close();
      }
    }
  }
}
