package streamgauge.spark;

import java.io.Serializable;

/** An event as a receiver stores it. */
final class StreamEvent implements Serializable {
  private static final long serialVersionUID = 1;

  /** The key as a Long, or the line. */
  final Object value;

  /** Its time in nanoseconds. */
  final long eventTime;

  /** Its packed stamps. */
  final long stamps;

  StreamEvent(Object value, long eventTime, long stamps) {
    this.value = value;
    this.eventTime = eventTime;
    this.stamps = stamps;
  }
}
