package streamgauge.spark;

import java.util.Locale;
import java.util.TimeZone;
import streamgauge.Harness;

/** Starts the process that runs Spark for the harness. */
public final class Main {
  private Main() {}

  /** Takes the port of the harness. */
  public static void main(String[] arguments) throws Exception {
    // The answers must not depend on where the machine stands.
    Locale.setDefault(Locale.ROOT);
    TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
    Logs.writeErrorsOnly();
    Harness.serve(arguments, new SparkSystem());
  }
}
