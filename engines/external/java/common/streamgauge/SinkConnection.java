package streamgauge;

import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;

/**
 * Takes the rows of one subtask to the harness. A row waits for others for about a millisecond at
 * most, and not at all when none has come for a while.
 */
public final class SinkConnection implements Closeable {
  /** What a row does to the result. */
  public static final int INSERT = 0;

  public static final int UPDATE_BEFORE = 1;
  public static final int UPDATE_AFTER = 2;
  public static final int DELETE = 3;
  /** Puts the row in the place of the one with the same key, if there is one. */
  public static final int UPSERT = 4;

  /** The event time of a row of which nobody knows it. */
  public static final long NO_EVENT_TIME = Long.MIN_VALUE;
  /** The stamps of a row that is checked and never timed. */
  public static final int UNTIMED = 0xffff_fffe;

  private static final int ROWS = 0;
  private static final int PRE_COMMIT = 1;
  private static final int COMMIT = 2;
  private static final int FINISH = 3;

  private static final int FLUSH_BYTES = 32 * 1024;
  private static final int FRAME_HEAD = 5;
  private static final long FLUSH_NANOS = 1_000_000;
  private static final int IDLE_PERIODS = 20;

  private static final Set<SinkConnection> OPEN = ConcurrentHashMap.newKeySet();
  private static volatile boolean resting;
  private static final Thread FLUSHER =
      new Thread(SinkConnection::flushAll, "streamgauge-flush");

  static {
    FLUSHER.setDaemon(true);
    FLUSHER.start();
  }

  private final Socket socket;
  private final OutputStream output;
  private final PackWriter buffer = new PackWriter();
  private IOException failure;

  /** Connects as one subtask's sink. */
  public SinkConnection(Address address, int run, int subtask) throws IOException {
    socket = new Socket(InetAddress.getLoopbackAddress(), address.port);
    socket.setTcpNoDelay(true);
    output = socket.getOutputStream();
    PackWriter hello = address.hello(Address.SINK, run, subtask);
    output.write(hello.bytes, 0, hello.length);
    begin();
    OPEN.add(this);
  }

  private void begin() {
    buffer.clear().putRawByte(ROWS).putRawInt(0);
  }

  /**
   * Writes a row.
   *
   * @param keyBytes of an upsert: how many bytes of the row, from its start, are its key.
   */
  public synchronized void write(
      int change, int keyBytes, long eventTime, int planned, int ingested, PackWriter row)
      throws IOException {
    if (failure != null) {
      throw failure;
    }
    buffer.putRawByte(change).putRawInt(keyBytes).putRawInt(row.length);
    buffer.putRawLong(eventTime).putRawInt(planned).putRawInt(ingested).putRaw(row);
    if (buffer.length >= FLUSH_BYTES) {
      flush();
    } else if (resting) {
      resting = false;
      LockSupport.unpark(FLUSHER);
      flush();
    }
  }

  /** Hands over what has been written. */
  public synchronized void flush() throws IOException {
    int payload = buffer.length - FRAME_HEAD;
    if (payload == 0) {
      return;
    }
    for (int place = 0; place < 4; place++) {
      buffer.bytes[1 + place] = (byte) (payload >>> 8 * place);
    }
    output.write(buffer.bytes, 0, buffer.length);
    begin();
  }

  private synchronized void mark(int kind, long id) throws IOException {
    flush();
    PackWriter mark = new PackWriter().putRawByte(kind).putRawInt(8).putRawLong(id);
    output.write(mark.bytes, 0, mark.length);
  }

  /** Everything written so far belongs to a checkpoint, and is seen once that is committed. */
  public void preCommit(long checkpoint) throws IOException {
    mark(PRE_COMMIT, checkpoint);
  }

  /** A checkpoint is complete: what belongs to it and to those before it may be seen. */
  public void commit(long checkpoint) throws IOException {
    mark(COMMIT, checkpoint);
  }

  /** Nothing more will come. */
  public void finish() throws IOException {
    mark(FINISH, 0);
  }

  @Override
  public synchronized void close() throws IOException {
    if (OPEN.remove(this)) {
      try {
        flush();
      } finally {
        socket.close();
      }
    }
  }

  private static void flushAll() {
    int idle = 0;
    while (true) {
      if (idle >= IDLE_PERIODS) {
        resting = true;
        while (resting) {
          LockSupport.park();
        }
        idle = 0;
      }
      LockSupport.parkNanos(FLUSH_NANOS);
      idle++;
      for (SinkConnection connection : OPEN) {
        synchronized (connection) {
          if (connection.buffer.length > FRAME_HEAD) {
            idle = 0;
            try {
              connection.flush();
            } catch (IOException broken) {
              connection.failure = broken;
            }
          }
        }
      }
    }
  }
}
