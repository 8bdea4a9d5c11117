package streamgauge;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Writes MessagePack into a buffer that grows. */
public final class PackWriter {
  /** What was written: the first {@link #length} bytes. */
  public byte[] bytes = new byte[1024];
  /** How much was written. */
  public int length;

  /** Empties it and keeps the memory. */
  public PackWriter clear() {
    length = 0;
    return this;
  }

  private void room(int more) {
    if (bytes.length - length < more) {
      bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, length + more));
    }
  }

  private void tagged(int tag, long value, int width) {
    room(9);
    bytes[length++] = (byte) tag;
    for (int shift = 8 * (width - 1); shift >= 0; shift -= 8) {
      bytes[length++] = (byte) (value >>> shift);
    }
  }

  /** Four bytes in little-endian order: a number of the frame, not of MessagePack. */
  public PackWriter putRawInt(int value) {
    room(4);
    bytes[length] = (byte) value;
    bytes[length + 1] = (byte) (value >>> 8);
    bytes[length + 2] = (byte) (value >>> 16);
    bytes[length + 3] = (byte) (value >>> 24);
    length += 4;
    return this;
  }

  /** Eight bytes in little-endian order. */
  public PackWriter putRawLong(long value) {
    return putRawInt((int) value).putRawInt((int) (value >>> 32));
  }

  /** One byte. */
  public PackWriter putRawByte(int value) {
    room(1);
    bytes[length++] = (byte) value;
    return this;
  }

  /** What another one holds. */
  public PackWriter putRaw(PackWriter other) {
    room(other.length);
    System.arraycopy(other.bytes, 0, bytes, length, other.length);
    length += other.length;
    return this;
  }

  /** A whole number. */
  public PackWriter putLong(long value) {
    if (value >= 0) {
      return putUnsigned(value);
    }
    if (value >= -32) {
      return putRawByte((int) value);
    }
    tagged(0xd3, value, 8);
    return this;
  }

  /** A whole number without a sign, all of whose bits count. */
  public PackWriter putUnsigned(long value) {
    if (value >>> 7 == 0) {
      return putRawByte((int) value);
    }
    if (value >>> 8 == 0) {
      tagged(0xcc, value, 1);
    } else if (value >>> 16 == 0) {
      tagged(0xcd, value, 2);
    } else if (value >>> 32 == 0) {
      tagged(0xce, value, 4);
    } else {
      tagged(0xcf, value, 8);
    }
    return this;
  }

  /** A number. */
  public PackWriter putDouble(double value) {
    tagged(0xcb, Double.doubleToRawLongBits(value), 8);
    return this;
  }

  /** True or false. */
  public PackWriter putBoolean(boolean value) {
    return putRawByte(value ? 0xc3 : 0xc2);
  }

  /** No value. */
  public PackWriter putNull() {
    return putRawByte(0xc0);
  }

  /** The head of an array. */
  public PackWriter putArray(int count) {
    if (count < 16) {
      return putRawByte(0x90 | count);
    }
    tagged(0xdc, count, 2);
    return this;
  }

  /** The head of a map. */
  public PackWriter putMap(int count) {
    if (count < 16) {
      return putRawByte(0x80 | count);
    }
    tagged(0xde, count, 2);
    return this;
  }

  /** A text. */
  public PackWriter putString(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    return putText(utf8, 0, utf8.length);
  }

  /** A text by its bytes. */
  public PackWriter putText(byte[] utf8, int from, int count) {
    if (count < 32) {
      putRawByte(0xa0 | count);
    } else if (count < 256) {
      tagged(0xd9, count, 1);
    } else if (count < 65_536) {
      tagged(0xda, count, 2);
    } else {
      tagged(0xdb, count, 4);
    }
    room(count);
    System.arraycopy(utf8, from, bytes, length, count);
    length += count;
    return this;
  }

  /** A value of any type that {@link PackReader#getValue} knows. */
  public PackWriter putValue(Object value) {
    if (value == null) {
      return putNull();
    }
    if (value instanceof Boolean) {
      return putBoolean((Boolean) value);
    }
    if (value instanceof Double || value instanceof Float) {
      return putDouble(((Number) value).doubleValue());
    }
    if (value instanceof Number) {
      return putLong(((Number) value).longValue());
    }
    if (value instanceof List) {
      List<?> list = (List<?>) value;
      putArray(list.size());
      list.forEach(this::putValue);
      return this;
    }
    if (value instanceof Map) {
      Map<?, ?> map = (Map<?, ?>) value;
      putMap(map.size());
      map.forEach((name, entry) -> putString(name.toString()).putValue(entry));
      return this;
    }
    return putString(value.toString());
  }
}
