package streamgauge;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A run that the harness asks for. */
public final class Request {
  private final Map<String, Object> fields;

  /** Where its connections lead. */
  public final Address address;
  /** Its number, from 1. */
  public final int run;
  /** Name of the workload. */
  public final String workload;
  /** Which of the system's engines, as the command line names it. */
  public final String engine;
  /** Subtasks per stage. */
  public final int parallelism;
  /** Longest delay among events, in milliseconds of event time. */
  public final long boundMillis;
  /** A folder for its checkpoints. */
  public final String folder;
  /** Whether it takes up the newest checkpoint in that folder. */
  public final boolean resume;

  Request(Address address, Map<String, Object> fields) {
    this.fields = fields;
    this.address = address;
    this.run = (int) number("run");
    this.workload = text("workload");
    this.engine = text("engine");
    this.parallelism = (int) number("parallelism");
    this.boundMillis = number("bound_ms");
    this.folder = text("folder");
    this.resume = (Boolean) fields.get("resume");
  }

  private long number(String name) {
    return ((Number) fields.get(name)).longValue();
  }

  private String text(String name) {
    return (String) fields.get(name);
  }

  /** All splits of the input, at their start. */
  public List<Split> splits() {
    List<Split> splits = new ArrayList<>();
    for (int number = 0; number < (int) number("splits"); number++) {
      splits.add(new Split(number, 0));
    }
    return splits;
  }

  /** The splits of one subtask: every {@code parallelism}-th, from its own number. */
  public List<Split> splitsOf(int subtask) {
    List<Split> own = new ArrayList<>();
    for (Split split : splits()) {
      if (split.number % parallelism == subtask) {
        own.add(split);
      }
    }
    return own;
  }

  private Map<String, String> texts(String name) {
    Map<String, String> texts = new LinkedHashMap<>();
    ((Map<?, ?>) fields.get(name))
        .forEach((key, value) -> texts.put(key.toString(), value.toString()));
    return texts;
  }

  /** The settings of the engine by name, as texts. */
  public Map<String, String> settings() {
    return texts("settings");
  }

  /** Settings under the system's own keys. */
  public Map<String, String> foreign() {
    return texts("foreign");
  }

  /** A setting that is always there. */
  public String setting(String name) {
    String value = settings().get(name);
    if (value == null) {
      throw new IllegalArgumentException("the setting " + name + " is missing");
    }
    return value;
  }

  /** A knob of the workload that is a whole number. */
  public long knob(String name) {
    return Long.parseLong(texts("knobs").get(name));
  }
}
