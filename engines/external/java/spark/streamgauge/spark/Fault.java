package streamgauge.spark;

import java.util.concurrent.atomic.AtomicBoolean;

/** A failure that the harness asks for. The next task that reads events takes it. */
public final class Fault {
  /** What the failure says. */
  public static final String MESSAGE = "a fault that was asked for";

  private static final AtomicBoolean WANTED = new AtomicBoolean();

  private Fault() {}

  /** Lets the next task fail. */
  public static void request() {
    WANTED.set(true);
  }

  /** Drops a request that no task has taken. */
  static void forget() {
    WANTED.set(false);
  }

  /** Fails if that was asked for. */
  public static void strike() {
    if (WANTED.get() && WANTED.compareAndSet(true, false)) {
      throw new RuntimeException(MESSAGE);
    }
  }
}
