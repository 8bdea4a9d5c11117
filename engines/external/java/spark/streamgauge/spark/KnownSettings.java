package streamgauge.spark;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.spark.internal.config.ConfigEntry;
import org.apache.spark.package$;
import org.apache.spark.sql.internal.SQLConf$;
import scala.jdk.javaapi.CollectionConverters;
import streamgauge.Nearest;

/** The settings that this version of Spark has. */
final class KnownSettings {
  /** Spark registers a setting when the object is loaded that declares it. */
  private static final List<String> DECLARED_IN =
      List.of(
          "org.apache.spark.internal.config.package$",
          "org.apache.spark.internal.config.Deploy$",
          "org.apache.spark.internal.config.History$",
          "org.apache.spark.internal.config.Kryo$",
          "org.apache.spark.internal.config.Network$",
          "org.apache.spark.internal.config.Python$",
          "org.apache.spark.internal.config.R$",
          "org.apache.spark.internal.config.Status$",
          "org.apache.spark.internal.config.Streaming$",
          "org.apache.spark.internal.config.UI$",
          "org.apache.spark.internal.config.Worker$",
          "org.apache.spark.sql.internal.StaticSQLConf$",
          "org.apache.spark.sql.internal.SQLConf$",
          "org.apache.spark.streaming.StreamingConf$");

  /** What comes after these is free. */
  private static final List<String> FREE =
      List.of("spark.hadoop.", "spark.executorEnv.", "spark.sql.catalog.");

  /** The state store in RocksDB reads these by name and registers none. */
  private static final String ROCKS_DB = "spark.sql.streaming.stateStore.rocksdb.";

  private static final List<String> OF_ROCKS_DB =
      List.of(
          "compactOnCommit",
          "changelogCheckpointing.enabled",
          "blockSizeKB",
          "blockCacheSizeMB",
          "lockAcquireTimeoutMs",
          "resetStatsOnLoad",
          "maxOpenFiles",
          "formatVersion",
          "trackTotalNumberOfRows",
          "writeBufferSizeMB",
          "maxWriteBufferNumber",
          "boundedMemoryUsage",
          "maxMemoryUsageMB",
          "writeBufferCacheRatio",
          "highPriorityPoolRatio",
          "memoryUpdateIntervalMs",
          "allowFAllocate",
          "compression",
          "verifyNonEmptyFilesInZip",
          "checkStaleReusedFilesInSnapshot",
          "mergeOperatorVersion");

  /** Of some, the harness says the value in another way. */
  private static final Map<String, String> TAKEN =
      Map.of("spark.master", "the parallelism of the run sets `spark.master`");

  private static final Map<String, ConfigEntry<?>> ENTRIES = load();

  private KnownSettings() {}

  private static Map<String, ConfigEntry<?>> load() {
    for (String name : DECLARED_IN) {
      try {
        Class.forName(name);
      } catch (ClassNotFoundException missing) {
        throw new IllegalStateException("this is another version of Spark", missing);
      }
    }
    Map<String, ConfigEntry<?>> entries = new TreeMap<>();
    for (ConfigEntry<?> entry : ConfigEntry.listAllEntries()) {
      entries.put(entry.key(), entry);
      for (String former : CollectionConverters.asJava(entry.alternatives())) {
        entries.putIfAbsent(former, entry);
      }
    }
    return entries;
  }

  /** Refuses a setting that does not exist, and a value that it cannot have. */
  static void check(Map<String, String> settings) {
    settings.forEach(KnownSettings::check);
  }

  private static void check(String key, String value) {
    if (TAKEN.containsKey(key)) {
      throw new IllegalArgumentException(TAKEN.get(key));
    }
    ConfigEntry<?> entry = ENTRIES.get(key);
    if (entry != null) {
      try {
        entry.valueConverter().apply(value);
      } catch (RuntimeException broken) {
        throw new IllegalArgumentException(
            "Spark's setting `" + key + "` cannot be `" + value + "`: " + broken.getMessage(),
            broken);
      }
    } else if (!isFree(key)) {
      throw new IllegalArgumentException(
          String.format(
              "Spark %s has no setting `%s`; did you mean `%s`?",
              package$.MODULE$.SPARK_VERSION(), key, nearest(key)));
    }
  }

  private static boolean isFree(String key) {
    return FREE.stream().anyMatch(prefix -> key.startsWith(prefix) && !key.equals(prefix))
        || OF_ROCKS_DB.stream().anyMatch(name -> key.equalsIgnoreCase(ROCKS_DB + name));
  }

  /** Whether each run may have its own value, without a restart of Spark. */
  static boolean isSetPerRun(String key) {
    if (key.startsWith(ROCKS_DB)) {
      return true;
    }
    return SQLConf$.MODULE$.containsConfigKey(key) && !SQLConf$.MODULE$.isStaticConfigKey(key);
  }

  private static String nearest(String key) {
    Set<String> known = new TreeSet<>(ENTRIES.keySet());
    OF_ROCKS_DB.forEach(name -> known.add(ROCKS_DB + name));
    return Nearest.of(key, known);
  }
}
