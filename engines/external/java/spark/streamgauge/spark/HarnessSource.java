package streamgauge.spark;

import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import org.apache.spark.sql.connector.catalog.SupportsRead;
import org.apache.spark.sql.connector.catalog.Table;
import org.apache.spark.sql.connector.catalog.TableCapability;
import org.apache.spark.sql.connector.catalog.TableProvider;
import org.apache.spark.sql.connector.expressions.Transform;
import org.apache.spark.sql.connector.read.Scan;
import org.apache.spark.sql.connector.read.ScanBuilder;
import org.apache.spark.sql.connector.read.streaming.MicroBatchStream;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/** The data source that brings the events of a run to Structured Streaming. */
public final class HarnessSource implements TableProvider {
  /** The option with the number of the run. */
  static final String RUN = "run";

  /** The option with the kind of {@link Events}. */
  static final String EVENTS = "events";

  /** The option that says whether the end of the input is announced to the query. */
  static final String ANNOUNCES_END = "announcesEnd";

  /** The option that limits the events of a batch, as the source for Kafka names it. */
  static final String MOST_EVENTS = "maxOffsetsPerTrigger";

  /** The option for real-time mode. */
  static final String IS_REALTIME = "isRealtime";

  @Override
  public StructType inferSchema(CaseInsensitiveStringMap options) {
    return Events.valueOf(options.get(EVENTS)).schema;
  }

  @Override
  public Table getTable(
      StructType schema, Transform[] partitioning, Map<String, String> properties) {
    return new Input(schema);
  }

  private static final class Input implements Table, SupportsRead {
    private final StructType schema;

    Input(StructType schema) {
      this.schema = schema;
    }

    @Override
    public String name() {
      return "streamgauge";
    }

    @Override
    @SuppressWarnings("deprecation")
    public StructType schema() {
      return schema;
    }

    @Override
    public Set<TableCapability> capabilities() {
      return EnumSet.of(TableCapability.MICRO_BATCH_READ);
    }

    @Override
    public ScanBuilder newScanBuilder(CaseInsensitiveStringMap options) {
      return () -> new InputScan(schema, options);
    }
  }

  private static final class InputScan implements Scan {
    private final StructType schema;
    private final CaseInsensitiveStringMap options;

    InputScan(StructType schema, CaseInsensitiveStringMap options) {
      this.schema = schema;
      this.options = options;
    }

    @Override
    public StructType readSchema() {
      return schema;
    }

    @Override
    public String description() {
      return "events of the harness";
    }

    @Override
    public MicroBatchStream toMicroBatchStream(String checkpoint) {
      int run = options.getInt(RUN, 0);
      Events events = Events.valueOf(options.get(EVENTS));
      if (options.getBoolean(IS_REALTIME, false)) {
        return new RealtimeInput(run, events);
      }
      long most = options.getLong(MOST_EVENTS, 0);
      boolean announcesEnd = options.getBoolean(ANNOUNCES_END, false);
      return Feed.of(run).input(() -> new BatchInput(run, events, most, announcesEnd));
    }
  }
}
