package streamgauge;

/** A stream processor that makes runs for the harness. */
public interface SystemUnderTest {
  /** The version of its jars, as it says itself. */
  String version();

  /** Makes a run, and returns once its job has ended. */
  void run(Request request, Reports reports) throws Exception;

  /** Ends the job of the run that is on, without waiting for its input. */
  void cancel() throws Exception;

  /** Lets the next task fail that reads events. */
  void failTask();
}
