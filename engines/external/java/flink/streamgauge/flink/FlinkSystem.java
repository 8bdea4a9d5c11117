package streamgauge.flink;

import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.runtime.util.EnvironmentInformation;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import streamgauge.Harness;
import streamgauge.Reports;
import streamgauge.Request;
import streamgauge.SystemUnderTest;

/** Apache Flink: a cluster in this process, with a task slot per subtask. */
public final class FlinkSystem implements SystemUnderTest {
  private static final AtomicBoolean FAULT = new AtomicBoolean();

  private volatile JobClient job;

  /** Serves the harness. */
  public static void main(String[] arguments) throws Exception {
    Harness.serve(arguments, new FlinkSystem());
  }

  /** Whether the task that asks is to fail, once. */
  static boolean takeFault() {
    return FAULT.get() && FAULT.compareAndSet(true, false);
  }

  @Override
  public String version() {
    return EnvironmentInformation.getVersion();
  }

  @Override
  public void run(Request request, Reports reports) throws Exception {
    FAULT.set(false);
    Configuration configuration = configuration(request);
    try (StreamExecutionEnvironment environment =
        StreamExecutionEnvironment.createLocalEnvironment(request.parallelism, configuration)) {
      Programs.build(environment, request);
      job = environment.executeAsync(request.workload);
      job.getJobExecutionResult().get();
    } catch (ExecutionException failure) {
      throw failure.getCause() instanceof Exception ? (Exception) failure.getCause() : failure;
    } finally {
      job = null;
    }
  }

  @Override
  public void cancel() throws Exception {
    JobClient running = job;
    if (running != null) {
      running.cancel().get();
    }
  }

  @Override
  public void failTask() {
    FAULT.set(true);
  }

  /** Ours, then what was set under Flink's own keys. */
  private static Configuration configuration(Request request) {
    Configuration configuration = new Configuration();
    configuration.setString("rest.port", "0");
    configuration.setString("rest.bind-address", "127.0.0.1");
    configuration.setString("rest.address", "127.0.0.1");
    configuration.setString("taskmanager.numberOfTaskSlots", "" + request.parallelism);
    configuration.setString("taskmanager.memory.network.min", "64mb");
    configuration.setString("taskmanager.memory.network.max", "64mb");
    configuration.setString("state.backend.type", "hashmap");
    boolean recovers = !request.setting("guarantee").equals("none");
    configuration.setString("restart-strategy.type", recovers ? "fixed-delay" : "none");
    for (Map.Entry<String, String> setting : request.settings().entrySet()) {
      if (setting.getKey().contains(".")) {
        configuration.setString(setting.getKey(), setting.getValue());
      }
    }
    if (recovers) {
      configuration.setString(
          "execution.checkpointing.dir", Path.of(request.folder, "checkpoints").toUri().toString());
      configuration.setString(
          "execution.checkpointing.mode",
          request.setting("guarantee").equals("exactly-once") ? "EXACTLY_ONCE" : "AT_LEAST_ONCE");
    } else {
      configuration.removeKey("execution.checkpointing.interval");
    }
    Keys.check(request.foreign().keySet());
    request.foreign().forEach(configuration::setString);
    return configuration;
  }
}
