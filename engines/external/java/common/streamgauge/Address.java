package streamgauge;

import java.io.Serializable;
import java.nio.charset.StandardCharsets;

/** Where the harness listens on the loopback interface, and the secret by which it knows us. */
public final class Address implements Serializable {
  private static final long serialVersionUID = 1;

  /** Roles of a connection. */
  public static final int CONTROL = 0;

  public static final int SOURCE = 1;
  public static final int SINK = 2;

  /** Port of the harness. */
  public final int port;

  private final long token;

  /** By port and secret. */
  public Address(int port, long token) {
    this.port = port;
    this.token = token;
  }

  /** With what every connection begins. */
  public PackWriter hello(int role, int run, int subtask) {
    PackWriter hello = new PackWriter();
    for (byte letter : "SGX1".getBytes(StandardCharsets.US_ASCII)) {
      hello.putRawByte(letter);
    }
    return hello.putRawLong(token).putRawByte(role).putRawInt(run).putRawInt(subtask);
  }
}
