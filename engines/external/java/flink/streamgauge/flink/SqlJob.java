package streamgauge.flink;

import java.time.Duration;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.Schema;
import org.apache.flink.table.api.Table;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;
import org.apache.flink.table.catalog.Column;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.data.RowData;
import org.apache.flink.types.Row;
import streamgauge.Request;

/** The queries of Nexmark as jobs of Flink SQL. */
final class SqlJob {
  /** The name by which the harness asks for them. */
  static final String ENGINE = "flink-sql";

  private static final String OF_TABLES = "table.";
  private static final String SPLITS_DISTINCT = "table.optimizer.distinct-agg.split.enabled";

  private SqlJob() {}

  /** Puts the query of a workload together. */
  static void build(StreamExecutionEnvironment environment, Request request) {
    SqlQuery query = SqlQuery.of(request);
    StreamTableEnvironment tables = StreamTableEnvironment.create(environment);
    tables.getConfig().setLocalTimeZone(ZoneId.of("UTC"));
    for (Map.Entry<String, String> setting : request.foreign().entrySet()) {
      if (setting.getKey().startsWith(OF_TABLES)) {
        tables.getConfig().set(setting.getKey(), setting.getValue());
      }
    }
    tables.createTemporarySystemFunction("count_char", CountChar.class);
    tables.createTemporaryView(
        "events", events(environment, request, query.shiftMillis), SqlEvents.schema());
    SqlEvents.VIEWS.forEach(tables::executeSql);
    Table result = tables.sqlQuery(query.text);
    List<String> columns = result.getResolvedSchema().getColumnNames();
    // Aggregates in two steps may take a row out for an instant, which an upsert cannot tell.
    boolean isInSteps = Boolean.parseBoolean(request.foreign().get(SPLITS_DISTINCT));
    int keys = isInSteps ? 0 : query.keys;
    changes(tables, result, keys)
        .addSink(new SocketSink<>(request, new SqlRows(columns, keys, query.shiftMillis)))
        .name("sink");
  }

  private static DataStream<RowData> events(
      StreamExecutionEnvironment environment, Request request, long shiftMillis) {
    return environment.fromSource(
        new SocketSource<>(
            request, from -> SqlEvents.read(from, shiftMillis), SqlEvents::millis),
        WatermarkStrategy.forBoundedOutOfOrderness(Duration.ofMillis(request.boundMillis)),
        "source",
        SqlEvents.type());
  }

  /**
   * The changes of a result. With a key, Flink tells the new row alone, as it does for a sink that
   * has a primary key.
   */
  private static DataStream<Row> changes(StreamTableEnvironment tables, Table result, int keys) {
    if (keys == 0) {
      return tables.toChangelogStream(result);
    }
    List<Column> columns = result.getResolvedSchema().getColumns();
    Schema.Builder schema = Schema.newBuilder();
    for (int place = 0; place < columns.size(); place++) {
      Column column = columns.get(place);
      // A primary key is never null.
      schema.column(
          column.getName(),
          place < keys ? column.getDataType().notNull() : column.getDataType());
    }
    schema.primaryKey(result.getResolvedSchema().getColumnNames().subList(0, keys));
    return tables.toChangelogStream(result, schema.build(), ChangelogMode.upsert());
  }
}
