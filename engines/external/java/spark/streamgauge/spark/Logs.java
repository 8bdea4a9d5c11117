package streamgauge.spark;

import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.core.appender.ConsoleAppender;
import org.apache.logging.log4j.core.config.Configurator;
import org.apache.logging.log4j.core.config.builder.api.ConfigurationBuilder;
import org.apache.logging.log4j.core.config.builder.api.ConfigurationBuilderFactory;
import org.apache.logging.log4j.core.config.builder.impl.BuiltConfiguration;

/** What Spark logs. */
final class Logs {
  private static final String APPENDER = "errors";

  private Logs() {}

  /**
   * Writes errors to the standard error stream, and nothing else. Without a configuration Spark
   * brings its own, which writes some 30 lines per micro-batch.
   */
  static void writeErrorsOnly() {
    ConfigurationBuilder<BuiltConfiguration> builder =
        ConfigurationBuilderFactory.newConfigurationBuilder();
    builder.setStatusLevel(Level.ERROR);
    builder.add(
        builder
            .newAppender(APPENDER, "Console")
            .addAttribute("target", ConsoleAppender.Target.SYSTEM_ERR)
            .add(
                builder
                    .newLayout("PatternLayout")
                    .addAttribute("pattern", "%d{HH:mm:ss.SSS} %p %c{1}: %m%n%ex")));
    // Spark takes a root logger at the level of errors for a sign that nobody has configured it.
    builder.add(
        builder
            .newRootLogger(Level.WARN)
            .add(builder.newAppenderRef(APPENDER).addAttribute("level", Level.ERROR)));
    // It calls the regular end of a receiver an error.
    builder.add(
        builder.newLogger("org.apache.spark.streaming.scheduler.ReceiverTracker", Level.OFF));
    Configurator.initialize(builder.build(false));
  }
}
