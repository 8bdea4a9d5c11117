package streamgauge.flink;

import java.io.Serializable;
import java.time.Duration;
import java.util.Locale;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;
import streamgauge.PackWriter;
import streamgauge.Request;
import streamgauge.SinkConnection;
import streamgauge.Words;

/** The workloads as programs of the DataStream API, each as a user of Flink would write it. */
final class Programs {
  private static final long NANOS_PER_MILLI = 1_000_000;

  private Programs() {}

  /** Puts the program of a workload together. */
  static void build(StreamExecutionEnvironment environment, Request request) {
    switch (request.workload) {
      case "forward":
        events(environment, request)
            .addSink(new SocketSink<>(request, Programs::writeEvent))
            .name("sink");
        break;
      case "keyed-count":
        counts(
            request,
            events(environment, request)
                .keyBy(event -> event.key, Types.LONG)
                .process(new RunningCount<Long, Event>(Programs::describe))
                .returns(Count.class));
        break;
      case "windowed-count":
        counts(
            request,
            events(environment, request)
                .keyBy(event -> event.key, Types.LONG)
                .window(TumblingEventTimeWindows.of(Duration.ofMillis(request.knob("window_ms"))))
                .aggregate(new CountInWindow(), new TellWindow())
                .returns(Count.class));
        break;
      case "uppercase":
        lines(environment, request)
            .map(line -> line.with(line.text.toUpperCase(Locale.ROOT)))
            .returns(Line.class)
            .addSink(new SocketSink<>(request, Programs::writeLine))
            .name("sink");
        break;
      case "word-count":
        counts(
            request,
            lines(environment, request)
                .flatMap(Programs::split)
                .returns(Line.class)
                .keyBy(word -> word.text, Types.STRING)
                .process(new RunningCount<String, Line>(Programs::describe))
                .returns(Count.class));
        break;
      default:
        throw new IllegalArgumentException(
            "there is no program of the DataStream API for " + request.workload);
    }
  }

  private static DataStream<Event> events(StreamExecutionEnvironment environment, Request request) {
    return source(environment, request, Event::read, event -> event.eventTime, Event.class);
  }

  private static DataStream<Line> lines(StreamExecutionEnvironment environment, Request request) {
    return source(environment, request, Line::read, line -> line.eventTime, Line.class);
  }

  private static <T> DataStream<T> source(
      StreamExecutionEnvironment environment,
      Request request,
      SocketSource.Decoder<T> decoder,
      SocketSource.Timestamps<T> eventNanos,
      Class<T> type) {
    SocketSource<T> source =
        new SocketSource<>(
            request,
            decoder,
            record -> Math.floorDiv(eventNanos.of(record), NANOS_PER_MILLI));
    boolean hasWindows = request.workload.equals("windowed-count");
    WatermarkStrategy<T> watermarks =
        hasWindows
            ? WatermarkStrategy.forBoundedOutOfOrderness(Duration.ofMillis(request.boundMillis))
            : WatermarkStrategy.noWatermarks();
    return environment.fromSource(source, watermarks, "source", TypeInformation.of(type));
  }

  private static void counts(Request request, DataStream<Count> counts) {
    counts.addSink(new SocketSink<>(request, Programs::writeCount)).name("sink");
  }

  private static void split(Line line, Collector<Line> words) {
    Words.split(line.text, word -> words.collect(line.with(word)));
  }

  private static void writeEvent(Event event, PackWriter row, SinkConnection to) throws Exception {
    row.putArray(1).putUnsigned(event.key);
    to.write(
        SinkConnection.INSERT,
        0,
        SinkConnection.NO_EVENT_TIME,
        event.planned,
        event.ingested,
        row);
  }

  private static void writeLine(Line line, PackWriter row, SinkConnection to) throws Exception {
    row.putArray(1).putString(line.text);
    to.write(
        SinkConnection.INSERT, 0, SinkConnection.NO_EVENT_TIME, line.planned, line.ingested, row);
  }

  private static void writeCount(Count count, PackWriter row, SinkConnection to) throws Exception {
    boolean isWindow = count.windowEnd != Long.MIN_VALUE;
    row.putArray(isWindow ? 3 : 2);
    if (count.word == null) {
      row.putUnsigned(count.key);
    } else {
      row.putString(count.word);
    }
    int keyBytes = row.length;
    if (isWindow) {
      row.putLong(count.windowEnd).putLong(count.count);
      // A window happens at its last instant.
      to.write(
          SinkConnection.INSERT, 0, count.windowEnd - 1, count.planned, count.ingested, row);
      return;
    }
    row.putLong(count.count);
    to.write(
        SinkConnection.UPSERT,
        keyBytes,
        SinkConnection.NO_EVENT_TIME,
        count.planned,
        count.ingested,
        row);
  }

  /** Says of a record what is counted, and its stamps. */
  private interface Counted<T> extends Serializable {
    void describe(T record, Count into);
  }

  /** A running count per key. */
  private static final class RunningCount<K, T> extends KeyedProcessFunction<K, T, Count> {
    private static final long serialVersionUID = 1;
    private final Counted<T> counted;
    private transient ValueState<Long> state;

    RunningCount(Counted<T> counted) {
      this.counted = counted;
    }

    @Override
    public void open(OpenContext context) {
      state = getRuntimeContext().getState(new ValueStateDescriptor<>("count", Types.LONG));
    }

    @Override
    public void processElement(T record, Context context, Collector<Count> out) throws Exception {
      Long before = state.value();
      Count count = new Count();
      counted.describe(record, count);
      count.count = before == null ? 1 : before + 1;
      state.update(count.count);
      out.collect(count);
    }
  }

  private static void describe(Event event, Count into) {
    into.key = event.key;
    into.planned = event.planned;
    into.ingested = event.ingested;
  }

  private static void describe(Line word, Count into) {
    into.word = word.text;
    into.planned = word.planned;
    into.ingested = word.ingested;
  }

  /** Counts the events of a window, and keeps the stamps of the newest. */
  private static final class CountInWindow implements AggregateFunction<Event, Count, Count> {
    private static final long serialVersionUID = 1;

    @Override
    public Count createAccumulator() {
      return new Count();
    }

    @Override
    public Count add(Event event, Count into) {
      into.count++;
      into.planned = newest(into.planned, event.planned);
      into.ingested = newest(into.ingested, event.ingested);
      return into;
    }

    @Override
    public Count getResult(Count counted) {
      return counted;
    }

    @Override
    public Count merge(Count into, Count from) {
      into.count += from.count;
      into.planned = newest(into.planned, from.planned);
      into.ingested = newest(into.ingested, from.ingested);
      return into;
    }

    private static int newest(int one, int other) {
      return Integer.compareUnsigned(one, other) > 0 ? one : other;
    }
  }

  /** Gives a count its key and window. What only the end of the input releases is not timed. */
  private static final class TellWindow
      extends ProcessWindowFunction<Count, Count, Long, TimeWindow> {
    private static final long serialVersionUID = 1;

    @Override
    public void process(
        Long key, Context context, Iterable<Count> counts, Collector<Count> out) {
      Count counted = counts.iterator().next();
      Count count = new Count();
      count.key = key;
      count.count = counted.count;
      count.windowEnd = context.window().getEnd() * NANOS_PER_MILLI;
      boolean isEnd = context.currentWatermark() == Long.MAX_VALUE;
      count.planned = isEnd ? SinkConnection.UNTIMED : counted.planned;
      count.ingested = isEnd ? SinkConnection.UNTIMED : counted.ingested;
      out.collect(count);
    }
  }
}
