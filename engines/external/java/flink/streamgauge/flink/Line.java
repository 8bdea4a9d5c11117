package streamgauge.flink;

import streamgauge.PackReader;

/** A line of text, or a word of one. */
public class Line {
  /** The text. */
  public String text;
  /** When the line happened, in nanoseconds. */
  public long eventTime;
  /** When it was planned, in ticks of the run. */
  public int planned;
  /** When it became readable, in ticks of the run. */
  public int ingested;

  /** For Flink. */
  public Line() {}

  /** Reads the next line of a block. */
  static Line read(PackReader from) {
    Line line = new Line();
    line.eventTime = from.rawLong();
    line.planned = from.rawInt();
    line.ingested = from.rawInt();
    line.text = from.getString();
    return line;
  }

  /** Another text in the place of this one, with the same times. */
  Line with(String other) {
    Line line = new Line();
    line.text = other;
    line.eventTime = eventTime;
    line.planned = planned;
    line.ingested = ingested;
    return line;
  }
}
