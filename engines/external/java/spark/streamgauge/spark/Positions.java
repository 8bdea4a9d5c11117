package streamgauge.spark;

import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.connector.read.streaming.Offset;

/**
 * How far each split has been read. Spark keeps it in its offset log as a JSON object, from the
 * number of a split to its events. Two more entries tell how often the end of the input has been
 * announced, and the newest event time of all batches before.
 */
final class Positions extends Offset {
  private static final String ENDS = "ends";
  private static final String NEWEST = "newest";

  /** Events of each split, by its number. */
  final long[] events;

  /** How often the end of the input has been announced to the query. */
  final long ends;

  /** The newest event time that was known when the batch was planned, in nanoseconds. */
  final long newest;

  Positions(long[] events, long ends, long newest) {
    this.events = events;
    this.ends = ends;
    this.newest = newest;
  }

  /** The start of this many splits. */
  static Positions start(int splits) {
    return new Positions(new long[splits], 0, Long.MIN_VALUE);
  }

  /** Reads what {@link #json} wrote. */
  static Positions parse(String json) {
    Map<String, Long> entries = new TreeMap<>();
    for (String entry : json.replaceAll("[{}\"\\s]", "").split(",")) {
      int colon = entry.indexOf(':');
      entries.put(entry.substring(0, colon), Long.parseLong(entry.substring(colon + 1)));
    }
    long ends = entries.remove(ENDS);
    long newest = entries.remove(NEWEST);
    long[] events = new long[entries.size()];
    entries.forEach((split, count) -> events[Integer.parseInt(split)] = count);
    return new Positions(events, ends, newest);
  }

  @Override
  public String json() {
    StringBuilder json = new StringBuilder("{");
    for (int split = 0; split < events.length; split++) {
      json.append('"').append(split).append("\":").append(events[split]).append(',');
    }
    json.append('"').append(ENDS).append("\":").append(ends).append(',');
    return json.append('"').append(NEWEST).append("\":").append(newest).append('}').toString();
  }

  /** Events of all splits. */
  long total() {
    long total = 0;
    for (long count : events) {
      total += count;
    }
    return total;
  }
}
