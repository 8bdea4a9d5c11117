package streamgauge.spark;

/** Where a MessagePack text lies, without a copy of it. */
final class PackedText {
  private PackedText() {}

  /** How many bytes stand before the text that begins here. */
  static int headBytes(byte[] bytes, int at) {
    switch (bytes[at] & 0xff) {
      case 0xd9:
      case 0xc4:
        return 2;
      case 0xda:
      case 0xc5:
        return 3;
      case 0xdb:
      case 0xc6:
        return 5;
      default:
        return 1;
    }
  }

  /** How long the text is that begins here. */
  static int length(byte[] bytes, int at) {
    int head = headBytes(bytes, at);
    if (head == 1) {
      return bytes[at] & 0x1f;
    }
    int length = 0;
    for (int place = 1; place < head; place++) {
      length = length << 8 | bytes[at + place] & 0xff;
    }
    return length;
  }
}
