package streamgauge.spark;

import org.apache.spark.package$;
import streamgauge.Reports;
import streamgauge.Request;
import streamgauge.SystemUnderTest;

/** Apache Spark in this process, with local threads as its executor. */
public final class SparkSystem implements SystemUnderTest {
  private final Sessions sessions = new Sessions();
  private volatile Job job;

  @Override
  public String version() {
    return package$.MODULE$.SPARK_VERSION();
  }

  @Override
  public void run(Request request, Reports reports) throws Exception {
    KnownSettings.check(request.foreign());
    Fault.forget();
    job = create(request, reports);
    try {
      job.run();
    } finally {
      job = null;
    }
  }

  private Job create(Request request, Reports reports) {
    switch (request.engine) {
      case "spark":
      case "spark-realtime":
        return new StructuredJob(request, reports, sessions);
      case "spark-dstream":
        return new DStreamJob(request, reports, sessions);
      default:
        throw new IllegalArgumentException("Spark has no engine `" + request.engine + "`");
    }
  }

  @Override
  public void cancel() throws Exception {
    Job running = job;
    if (running != null) {
      running.cancel();
    }
  }

  @Override
  public void failTask() {
    Fault.request();
  }
}
