package streamgauge.flink;

import streamgauge.PackReader;

/** An event of a key. A POJO, so that Flink's own serializer takes it. */
public class Event {
  /** The key, a number without a sign. */
  public long key;
  /** What is carried along; null if nothing is. */
  public byte[] payload;
  /** When it happened, in nanoseconds. */
  public long eventTime;
  /** When it was planned, in ticks of the run. */
  public int planned;
  /** When it became readable, in ticks of the run. */
  public int ingested;

  /** For Flink. */
  public Event() {}

  /** Reads the next event of a block. */
  static Event read(PackReader from) {
    Event event = new Event();
    event.eventTime = from.rawLong();
    event.planned = from.rawInt();
    event.ingested = from.rawInt();
    int fields = from.getArray();
    event.key = from.getLong();
    if (fields > 1) {
      event.payload = from.getBytes();
    }
    return event;
  }
}
