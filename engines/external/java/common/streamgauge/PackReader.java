package streamgauge;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads MessagePack from a range of bytes. */
public final class PackReader {
  private byte[] bytes;
  private int at;
  private int end;

  /** Reads from {@code bytes[from..to]}. */
  public PackReader on(byte[] bytes, int from, int to) {
    this.bytes = bytes;
    this.at = from;
    this.end = to;
    return this;
  }

  /** Where the next value begins. */
  public int position() {
    return at;
  }

  /** Whether nothing is left. */
  public boolean isAtEnd() {
    return at >= end;
  }

  private int unsigned(int width) {
    int value = 0;
    for (int n = 0; n < width; n++) {
      value = value << 8 | bytes[at++] & 0xff;
    }
    return value;
  }

  private long wide(int width) {
    long value = 0;
    for (int n = 0; n < width; n++) {
      value = value << 8 | bytes[at++] & 0xffL;
    }
    return value;
  }

  /** Eight bytes in little-endian order: a number of the frame, not of MessagePack. */
  public long rawLong() {
    return Integer.toUnsignedLong(rawInt()) | (long) rawInt() << 32;
  }

  /** Four bytes in little-endian order. */
  public int rawInt() {
    int value =
        bytes[at] & 0xff
            | (bytes[at + 1] & 0xff) << 8
            | (bytes[at + 2] & 0xff) << 16
            | bytes[at + 3] << 24;
    at += 4;
    return value;
  }

  /** A whole number. One without a sign that has no room in a long keeps its bits. */
  public long getLong() {
    int tag = bytes[at++];
    if (tag >= -32) {
      return tag;
    }
    switch (tag & 0xff) {
      case 0xcc:
      case 0xcd:
        return unsigned((tag & 0xff) == 0xcc ? 1 : 2);
      case 0xce:
        return wide(4);
      case 0xcf:
      case 0xd3:
        return wide(8);
      case 0xd0:
        return bytes[at++];
      case 0xd1:
        return (short) unsigned(2);
      case 0xd2:
        return unsigned(4);
      default:
        throw wrong(tag, "a whole number");
    }
  }

  /** How many elements the array has that begins here. */
  public int getArray() {
    int tag = bytes[at++] & 0xff;
    if (tag >> 4 == 0x9) {
      return tag & 0xf;
    }
    if (tag == 0xdc || tag == 0xdd) {
      return unsigned(tag == 0xdc ? 2 : 4);
    }
    throw wrong(tag, "an array");
  }

  /** How many entries the map has that begins here. */
  public int getMap() {
    int tag = bytes[at++] & 0xff;
    if (tag >> 4 == 0x8) {
      return tag & 0xf;
    }
    if (tag == 0xde || tag == 0xdf) {
      return unsigned(tag == 0xde ? 2 : 4);
    }
    throw wrong(tag, "a map");
  }

  /** Length of the text or the bytes that begin here; they are read next. */
  private int textLength() {
    int tag = bytes[at++] & 0xff;
    if (tag >> 5 == 0x5) {
      return tag & 0x1f;
    }
    switch (tag) {
      case 0xd9:
      case 0xc4:
        return unsigned(1);
      case 0xda:
      case 0xc5:
        return unsigned(2);
      case 0xdb:
      case 0xc6:
        return unsigned(4);
      default:
        throw wrong(tag, "a text");
    }
  }

  /** A text. */
  public String getString() {
    int length = textLength();
    String text = new String(bytes, at, length, StandardCharsets.UTF_8);
    at += length;
    return text;
  }

  /** The bytes of a text. */
  public byte[] getBytes() {
    int length = textLength();
    byte[] copy = java.util.Arrays.copyOfRange(bytes, at, at + length);
    at += length;
    return copy;
  }

  /** Whether the next value is none; it is passed over then. */
  public boolean skipNull() {
    if ((bytes[at] & 0xff) != 0xc0) {
      return false;
    }
    at++;
    return true;
  }

  /** A value of any type: Long, Double, Boolean, String, List, Map or null. */
  public Object getValue() {
    int tag = bytes[at] & 0xff;
    if (tag == 0xc0) {
      at++;
      return null;
    }
    if (tag == 0xc2 || tag == 0xc3) {
      at++;
      return tag == 0xc3;
    }
    if (tag == 0xca || tag == 0xcb) {
      at++;
      return tag == 0xca ? Float.intBitsToFloat(unsigned(4)) : Double.longBitsToDouble(wide(8));
    }
    if (tag >> 4 == 0x9 || tag == 0xdc || tag == 0xdd) {
      int count = getArray();
      List<Object> list = new ArrayList<>(count);
      for (int n = 0; n < count; n++) {
        list.add(getValue());
      }
      return list;
    }
    if (tag >> 4 == 0x8 || tag == 0xde || tag == 0xdf) {
      int count = getMap();
      Map<String, Object> map = new LinkedHashMap<>();
      for (int n = 0; n < count; n++) {
        map.put(getString(), getValue());
      }
      return map;
    }
    if (tag >> 5 == 0x5 || tag >= 0xd9 && tag <= 0xdb || tag >= 0xc4 && tag <= 0xc6) {
      return getString();
    }
    return getLong();
  }

  private static IllegalStateException wrong(int tag, String wanted) {
    return new IllegalStateException(
        String.format("byte 0x%02x begins no %s", tag & 0xff, wanted.replaceFirst("^an? ", "")));
  }
}
