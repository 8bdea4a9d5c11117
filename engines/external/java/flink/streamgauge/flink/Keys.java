package streamgauge.flink;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.Collection;
import java.util.TreeSet;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.FallbackKey;

/** The keys that Flink knows, out of the classes that declare them. */
final class Keys {
  private static final String[] DECLARED_IN = {
    "CheckpointingOptions", "CleanupOptions", "ClusterOptions", "CoreOptions",
    "DeploymentOptions", "EventOptions", "ExecutionOptions", "ExternalResourceOptions",
    "HeartbeatManagerOptions", "JobManagerOptions", "MetricOptions",
    "NettyShuffleEnvironmentOptions", "PipelineOptions", "ResourceManagerOptions", "RestOptions",
    "RestartStrategyOptions", "RpcOptions", "SchedulerOptions", "ShuffleServiceOptions",
    "SlowTaskDetectorOptions", "StateBackendOptions", "StateChangelogOptions",
    "StateRecoveryOptions", "TaskManagerOptions", "WebOptions", "BatchExecutionOptions"
  };
  private static final String[] DECLARED_ELSEWHERE = {
    "org.apache.flink.state.rocksdb.RocksDBOptions",
    "org.apache.flink.state.rocksdb.RocksDBConfigurableOptions",
    "org.apache.flink.table.api.config.ExecutionConfigOptions",
    "org.apache.flink.table.api.config.OptimizerConfigOptions",
    "org.apache.flink.table.api.config.TableConfigOptions"
  };

  private Keys() {}

  /** Refuses a key that Flink does not know: it would have no effect. */
  static void check(Collection<String> keys) {
    TreeSet<String> known = new TreeSet<>();
    for (String name : DECLARED_IN) {
      add("org.apache.flink.configuration." + name, known);
    }
    for (String name : DECLARED_ELSEWHERE) {
      add(name, known);
    }
    for (String key : keys) {
      if (!known.contains(key)) {
        throw new IllegalArgumentException(
            String.format(
                "Flink %s has no setting `%s`; did you mean `%s`?",
                org.apache.flink.runtime.util.EnvironmentInformation.getVersion(),
                key,
                streamgauge.Nearest.of(key, known)));
      }
    }
  }

  private static void add(String className, TreeSet<String> into) {
    try {
      for (Field field : Class.forName(className).getFields()) {
        if (Modifier.isStatic(field.getModifiers()) && field.getType() == ConfigOption.class) {
          ConfigOption<?> option = (ConfigOption<?>) field.get(null);
          into.add(option.key());
          for (FallbackKey other : option.fallbackKeys()) {
            into.add(other.getKey());
          }
        }
      }
    } catch (ReflectiveOperationException | LinkageError absent) {
      // Of another version.
    }
  }
}
