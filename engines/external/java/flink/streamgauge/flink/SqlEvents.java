package streamgauge.flink;

import java.util.ArrayList;
import java.util.List;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.table.api.Schema;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.runtime.typeutils.InternalTypeInfo;
import org.apache.flink.table.types.logical.BigIntType;
import org.apache.flink.table.types.logical.IntType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.table.types.logical.TimestampType;
import org.apache.flink.table.types.logical.VarCharType;
import streamgauge.PackReader;

/**
 * The events of Nexmark as rows of one table, as its published form has them: a column tells the
 * kind of the event, and one of three columns holds a row of its fields.
 */
final class SqlEvents {
  /** The column with the time of the event. Its watermarks are those of the source. */
  static final String TIME = "dateTime";

  /** The column with the planned stamp. Only queries without state hand it on. */
  static final String PLANNED = "planned";

  /** The column with the ingested stamp. */
  static final String INGESTED = "ingested";

  private static final int PERSON = 0;
  private static final int AUCTION = 1;

  private static final int KIND_COLUMN = 0;
  private static final int PERSON_COLUMN = 1;
  private static final int AUCTION_COLUMN = 2;
  private static final int BID_COLUMN = 3;
  private static final int TIME_COLUMN = 4;
  private static final int PLANNED_COLUMN = 5;
  private static final int INGESTED_COLUMN = 6;
  private static final int COLUMNS = 7;

  private static final LogicalType NUMBER = new BigIntType();
  private static final LogicalType TEXT = VarCharType.STRING_TYPE;
  private static final LogicalType MILLIS = new TimestampType(3);
  private static final LogicalType TICKS = new IntType(false);

  /** The views over the table {@code events} from which queries read. */
  static final List<String> VIEWS =
      List.of(
          """
          CREATE TEMPORARY VIEW person AS
          SELECT person.id, person.name, person.emailAddress, person.creditCard, person.city,
            person.state, `dateTime`, person.extra
          FROM events
          WHERE kind = 0
          """,
          """
          CREATE TEMPORARY VIEW auction AS
          SELECT auction.id, auction.itemName, auction.description, auction.initialBid,
            auction.reserve, `dateTime`, auction.expires, auction.seller, auction.category,
            auction.extra
          FROM events
          WHERE kind = 1
          """,
          """
          CREATE TEMPORARY VIEW bid AS
          SELECT bid.auction, bid.bidder, bid.price, bid.channel, bid.url, `dateTime`, bid.extra,
            planned, ingested
          FROM events
          WHERE kind = 2
          """);

  private SqlEvents() {}

  /** What a row has, without the time that all events have. */
  static TypeInformation<RowData> type() {
    List<RowType.RowField> columns = new ArrayList<>();
    columns.add(new RowType.RowField("kind", TICKS));
    columns.add(
        new RowType.RowField(
            "person",
            row("id", NUMBER, "name", TEXT, "emailAddress", TEXT, "creditCard", TEXT)
                .and("city", TEXT, "state", TEXT, "extra", TEXT)
                .done()));
    columns.add(
        new RowType.RowField(
            "auction",
            row("id", NUMBER, "itemName", TEXT, "description", TEXT, "initialBid", NUMBER)
                .and("reserve", NUMBER, "expires", MILLIS, "seller", NUMBER)
                .and("category", NUMBER, "extra", TEXT)
                .done()));
    columns.add(
        new RowType.RowField(
            "bid",
            row("auction", NUMBER, "bidder", NUMBER, "price", NUMBER, "channel", TEXT)
                .and("url", TEXT, "extra", TEXT)
                .done()));
    columns.add(new RowType.RowField(TIME, new TimestampType(false, 3)));
    columns.add(new RowType.RowField(PLANNED, TICKS));
    columns.add(new RowType.RowField(INGESTED, TICKS));
    return InternalTypeInfo.of(new RowType(false, columns));
  }

  /** The table's schema: the columns of the rows, and where watermarks come from. */
  static Schema schema() {
    return Schema.newBuilder().watermark(TIME, "SOURCE_WATERMARK()").build();
  }

  /** Reads the next event of a block, and makes its time later by so much. */
  static RowData read(PackReader from, long shiftMillis) {
    // The table has the event's own time, which is the same in milliseconds.
    from.rawLong();
    GenericRowData event = new GenericRowData(COLUMNS);
    event.setField(PLANNED_COLUMN, from.rawInt());
    event.setField(INGESTED_COLUMN, from.rawInt());
    from.getArray();
    int kind = (int) from.getLong();
    from.getArray();
    event.setField(KIND_COLUMN, kind);
    if (kind == PERSON) {
      readPerson(from, shiftMillis, event);
    } else if (kind == AUCTION) {
      readAuction(from, shiftMillis, event);
    } else {
      readBid(from, shiftMillis, event);
    }
    return event;
  }

  /** When an event happened, in milliseconds. */
  static long millis(RowData event) {
    return event.getTimestamp(TIME_COLUMN, 3).getMillisecond();
  }

  private static void readPerson(PackReader from, long shift, GenericRowData event) {
    long id = from.getLong();
    StringData name = text(from);
    StringData email = text(from);
    StringData card = text(from);
    StringData city = text(from);
    StringData state = text(from);
    event.setField(TIME_COLUMN, time(from, shift));
    event.setField(
        PERSON_COLUMN, GenericRowData.of(id, name, email, card, city, state, text(from)));
  }

  private static void readAuction(PackReader from, long shift, GenericRowData event) {
    long id = from.getLong();
    StringData item = text(from);
    StringData description = text(from);
    long initialBid = from.getLong();
    long reserve = from.getLong();
    event.setField(TIME_COLUMN, time(from, shift));
    TimestampData expires = time(from, 0);
    long seller = from.getLong();
    long category = from.getLong();
    event.setField(
        AUCTION_COLUMN,
        GenericRowData.of(
            id, item, description, initialBid, reserve, expires, seller, category, text(from)));
  }

  private static void readBid(PackReader from, long shift, GenericRowData event) {
    long auction = from.getLong();
    long bidder = from.getLong();
    long price = from.getLong();
    StringData channel = text(from);
    StringData url = text(from);
    event.setField(TIME_COLUMN, time(from, shift));
    event.setField(
        BID_COLUMN, GenericRowData.of(auction, bidder, price, channel, url, text(from)));
  }

  private static StringData text(PackReader from) {
    return StringData.fromBytes(from.getBytes());
  }

  private static TimestampData time(PackReader from, long shift) {
    return TimestampData.fromEpochMillis(from.getLong() + shift);
  }

  private static Fields row(Object... namesAndTypes) {
    return new Fields().and(namesAndTypes);
  }

  /** The fields of a nested row, which is null when the event is of another kind. */
  private static final class Fields {
    private final List<RowType.RowField> fields = new ArrayList<>();

    Fields and(Object... namesAndTypes) {
      for (int at = 0; at < namesAndTypes.length; at += 2) {
        String name = (String) namesAndTypes[at];
        fields.add(new RowType.RowField(name, (LogicalType) namesAndTypes[at + 1]));
      }
      return this;
    }

    RowType done() {
      return new RowType(true, fields);
    }
  }
}
