package streamgauge.flink;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.apache.flink.api.common.JobExecutionResult;
import org.apache.flink.api.common.JobStatus;
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
  private static final long LOOK_MILLIS = 20;

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
      if (request.engine.equals(SqlJob.ENGINE)) {
        SqlJob.build(environment, request);
      } else {
        Programs.build(environment, request);
      }
      SocketSink.reports = reports;
      job = environment.executeAsync(request.workload);
      await(job, reports);
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

  /** Waits for the end of a job, and tells when it starts again. */
  private static void await(JobClient job, Reports reports)
      throws ExecutionException, InterruptedException {
    CompletableFuture<JobExecutionResult> end = job.getJobExecutionResult();
    boolean restarts = false;
    while (true) {
      try {
        end.get(LOOK_MILLIS, TimeUnit.MILLISECONDS);
        return;
      } catch (TimeoutException runs) {
        JobStatus status = status(job);
        if (status == JobStatus.RESTARTING && !restarts) {
          restarts = true;
          reports.restarting("a task failed");
        } else if (status == JobStatus.RUNNING && restarts) {
          restarts = false;
          reports.restarted();
        }
      }
    }
  }

  /** The status of a job; null once its cluster has gone, as it does when the job ends. */
  private static JobStatus status(JobClient job) throws InterruptedException {
    try {
      return job.getJobStatus().get();
    } catch (ExecutionException | IllegalStateException gone) {
      return null;
    }
  }

  /** Ours, then what was set under Flink's own keys. */
  private static Configuration configuration(Request request) throws IOException {
    Configuration configuration = new Configuration();
    configuration.setString("rest.port", "0");
    configuration.setString("rest.bind-address", "127.0.0.1");
    configuration.setString("rest.address", "127.0.0.1");
    configuration.setString("taskmanager.numberOfTaskSlots", "" + request.parallelism);
    configuration.setString("taskmanager.memory.network.min", "64mb");
    configuration.setString("taskmanager.memory.network.max", "64mb");
    configuration.setString("state.backend.type", "hashmap");
    boolean recovers = !request.setting("guarantee").equals("none");
    if (!recovers) {
      configuration.setString("restart-strategy.type", "none");
    }
    for (Map.Entry<String, String> setting : request.settings().entrySet()) {
      if (setting.getKey().contains(".")) {
        configuration.setString(setting.getKey(), setting.getValue());
      }
    }
    if (recovers) {
      Path checkpoints = Path.of(request.folder, "checkpoints");
      Files.createDirectories(checkpoints);
      configuration.setString("execution.checkpointing.dir", checkpoints.toUri().toString());
      // What a process that was killed has left is taken up by the next.
      configuration.setString(
          "execution.checkpointing.externalized-checkpoint-retention", "RETAIN_ON_CANCELLATION");
      Path newest = request.resume ? newest(checkpoints) : null;
      if (newest != null) {
        configuration.setString("execution.state-recovery.path", newest.toUri().toString());
      }
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

  /** The newest checkpoint that is complete; null if there is none. */
  private static Path newest(Path checkpoints) throws IOException {
    try (Stream<Path> files = Files.walk(checkpoints)) {
      return files
          .filter(file -> file.getFileName().toString().equals("_metadata"))
          .map(Path::getParent)
          .max(Comparator.comparingLong(FlinkSystem::number))
          .orElse(null);
    }
  }

  /** The number of a checkpoint, whose folder is called {@code chk-17}. */
  private static long number(Path checkpoint) {
    return Long.parseLong(checkpoint.getFileName().toString().substring("chk-".length()));
  }
}
