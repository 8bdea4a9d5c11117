package streamgauge.spark;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.split;
import static org.apache.spark.sql.functions.timestamp_micros;
import static org.apache.spark.sql.functions.unix_micros;
import static org.apache.spark.sql.functions.upper;
import static org.apache.spark.sql.functions.when;
import static org.apache.spark.sql.functions.window;

import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.streaming.OutputMode;
import streamgauge.Request;

/** The query of a workload, and what its rows are for the harness. */
final class Query {
  /** What separates words: the same characters as in the harness. */
  static final String BETWEEN_WORDS = "\\p{IsWhite_Space}+";

  private static final Column VALUE = col(Events.VALUE);
  private static final Column STAMPS = col(Events.STAMPS);

  /** The result. */
  final Dataset<Row> result;

  /** How its rows come. */
  final OutputMode mode;

  /** How its rows are written. */
  final RowFormat format;

  private Query(Dataset<Row> result, OutputMode mode, RowFormat format) {
    this.result = result;
    this.mode = mode;
    this.format = format;
  }

  /** Whether the workload waits for the end of windows. */
  static boolean hasWindows(String workload) {
    return workload.equals("windowed-count") || SqlQuery.hasWindows(workload);
  }

  /** The query of the workload over these events. */
  static Query of(Request request, Dataset<Row> events) {
    if (request.workload.startsWith(SqlQuery.PREFIX)) {
      return inSql(request, events);
    }
    switch (request.workload) {
      case "forward":
        return new Query(
            events.select(VALUE, STAMPS), OutputMode.Append(), RowFormat.forward());
      case "uppercase":
        return new Query(
            events.select(upper(VALUE), STAMPS), OutputMode.Append(), RowFormat.line());
      case "keyed-count":
        return new Query(counted(events), OutputMode.Update(), RowFormat.keyCount());
      case "word-count":
        Dataset<Row> words =
            events
                .select(explode(split(VALUE, BETWEEN_WORDS)).as(Events.VALUE), STAMPS)
                .where(VALUE.notEqual(""));
        return new Query(counted(words), OutputMode.Update(), RowFormat.wordCount());
      case "windowed-count":
        return windowed(request, events);
      default:
        throw new IllegalArgumentException("Spark has no query for " + request.workload);
    }
  }

  private static Dataset<Row> counted(Dataset<Row> events) {
    // What is not timed would be the newest for ever: here it is the oldest.
    Column timed = when(STAMPS.equalTo(Stamps.UNTIMED), lit(Stamps.OLDEST)).otherwise(STAMPS);
    return events.groupBy(VALUE).agg(count(lit(1)), max(timed));
  }

  private static Query windowed(Request request, Dataset<Row> events) {
    Column window = window(col(Events.EVENT_TIME), request.knob("window_ms") + " milliseconds");
    long shift = SqlQuery.shiftMillis(request.knob("window_ms"));
    Column end = unix_micros(col("window.end")).minus(shift * 1_000);
    Dataset<Row> counts =
        timed(request, moved(events, shift))
            .groupBy(window.as("window"), VALUE)
            .agg(count(lit(1)).as("count"), max(STAMPS).as("newest"))
            .select(VALUE, end, col("count"), col("newest"));
    RowFormat format = RowFormat.windowCount(request.run, request.boundMillis);
    return new Query(counts, OutputMode.Append(), format);
  }

  /** The events with a watermark. The announcement of the end raises it, and must then go. */
  private static Dataset<Row> timed(Request request, Dataset<Row> events) {
    // Spark moves a filter on the column with the event time no further down than the watermark.
    Column isEvent = col(Events.EVENT_TIME).lt(timestamp_micros(lit(EventReader.END_MICROS)));
    return events
        .withWatermark(Events.EVENT_TIME, request.boundMillis + " milliseconds")
        .where(isEvent);
  }

  /** The events, which happen by so many milliseconds later. */
  private static Dataset<Row> moved(Dataset<Row> events, long millis) {
    Column micros = unix_micros(col(Events.EVENT_TIME)).plus(millis * 1_000);
    return events.withColumn(Events.EVENT_TIME, timestamp_micros(micros));
  }

  private static Query inSql(Request request, Dataset<Row> events) {
    SqlQuery query = SqlQuery.of(request.workload);
    Dataset<Row> timed = events;
    if (hasWindows(request.workload)) {
      timed = timed(request, moved(events, query.shiftMillis(request)));
    }
    Dataset<Row> result = query.over(timed, request);
    return new Query(result, query.mode(), query.format(result, request));
  }
}
