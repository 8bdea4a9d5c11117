package streamgauge;

import java.io.IOException;
import java.io.OutputStream;
import java.util.LinkedHashMap;
import java.util.Map;

/** Tells the harness how a run goes. */
public final class Reports {
  private final OutputStream control;

  Reports(OutputStream control) {
    this.control = control;
  }

  /** Sends a message: its name, then pairs of a field and its value. */
  public void send(String is, Object... pairs) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("is", is);
    for (int n = 0; n < pairs.length; n += 2) {
      fields.put((String) pairs[n], pairs[n + 1]);
    }
    PackWriter message = new PackWriter().putValue(fields);
    PackWriter frame = new PackWriter().putRawInt(message.length).putRaw(message);
    synchronized (control) {
      try {
        control.write(frame.bytes, 0, frame.length);
        control.flush();
      } catch (IOException gone) {
        Harness.leave();
      }
    }
  }

  /** A checkpoint is complete. */
  public void checkpoint(long id, long bytes, long millis) {
    send("checkpoint", "id", id, "bytes", bytes, "millis", millis);
  }

  /** A micro-batch is complete; it began so many milliseconds ago. */
  public void batch(long id, long records, long startedMillisAgo, Map<String, Object> phases) {
    send("batch", "id", id, "records", records, "ago_ms", startedMillisAgo, "phases", phases);
  }

  /** Something failed, and the job goes on. */
  public void restarting(String cause) {
    send("restarting", "cause", cause);
  }

  /** The job goes on. */
  public void restarted() {
    send("restarted");
  }

  /** One line about a failure: its message and those of its causes, each once. */
  public static String describe(Throwable failure) {
    StringBuilder line = new StringBuilder();
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      String text = String.valueOf(cause.getMessage()).strip().split("\n")[0];
      String part = cause.getClass().getSimpleName() + ": " + text;
      if (line.indexOf(text) < 0) {
        line.append(line.length() == 0 ? "" : "; caused by ").append(part);
      }
    }
    return line.length() > 600 ? line.substring(0, 600) + " .." : line.toString();
  }
}
