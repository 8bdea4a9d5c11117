package streamgauge.spark;

import java.io.IOException;
import java.io.Serializable;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Locale;
import java.util.regex.Pattern;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.Optional;
import org.apache.spark.api.java.function.Function3;
import org.apache.spark.streaming.State;
import org.apache.spark.streaming.StateSpec;
import org.apache.spark.streaming.api.java.JavaDStream;
import org.apache.spark.streaming.api.java.JavaPairDStream;
import scala.Tuple2;
import streamgauge.PackWriter;
import streamgauge.SinkConnection;

/** The workloads on Spark Streaming. */
final class StreamQuery implements Serializable {
  private static final long serialVersionUID = 1;
  private static final Pattern BETWEEN_WORDS = Pattern.compile(Query.BETWEEN_WORDS);

  private final int run;
  private final int parallelism;

  StreamQuery(int run, int parallelism) {
    this.run = run;
    this.parallelism = parallelism;
  }

  /** Writes one record of a result. */
  private interface Format<T> extends Serializable {
    void write(T record, PackWriter memory, RowTarget target) throws IOException;
  }

  /** How often something came, with its newest stamps. */
  private static final class Tally implements Serializable {
    private static final long serialVersionUID = 1;
    final long count;
    final long stamps;

    Tally(long count, long stamps) {
      this.count = count;
      this.stamps = stamps;
    }

    Tally plus(Tally other) {
      return new Tally(count + other.count, Math.max(stamps, other.stamps));
    }
  }

  /** Sets the query of the workload up. */
  void define(String workload, JavaDStream<StreamEvent> received) {
    JavaDStream<StreamEvent> events =
        received.mapPartitions(
            part -> {
              Fault.strike();
              return part;
            });
    switch (workload) {
      case "forward":
        write(
            events,
            (event, memory, target) ->
                Rows.forward((Long) event.value, event.stamps, memory, target));
        break;
      case "uppercase":
        write(
            events.map(StreamQuery::inCapitals),
            (event, memory, target) ->
                Rows.line((String) event.value, event.stamps, memory, target));
        break;
      case "keyed-count":
        write(
            counted(events),
            (row, memory, target) ->
                Rows.keyCount((Long) row._1, row._2.count, row._2.stamps, memory, target));
        break;
      case "word-count":
        write(
            counted(events.flatMap(StreamQuery::words)),
            (row, memory, target) ->
                Rows.wordCount((String) row._1, row._2.count, row._2.stamps, memory, target));
        break;
      default:
        throw new IllegalArgumentException("Spark Streaming has no query for " + workload);
    }
  }

  private static StreamEvent inCapitals(StreamEvent event) {
    String capitals = ((String) event.value).toUpperCase(Locale.ROOT);
    return new StreamEvent(capitals, event.eventTime, event.stamps);
  }

  private static Iterator<StreamEvent> words(StreamEvent event) {
    return Arrays.stream(BETWEEN_WORDS.split((String) event.value))
        .filter(word -> !word.isEmpty())
        .map(word -> new StreamEvent(word, event.eventTime, event.stamps))
        .iterator();
  }

  /** Adds up what a batch brings for each key, and adds that to the state of the key. */
  private JavaDStream<Tuple2<Object, Tally>> counted(JavaDStream<StreamEvent> events) {
    JavaPairDStream<Object, Tally> ofBatch =
        events
            .mapToPair(event -> new Tuple2<>(event.value, new Tally(1, event.stamps)))
            .reduceByKey(Tally::plus, parallelism);
    Function3<Object, Optional<Tally>, State<Long>, Tuple2<Object, Tally>> add =
        (key, more, state) -> {
          long count = (state.exists() ? state.get() : 0) + more.get().count;
          state.update(count);
          return new Tuple2<>(key, new Tally(count, more.get().stamps));
        };
    return ofBatch.mapWithState(StateSpec.function(add).numPartitions(parallelism));
  }

  private <T> void write(JavaDStream<T> result, Format<T> format) {
    int run = this.run;
    int connections = this.parallelism;
    result.foreachRDD(
        batch -> batch.foreachPartition(part -> write(run, connections, part, format)));
  }

  /**
   * Writes the records of a task. A batch has a partition per block of a receiver, and their number
   * varies; so several of them share a connection.
   */
  private static <T> void write(int run, int connections, Iterator<T> part, Format<T> format)
      throws IOException {
    if (!part.hasNext()) {
      return;
    }
    int number = TaskContext.getPartitionId() % connections;
    SinkConnection connection = Sinks.of(run).connection(number);
    PackWriter memory = new PackWriter();
    RowTarget target = new DirectTarget(connection);
    while (part.hasNext()) {
      format.write(part.next(), memory, target);
    }
    connection.flush();
  }
}
