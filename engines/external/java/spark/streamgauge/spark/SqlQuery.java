package streamgauge.spark;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.streaming.OutputMode;
import org.apache.spark.sql.types.DataTypes;
import streamgauge.Request;

/** A query of Nexmark in SQL, and what Structured Streaming makes of it. */
final class SqlQuery {
  /** How the name of every such workload begins. */
  static final String PREFIX = "nexmark-";

  private static final String WINDOW = "${window}";
  private static final String SLIDE = "${slide}";

  /** How long before 1970 an event may have happened, and more. */
  private static final long EARLIEST_MILLIS = 5_000_000_000_000L;

  /** The views over the table {@code events} from which queries read. */
  private static final Map<String, String> VIEWS =
      Map.of(
          "person",
          """
          SELECT person.id, person.name, person.emailAddress, person.creditCard, person.city,
            person.state, event_time AS dateTime, person.extra
          FROM events
          WHERE kind = 0
          """,
          "auction",
          """
          SELECT auction.id, auction.itemName, auction.description, auction.initialBid,
            auction.reserve, event_time AS dateTime, auction.expires, auction.seller,
            auction.category, auction.extra
          FROM events
          WHERE kind = 1
          """,
          "bid",
          """
          SELECT bid.auction, bid.bidder, bid.price, bid.channel, bid.url,
            event_time AS dateTime, bid.extra, stamps
          FROM events
          WHERE kind = 2
          """);

  private static final Map<String, SqlQuery> ALL = new TreeMap<>();

  /** Says of each workload that Structured Streaming cannot run why that is so. */
  static final Map<String, String> REFUSED =
      Map.of(
          "nexmark-q4",
          "Structured Streaming cannot run nexmark-q4: it averages maxima that change, and an"
              + " aggregate over another one is for append mode only, with a watermark in both");

  private final String text;
  private final int keys;

  /** Whether its rows wait for the end of windows. */
  private final boolean hasWindows;

  private SqlQuery(String text, int keys) {
    this.text = text;
    this.keys = keys;
    this.hasWindows = text.contains(WINDOW);
  }

  /** Adds a query whose rows stay as they are. */
  static void appends(String name, String text) {
    ALL.put(PREFIX + name, new SqlQuery(text, 0));
  }

  /** Adds a query whose rows take the place of one another, by so many of the first columns. */
  static void updates(String name, int keys, String text) {
    ALL.put(PREFIX + name, new SqlQuery(text, keys));
  }

  static {
    SqlTexts.addAll();
  }

  /** The query of a workload; refuses a workload that has none. */
  static SqlQuery of(String workload) {
    if (REFUSED.containsKey(workload)) {
      throw new IllegalArgumentException(REFUSED.get(workload));
    }
    SqlQuery query = ALL.get(workload);
    if (query == null) {
      throw new IllegalArgumentException("Spark has no query in SQL for " + workload);
    }
    return query;
  }

  /** Whether the workload is a query that waits for the end of windows. */
  static boolean hasWindows(String workload) {
    return ALL.containsKey(workload) && ALL.get(workload).hasWindows;
  }

  /** The result over these events. Those of windows have a watermark. */
  Dataset<Row> over(Dataset<Row> events, Request request) {
    SparkSession session = events.sparkSession();
    events.createOrReplaceTempView("events");
    VIEWS.forEach((name, view) -> session.sql(view).createOrReplaceTempView(name));
    session
        .udf()
        .register("count_char", (UDF2<String, String, Long>) SqlQuery::count, DataTypes.LongType);
    String filled = text;
    for (String[] knob : new String[][] {{WINDOW, "window_ms"}, {SLIDE, "slide_ms"}}) {
      if (filled.contains(knob[0])) {
        filled = filled.replace(knob[0], "'" + request.knob(knob[1]) + " milliseconds'");
      }
    }
    return session.sql(filled);
  }

  /** How its rows come. */
  OutputMode mode() {
    return keys > 0 ? OutputMode.Update() : OutputMode.Append();
  }

  /** How the rows of its result are written. */
  RowFormat format(Dataset<Row> result, Request request) {
    return new SqlRows(List.of(result.columns()), keys, shiftMillis(request));
  }

  /**
   * By how much the times of events are moved. Spark's watermark begins at 1970, and it drops a
   * window that ends before that; so times are moved on by whole windows, and back in the rows.
   */
  long shiftMillis(Request request) {
    if (!hasWindows) {
      return 0;
    }
    return shiftMillis(request.knob(text.contains(SLIDE) ? "slide_ms" : "window_ms"));
  }

  /** The same for windows that begin at the multiples of a step. */
  static long shiftMillis(long step) {
    return (EARLIEST_MILLIS / step + 1) * step;
  }

  /** Counts a letter in a text: the function that query 14 of Nexmark brings along. */
  private static long count(String text, String letter) {
    char wanted = letter.charAt(0);
    return text.chars().filter(unit -> unit == wanted).count();
  }
}
