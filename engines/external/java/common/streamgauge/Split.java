package streamgauge;

import java.io.Serializable;

/** A split of the input, and how far it has been read. */
public final class Split implements Serializable {
  private static final long serialVersionUID = 1;

  /** Its number. */
  public final int number;
  /** Events that have been read of it, from where the job began. */
  public volatile long events;

  /** A split of which so many events have been read. */
  public Split(int number, long events) {
    this.number = number;
    this.events = events;
  }
}
