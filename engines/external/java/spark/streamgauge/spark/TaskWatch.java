package streamgauge.spark;

import java.util.HashSet;
import java.util.Set;
import org.apache.spark.ExceptionFailure;
import org.apache.spark.Success$;
import org.apache.spark.TaskEndReason;
import org.apache.spark.TaskKilled;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import streamgauge.Reports;

/** Reports tasks that fail, and that all of them have been made up for. */
final class TaskWatch extends SparkListener {
  private final Reports reports;
  private final Set<String> failed = new HashSet<>();

  TaskWatch(Reports reports) {
    this.reports = reports;
  }

  @Override
  public void onTaskEnd(SparkListenerTaskEnd end) {
    TaskEndReason reason = end.reason();
    String task = end.stageId() + "/" + end.taskInfo().index();
    if (reason == Success$.MODULE$) {
      if (failed.remove(task) && failed.isEmpty()) {
        reports.restarted();
      }
    } else if (!(reason instanceof TaskKilled)) {
      failed.add(task);
      reports.restarting(describe(reason));
    }
  }

  private static String describe(TaskEndReason reason) {
    if (reason instanceof ExceptionFailure) {
      ExceptionFailure failure = (ExceptionFailure) reason;
      return failure.className() + ": " + failure.description();
    }
    return reason.toString();
  }
}
