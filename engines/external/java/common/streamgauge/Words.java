package streamgauge;

import java.util.function.Consumer;

/** The words of a text: what stands between white space, as Unicode has it. */
public final class Words {
  private Words() {}

  /** Hands over one word after another. */
  public static void split(String text, Consumer<String> words) {
    int from = 0;
    for (int at = 0; at <= text.length(); at++) {
      if (at == text.length() || isSpace(text.charAt(at))) {
        if (at > from) {
          words.accept(text.substring(from, at));
        }
        from = at + 1;
      }
    }
  }

  /** Unicode's property White_Space, all of which has one unit: Java's own differs. */
  private static boolean isSpace(char unit) {
    if (unit < 0x80) {
      return unit == ' ' || unit >= 0x09 && unit <= 0x0d;
    }
    return unit == 0x85
        || unit == 0xa0
        || unit == 0x1680
        || unit >= 0x2000 && unit <= 0x200a
        || unit == 0x2028
        || unit == 0x2029
        || unit == 0x202f
        || unit == 0x205f
        || unit == 0x3000;
  }
}
