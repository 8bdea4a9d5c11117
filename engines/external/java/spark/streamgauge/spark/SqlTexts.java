package streamgauge.spark;

/**
 * The queries of Nexmark in the SQL of Spark. The columns of each have the names that the harness
 * expects. Where Structured Streaming does not run the published form, there is another one here
 * with the same result, and a comment that says so.
 */
final class SqlTexts {
  private SqlTexts() {}

  /** Adds all queries. */
  static void addAll() {
    addStateless();
    addJoins();
    addWindows();
    addAggregates();
    addTops();
  }

  private static void addStateless() {
    // Bids as they are.
    SqlQuery.appends(
        "q0",
        """
        SELECT auction, bidder, price, dateTime, extra, stamps
        FROM bid
        """);

    // Prices in euros.
    SqlQuery.appends(
        "q1",
        """
        SELECT auction, bidder, CAST(0.908 * price AS DECIMAL(23, 3)) AS price, dateTime, extra,
          stamps
        FROM bid
        """);

    // Bids for some auctions.
    SqlQuery.appends(
        "q2",
        """
        SELECT auction, price, stamps
        FROM bid
        WHERE auction % 123 = 0
        """);

    // Calculations.
    SqlQuery.appends(
        "q14",
        """
        SELECT auction, bidder, CAST(0.908 * price AS DECIMAL(23, 3)) AS price,
          CASE
            WHEN hour(dateTime) BETWEEN 8 AND 18 THEN 'dayTime'
            WHEN hour(dateTime) <= 6 OR hour(dateTime) >= 20 THEN 'nightTime'
            ELSE 'otherTime'
          END AS bidTimeType,
          dateTime, extra, count_char(extra, 'c') AS c_counts, stamps
        FROM bid
        WHERE 0.908 * price > 1000000 AND 0.908 * price < 50000000
        """);

    // Directories of an address.
    SqlQuery.appends(
        "q22",
        """
        SELECT auction, bidder, price, channel, get(parts, 3) AS dir1, get(parts, 4) AS dir2,
          get(parts, 5) AS dir3, stamps
        FROM (SELECT *, split(url, '/') AS parts FROM bid)
        """);
  }

  private static void addJoins() {
    // Who sells in some states.
    SqlQuery.appends(
        "q3",
        """
        SELECT P.name, P.city, P.state, A.id
        FROM auction AS A
        JOIN person AS P ON A.seller = P.id
        WHERE A.category = 10 AND P.state IN ('OR', 'ID', 'CA')
        """);

    // Bids with all there is to know of their auction.
    SqlQuery.appends(
        "q20",
        """
        SELECT B.auction, B.bidder, B.price, B.channel, B.url, B.dateTime, B.extra, A.itemName,
          A.description, A.initialBid, A.reserve, A.dateTime AS auctionDateTime, A.expires,
          A.seller, A.category, A.extra AS auctionExtra
        FROM bid AS B
        JOIN auction AS A ON B.auction = A.id
        WHERE A.category = 10
        """);
  }

  private static void addWindows() {
    // The auctions with most bids of a window. It is equivalent to collect the counts of a window
    // and to keep the largest, without a join.
    SqlQuery.appends(
        "q5",
        """
        SELECT hottest.auction, hottest.num
        FROM (
          SELECT explode(filter(counts, it -> it.num = most)) AS hottest
          FROM (
            SELECT MAX(num) AS most, collect_list(struct(auction, num)) AS counts
            FROM (
              SELECT window(dateTime, ${window}, ${slide}) AS hop, auction, COUNT(*) AS num
              FROM bid
              GROUP BY window(dateTime, ${window}, ${slide}), auction)
            GROUP BY hop))
        """);

    // The highest bids of a window, joined on the window, which Spark knows how to close. A stream
    // has one column with a watermark, the window here, so the bid's time is computed from itself.
    SqlQuery.appends(
        "q7",
        """
        SELECT B.auction, B.bidder, B.price, B.dateTime, B.extra
        FROM (
          SELECT auction, bidder, price, timestamp_millis(unix_millis(dateTime)) AS dateTime,
            extra, window(dateTime, ${window}) AS tumble
          FROM bid) AS B
        JOIN (
          SELECT window(dateTime, ${window}) AS tumble, MAX(price) AS highest
          FROM bid
          GROUP BY window(dateTime, ${window})) AS M
        ON B.tumble = M.tumble AND B.price = M.highest
        """);

    // Persons who open an auction in the window in which they came.
    SqlQuery.appends(
        "q8",
        """
        SELECT P.id, P.name, P.tumble.start AS starttime
        FROM (
          SELECT window(dateTime, ${window}) AS tumble, id, name
          FROM person
          GROUP BY window(dateTime, ${window}), id, name) AS P
        JOIN (
          SELECT window(dateTime, ${window}) AS tumble, seller
          FROM auction
          GROUP BY window(dateTime, ${window}), seller) AS A
        ON P.id = A.seller AND P.tumble = A.tumble
        """);

    // Bids per session of a bidder.
    SqlQuery.appends(
        "q11",
        """
        SELECT bidder, bid_count, session.start AS starttime, session.end AS endtime
        FROM (
          SELECT bidder, session_window(dateTime, ${window}) AS session, COUNT(*) AS bid_count
          FROM bid
          GROUP BY bidder, session_window(dateTime, ${window}))
        """);
  }

  private static void addAggregates() {
    // Bids, bidders and auctions of each day, by rank.
    SqlQuery.updates("q15", 1, byRank("date_format(dateTime, 'yyyy-MM-dd') AS day", "", "day"));

    // The same of each channel and day, with the latest minute.
    SqlQuery.updates(
        "q16",
        2,
        byRank(
            "channel, date_format(dateTime, 'yyyy-MM-dd') AS day, "
                + "date_format(dateTime, 'HH:mm') AS clock",
            "MAX(clock) AS minute,",
            "channel, day"));

    // Bids of each auction and day.
    SqlQuery.updates(
        "q17",
        2,
        """
        SELECT auction, day, COUNT(*) AS total_bids,
          COUNT(*) FILTER (WHERE price < 10000) AS rank1_bids,
          COUNT(*) FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_bids,
          COUNT(*) FILTER (WHERE price >= 1000000) AS rank3_bids,
          MIN(price) AS min_price, MAX(price) AS max_price,
          SUM(price) DIV COUNT(*) AS avg_price, SUM(price) AS sum_price
        FROM (SELECT auction, price, date_format(dateTime, 'yyyy-MM-dd') AS day FROM bid)
        GROUP BY auction, day
        """);
  }

  /**
   * Counts bids, and different bidders and auctions, of each rank of price. There is no
   * COUNT(DISTINCT) over streams, and the size of a set is equivalent.
   */
  private static String byRank(String columns, String latest, String groups) {
    return """
    SELECT ${groups}, ${latest} COUNT(*) AS total_bids,
      COUNT(*) FILTER (WHERE price < 10000) AS rank1_bids,
      COUNT(*) FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_bids,
      COUNT(*) FILTER (WHERE price >= 1000000) AS rank3_bids,
      size(collect_set(bidder)) AS total_bidders,
      size(collect_set(bidder) FILTER (WHERE price < 10000)) AS rank1_bidders,
      size(collect_set(bidder) FILTER (WHERE price >= 10000 AND price < 1000000))
        AS rank2_bidders,
      size(collect_set(bidder) FILTER (WHERE price >= 1000000)) AS rank3_bidders,
      size(collect_set(auction)) AS total_auctions,
      size(collect_set(auction) FILTER (WHERE price < 10000)) AS rank1_auctions,
      size(collect_set(auction) FILTER (WHERE price >= 10000 AND price < 1000000))
        AS rank2_auctions,
      size(collect_set(auction) FILTER (WHERE price >= 1000000)) AS rank3_auctions
    FROM (SELECT bidder, auction, price, ${columns} FROM bid)
    GROUP BY ${groups}
    """
        .replace("${columns}", columns)
        .replace("${latest}", latest)
        .replace("${groups}", groups);
  }

  private static void addTops() {
    // The winning bid of every auction. A join cannot be followed by an aggregate without windows,
    // nor can rows be numbered. It is equivalent to collect the auctions and the bids of an id in
    // one aggregate, and to join them there. Ids come twice in events from outside only.
    SqlQuery.updates(
        "q9",
        1,
        """
        SELECT id, won.sold.itemName, won.sold.description, won.sold.initialBid,
          won.sold.reserve, won.sold.dateTime, won.sold.expires, won.sold.seller,
          won.sold.category, won.sold.extra, id AS auction, won.bidder, -won.lowered AS price,
          won.bidDateTime, won.bidExtra
        FROM (
          SELECT id,
            array_min(flatten(transform(auctions, sold ->
              transform(
                filter(bids, it -> it.dateTime BETWEEN sold.dateTime AND sold.expires),
                it -> struct(-it.price AS lowered, it.dateTime AS bidDateTime, sold, it.bidder,
                  it.extra AS bidExtra))))) AS won
          FROM (
            SELECT COALESCE(auction.id, bid.auction) AS id,
              collect_list(struct(auction.itemName, auction.description, auction.initialBid,
                auction.reserve, event_time AS dateTime, auction.expires, auction.seller,
                auction.category, auction.extra)) FILTER (WHERE kind = 1) AS auctions,
              collect_list(struct(bid.price, event_time AS dateTime, bid.bidder, bid.extra))
                FILTER (WHERE kind = 2) AS bids
            FROM events
            WHERE kind IN (1, 2)
            GROUP BY COALESCE(auction.id, bid.auction)))
        WHERE won IS NOT NULL
        """);

    // The last bid of every bidder for every auction. Rows cannot be numbered over streams. It is
    // equivalent to take the largest row, as ties are broken by the columns from the left.
    SqlQuery.updates(
        "q18",
        2,
        """
        SELECT auction, bidder, newest.price, newest.channel, newest.url, newest.dateTime,
          newest.extra
        FROM (
          SELECT auction, bidder, MAX(struct(dateTime, price, channel, url, extra)) AS newest
          FROM bid
          GROUP BY auction, bidder)
        """);

    // The ten highest bids of every auction. Rows cannot be numbered over streams. It is equivalent
    // to keep the ten best as an array: its places are the ranks.
    SqlQuery.updates(
        "q19",
        2,
        """
        SELECT auction, place + 1 AS rank_number, it.bidder, -it.lowered AS price, it.channel,
          it.url, it.dateTime, it.extra
        FROM (
          SELECT auction, posexplode(best) AS (place, it)
          FROM (
            SELECT auction, min_by(it, it, 10) AS best
            FROM (
              SELECT auction,
                struct(-price AS lowered, bidder, channel, url, dateTime, extra) AS it
              FROM bid)
            GROUP BY auction))
        """);
  }
}
