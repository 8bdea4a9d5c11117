package streamgauge.flink;

import org.apache.flink.table.functions.ScalarFunction;

/** How often a letter is in a text: the function that query 14 of Nexmark brings along. */
public final class CountChar extends ScalarFunction {
  private static final long serialVersionUID = 1;

  /** Counts the letter, of which only the first unit is taken. */
  public long eval(String text, String letter) {
    char wanted = letter.charAt(0);
    long count = 0;
    for (int at = 0; at < text.length(); at++) {
      if (text.charAt(at) == wanted) {
        count++;
      }
    }
    return count;
  }
}
