package streamgauge.spark;

/** A run of one workload on one of Spark's engines. */
public interface Job {
  /** Runs until the input has ended and every row is written, or until it is cancelled. */
  void run() throws Exception;

  /** Ends the run soon, from another thread. */
  void cancel() throws Exception;
}
