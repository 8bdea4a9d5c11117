package streamgauge.flink;

import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import streamgauge.Request;

/** A query of Nexmark in SQL, and what its rows are for the harness. */
final class SqlQuery {
  private static final String WINDOW = "${window}";
  private static final String SLIDE = "${slide}";

  /** How long before 1970 an event may have happened, and more. */
  private static final long EARLIEST_MILLIS = 5_000_000_000_000L;

  private static final long SECOND = 1_000;
  private static final long MINUTE = 60 * SECOND;
  private static final long HOUR = 60 * MINUTE;
  private static final long DAY = 24 * HOUR;
  private static final long MOST_DAYS = 1_000;

  private static final Map<String, SqlQuery> ALL = new TreeMap<>();

  static {
    SqlTexts.addAll();
  }

  /** The text of the query. */
  final String text;

  /** How many of its first columns are the key by which rows take the place of one another. */
  final int keys;

  /**
   * By how much the times of events are moved. Flink loses windows that end before 1970 when a
   * watermark does, too; so times are moved on by whole windows, and back in the rows.
   */
  final long shiftMillis;

  private SqlQuery(String text, int keys, long shiftMillis) {
    this.text = text;
    this.keys = keys;
    this.shiftMillis = shiftMillis;
  }

  /** The query of a workload, with its knobs put in. */
  static SqlQuery of(Request request) {
    SqlQuery query = ALL.get(request.workload);
    if (query == null) {
      throw new IllegalArgumentException("there is no query of Flink SQL for " + request.workload);
    }
    String text = query.text;
    if (!text.contains(WINDOW)) {
      return query;
    }
    long step = request.knob("window_ms");
    text = text.replace(WINDOW, interval(step));
    if (text.contains(SLIDE)) {
      if (step % request.knob("slide_ms") != 0) {
        throw new IllegalArgumentException(
            "HOP of Flink SQL takes a window_ms that is a multiple of slide_ms only");
      }
      text = text.replace(SLIDE, interval(request.knob("slide_ms")));
    }
    return new SqlQuery(text, query.keys, (EARLIEST_MILLIS / step + 1) * step);
  }

  private static String interval(long millis) {
    if (millis >= MOST_DAYS * DAY) {
      throw new IllegalArgumentException("an interval of Flink SQL has at most 999 days");
    }
    return String.format(
        Locale.ROOT,
        "INTERVAL '%d %02d:%02d:%02d.%03d' DAY(3) TO SECOND(3)",
        millis / DAY,
        millis % DAY / HOUR,
        millis % HOUR / MINUTE,
        millis % MINUTE / SECOND,
        millis % SECOND);
  }

  /** Adds a query. Its first columns are a key, or none of them. */
  static void add(String name, int keys, String text) {
    ALL.put("nexmark-" + name, new SqlQuery(text, keys, 0));
  }
}
