package streamgauge;

import java.io.Closeable;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;

/**
 * Brings the records of some splits from the harness. How far each split has been read is told back
 * every five milliseconds.
 */
public final class SourceConnection implements Closeable {
  /** Small, so that no backlog hides in it. */
  private static final int SOCKET_BYTES = 64 * 1024;

  private static final long ACKNOWLEDGE_NANOS = 5_000_000;
  private static final int END = -1;

  private static final Set<SourceConnection> OPEN = ConcurrentHashMap.newKeySet();

  static {
    Thread thread = new Thread(SourceConnection::acknowledgeAll, "streamgauge-acknowledge");
    thread.setDaemon(true);
    thread.start();
  }

  private final Socket socket = new Socket();
  private final InputStream input;
  private final OutputStream output;
  private final List<Split> splits;
  private final long[] told;
  private final PackWriter acknowledgement = new PackWriter();
  private final byte[] head = new byte[12];
  private final PackReader headReader = new PackReader();

  /** Connects as one subtask's source, which reads these splits on from where they are. */
  public SourceConnection(Address address, int run, int subtask, List<Split> splits)
      throws IOException {
    socket.setReceiveBufferSize(SOCKET_BYTES);
    socket.setTcpNoDelay(true);
    socket.connect(
        new java.net.InetSocketAddress(InetAddress.getLoopbackAddress(), address.port));
    this.input = new java.io.BufferedInputStream(socket.getInputStream(), SOCKET_BYTES);
    this.output = socket.getOutputStream();
    this.splits = splits;
    this.told = new long[splits.size()];
    PackWriter hello = address.hello(Address.SOURCE, run, subtask).putRawInt(splits.size());
    for (int place = 0; place < told.length; place++) {
      told[place] = splits.get(place).events;
      hello.putRawInt(splits.get(place).number).putRawLong(told[place]);
    }
    output.write(hello.bytes, 0, hello.length);
    OPEN.add(this);
  }

  /**
   * Waits for the next block. False at the end of the input.
   *
   * @throws EOFException when the harness went away before.
   */
  public boolean read(Block block) throws IOException {
    new DataInputStream(input).readFully(head);
    headReader.on(head, 0, head.length);
    block.split = headReader.rawInt();
    block.records = headReader.rawInt();
    block.length = headReader.rawInt();
    if (block.split == END) {
      return false;
    }
    if (block.bytes.length < block.length) {
      block.bytes = new byte[block.length];
    }
    new DataInputStream(input).readFully(block.bytes, 0, block.length);
    return true;
  }

  /** Tells how far the splits have been read, where that has changed. */
  public synchronized void acknowledge() throws IOException {
    acknowledgement.clear();
    for (int place = 0; place < told.length; place++) {
      long events = splits.get(place).events;
      if (events != told[place]) {
        told[place] = events;
        acknowledgement.putRawInt(splits.get(place).number).putRawLong(events);
      }
    }
    output.write(acknowledgement.bytes, 0, acknowledgement.length);
  }

  @Override
  public void close() throws IOException {
    if (OPEN.remove(this)) {
      try {
        acknowledge();
      } finally {
        socket.close();
      }
    }
  }

  private static void acknowledgeAll() {
    while (true) {
      LockSupport.parkNanos(ACKNOWLEDGE_NANOS);
      for (SourceConnection connection : OPEN) {
        try {
          connection.acknowledge();
        } catch (IOException gone) {
          // Whoever reads from it finds out by itself.
          OPEN.remove(connection);
        }
      }
    }
  }
}
