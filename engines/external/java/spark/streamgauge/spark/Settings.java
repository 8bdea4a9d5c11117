package streamgauge.spark;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import streamgauge.Request;

/** The settings of a run, each with its default. */
final class Settings {
  private static final Pattern DURATION = Pattern.compile("([0-9]+) ?(ms|s|m|min|h)");

  private final Request request;

  Settings(Request request) {
    this.request = request;
  }

  /** Whether rows are seen only when their batch is committed. */
  boolean isExactlyOnce() {
    return "exactly-once".equals(request.settings().get("guarantee"));
  }

  /** Whether files of the checkpoint are written without a child process for each. */
  boolean isForkFree() {
    return isFirst("checkpoint_files", "fork-free", "stock");
  }

  private boolean isFirst(String setting, String first, String other) {
    String value = request.settings().getOrDefault(setting, first);
    if (!value.equals(first) && !value.equals(other)) {
      throw new IllegalArgumentException(
          "the setting " + setting + " is " + first + " or " + other + ", not `" + value + "`");
    }
    return value.equals(first);
  }

  /** How many events a micro-batch may have, or 0 for any number. */
  long mostEvents() {
    String most = request.settings().getOrDefault("maxOffsetsPerTrigger", "0");
    if (!most.matches("[0-9]{1,18}")) {
      throw new IllegalArgumentException(
          "the setting maxOffsetsPerTrigger takes a number of events, not `" + most + "`");
    }
    return Long.parseLong(most);
  }

  /** A duration such as {@code 100ms}, in milliseconds. */
  long millis(String setting, String usual) {
    String text = request.settings().getOrDefault(setting, usual);
    Matcher matcher = DURATION.matcher(text.strip());
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "the setting " + setting + " takes a duration such as 100ms, not `" + text + "`");
    }
    long count = Long.parseLong(matcher.group(1));
    switch (matcher.group(2)) {
      case "ms":
        return count;
      case "s":
        return count * 1_000;
      case "h":
        return count * 3_600_000;
      default:
        return count * 60_000;
    }
  }
}
