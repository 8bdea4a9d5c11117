package streamgauge.spark;

import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.unsafe.types.UTF8String;
import streamgauge.PackReader;

/**
 * The events of Nexmark as rows of one table, as its published form has them: a column tells the
 * kind of the event, and one of three columns holds a row of its fields. The time that all events
 * have is a column of every table.
 */
final class NexmarkEvents {
  /** How many kinds of events there are. They are numbered from 0 in the order of the columns. */
  static final int KINDS = 3;

  private static final int KIND_COLUMN = 0;
  private static final int MICROS_PER_MILLI = 1_000;

  private static final DataType NUMBER = DataTypes.LongType;
  private static final DataType TEXT = DataTypes.StringType;
  private static final DataType TIME = DataTypes.TimestampType;

  /** The columns. */
  static final StructType SCHEMA =
      new StructType()
          .add("kind", DataTypes.IntegerType, false)
          .add(
              "person",
              new StructType()
                  .add("id", NUMBER, false)
                  .add("name", TEXT, false)
                  .add("emailAddress", TEXT, false)
                  .add("creditCard", TEXT, false)
                  .add("city", TEXT, false)
                  .add("state", TEXT, false)
                  .add("extra", TEXT, false))
          .add(
              "auction",
              new StructType()
                  .add("id", NUMBER, false)
                  .add("itemName", TEXT, false)
                  .add("description", TEXT, false)
                  .add("initialBid", NUMBER, false)
                  .add("reserve", NUMBER, false)
                  .add("expires", TIME, false)
                  .add("seller", NUMBER, false)
                  .add("category", NUMBER, false)
                  .add("extra", TEXT, false))
          .add(
              "bid",
              new StructType()
                  .add("auction", NUMBER, false)
                  .add("bidder", NUMBER, false)
                  .add("price", NUMBER, false)
                  .add("channel", TEXT, false)
                  .add("url", TEXT, false)
                  .add("extra", TEXT, false));

  private NexmarkEvents() {}

  /** Reads the event that begins where the reader stands, and tells where it ends. */
  static int decode(PackReader reader, InternalRow row) {
    reader.getArray();
    int kind = (int) reader.getLong();
    reader.getArray();
    row.setInt(KIND_COLUMN, kind);
    for (int other = 0; other < KINDS; other++) {
      if (other != kind) {
        row.setNullAt(KIND_COLUMN + 1 + other);
      }
    }
    switch (kind) {
      case 0:
        row.update(KIND_COLUMN + 1, readPerson(reader));
        break;
      case 1:
        row.update(KIND_COLUMN + 2, readAuction(reader));
        break;
      default:
        row.update(KIND_COLUMN + 3, readBid(reader));
    }
    return reader.position();
  }

  /**
   * Fills in an event of this kind that announces the end. Its fields are there and mean nothing:
   * Spark drops rows with nulls early where they could not be joined, and the announcement with
   * them.
   */
  static void fillEnd(int kind, InternalRow row) {
    row.setInt(KIND_COLUMN, kind);
    for (int column = KIND_COLUMN + 1; column <= KINDS; column++) {
      StructType fields = (StructType) SCHEMA.apply(column).dataType();
      Object[] values = new Object[fields.length()];
      for (int field = 0; field < values.length; field++) {
        boolean isText = fields.apply(field).dataType() == TEXT;
        values[field] = isText ? UTF8String.EMPTY_UTF8 : (Object) 0L;
      }
      row.update(column, new GenericInternalRow(values));
    }
  }

  private static InternalRow readPerson(PackReader reader) {
    Object[] fields = {
      reader.getLong(), text(reader), text(reader), text(reader), text(reader), text(reader), null
    };
    reader.getLong();
    fields[6] = text(reader);
    return new GenericInternalRow(fields);
  }

  private static InternalRow readAuction(PackReader reader) {
    Object[] fields = new Object[9];
    fields[0] = reader.getLong();
    fields[1] = text(reader);
    fields[2] = text(reader);
    fields[3] = reader.getLong();
    fields[4] = reader.getLong();
    reader.getLong();
    fields[5] = reader.getLong() * MICROS_PER_MILLI;
    fields[6] = reader.getLong();
    fields[7] = reader.getLong();
    fields[8] = text(reader);
    return new GenericInternalRow(fields);
  }

  private static InternalRow readBid(PackReader reader) {
    Object[] fields = {
      reader.getLong(), reader.getLong(), reader.getLong(), text(reader), text(reader), null
    };
    reader.getLong();
    fields[5] = text(reader);
    return new GenericInternalRow(fields);
  }

  private static UTF8String text(PackReader reader) {
    return UTF8String.fromBytes(reader.getBytes());
  }
}
