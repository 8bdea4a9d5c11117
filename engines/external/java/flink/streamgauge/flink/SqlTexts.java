package streamgauge.flink;

/**
 * The queries of Nexmark in the SQL of Flink. The columns of each have the names that the harness
 * expects. Where the published form leaves the order of equal rows open, ours is complete, so that
 * there is one answer.
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
    SqlQuery.add(
        "q0",
        0,
        """
        SELECT auction, bidder, price, `dateTime`, extra, planned, ingested
        FROM bid
        """);

    // Prices in euros.
    SqlQuery.add(
        "q1",
        0,
        """
        SELECT auction, bidder, CAST(0.908 * price AS DECIMAL(23, 3)) AS price, `dateTime`, extra,
          planned, ingested
        FROM bid
        """);

    // Bids for some auctions.
    SqlQuery.add(
        "q2",
        0,
        """
        SELECT auction, price, planned, ingested
        FROM bid
        WHERE MOD(auction, 123) = 0
        """);

    // Calculations.
    SqlQuery.add(
        "q14",
        0,
        """
        SELECT auction, bidder, CAST(0.908 * price AS DECIMAL(23, 3)) AS price,
          CASE
            WHEN HOUR(`dateTime`) BETWEEN 8 AND 18 THEN 'dayTime'
            WHEN HOUR(`dateTime`) <= 6 OR HOUR(`dateTime`) >= 20 THEN 'nightTime'
            ELSE 'otherTime'
          END AS bidTimeType,
          `dateTime`, extra, count_char(extra, 'c') AS c_counts, planned, ingested
        FROM bid
        WHERE 0.908 * price > 1000000 AND 0.908 * price < 50000000
        """);

    // Directories of an address.
    SqlQuery.add(
        "q22",
        0,
        """
        SELECT auction, bidder, price, channel, SPLIT_INDEX(url, '/', 3) AS dir1,
          SPLIT_INDEX(url, '/', 4) AS dir2, SPLIT_INDEX(url, '/', 5) AS dir3, planned, ingested
        FROM bid
        """);
  }

  private static void addJoins() {
    // Who sells in some states.
    SqlQuery.add(
        "q3",
        0,
        """
        SELECT P.name, P.city, P.state, A.id
        FROM auction AS A
        JOIN person AS P ON A.seller = P.id
        WHERE A.category = 10 AND P.state IN ('OR', 'ID', 'CA')
        """);

    // Bids with all there is to know of their auction.
    SqlQuery.add(
        "q20",
        0,
        """
        SELECT B.auction, B.bidder, B.price, B.channel, B.url, B.`dateTime`, B.extra, A.itemName,
          A.description, A.initialBid, A.reserve, A.`dateTime` AS auctionDateTime, A.expires,
          A.seller, A.category, A.extra AS auctionExtra
        FROM bid AS B
        JOIN auction AS A ON B.auction = A.id
        WHERE A.category = 10
        """);
  }

  private static void addWindows() {
    // The auctions with most bids of a window.
    SqlQuery.add(
        "q5",
        0,
        """
        WITH counted AS (
          SELECT auction, COUNT(*) AS num, window_start, window_end
          FROM TABLE(HOP(TABLE bid, DESCRIPTOR(`dateTime`), ${slide}, ${window}))
          GROUP BY auction, window_start, window_end)
        SELECT C.auction, C.num
        FROM counted AS C
        JOIN (
          SELECT MAX(num) AS most, window_start, window_end
          FROM counted
          GROUP BY window_start, window_end) AS M
        ON C.window_start = M.window_start AND C.window_end = M.window_end AND C.num = M.most
        """);

    // The highest bids of a window. What has the time of a window's end is in the next one.
    SqlQuery.add(
        "q7",
        0,
        """
        SELECT B.auction, B.bidder, B.price, B.`dateTime`, B.extra
        FROM (
          SELECT *
          FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(`dateTime`), ${window}))) AS B
        JOIN (
          SELECT MAX(price) AS highest, window_start, window_end
          FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(`dateTime`), ${window}))
          GROUP BY window_start, window_end) AS M
        ON B.price = M.highest
          AND B.window_start = M.window_start AND B.window_end = M.window_end
        """);

    // Persons who open an auction in the window in which they came.
    SqlQuery.add(
        "q8",
        0,
        """
        SELECT P.id, P.name, P.window_start AS starttime
        FROM (
          SELECT id, name, window_start, window_end
          FROM TABLE(TUMBLE(TABLE person, DESCRIPTOR(`dateTime`), ${window}))
          GROUP BY id, name, window_start, window_end) AS P
        JOIN (
          SELECT seller, window_start, window_end
          FROM TABLE(TUMBLE(TABLE auction, DESCRIPTOR(`dateTime`), ${window}))
          GROUP BY seller, window_start, window_end) AS A
        ON P.id = A.seller AND P.window_start = A.window_start AND P.window_end = A.window_end
        """);

    // Bids per session of a bidder.
    SqlQuery.add(
        "q11",
        0,
        """
        SELECT bidder, COUNT(*) AS bid_count, window_start AS starttime, window_end AS endtime
        FROM TABLE(
          SESSION(TABLE bid PARTITION BY bidder, DESCRIPTOR(`dateTime`), ${window}))
        GROUP BY bidder, window_start, window_end
        """);
  }

  private static void addAggregates() {
    // What the auctions of a category fetch on average. An average of whole numbers is cut to one.
    // A category of one auction goes and comes back when its price changes: rows are taken out.
    SqlQuery.add(
        "q4",
        0,
        """
        SELECT category, AVG(highest) AS `final`
        FROM (
          SELECT A.id, A.category, MAX(B.price) AS highest
          FROM auction AS A
          JOIN bid AS B ON A.id = B.auction AND B.`dateTime` BETWEEN A.`dateTime` AND A.expires
          GROUP BY A.id, A.category)
        GROUP BY category
        """);

    // Bids, bidders and auctions of each day, by rank.
    SqlQuery.add("q15", 1, byRank("DATE_FORMAT(`dateTime`, 'yyyy-MM-dd') AS `day`", "", "`day`"));

    // The same of each channel and day, with the latest minute.
    SqlQuery.add(
        "q16",
        2,
        byRank(
            "channel, DATE_FORMAT(`dateTime`, 'yyyy-MM-dd') AS `day`, "
                + "DATE_FORMAT(`dateTime`, 'HH:mm') AS clock",
            "MAX(clock) AS `minute`,",
            "channel, `day`"));

    // Bids of each auction and day.
    SqlQuery.add(
        "q17",
        2,
        """
        SELECT auction, `day`, COUNT(*) AS total_bids,
          COUNT(*) FILTER (WHERE price < 10000) AS rank1_bids,
          COUNT(*) FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_bids,
          COUNT(*) FILTER (WHERE price >= 1000000) AS rank3_bids,
          MIN(price) AS min_price, MAX(price) AS max_price, AVG(price) AS avg_price,
          SUM(price) AS sum_price
        FROM (SELECT auction, price, DATE_FORMAT(`dateTime`, 'yyyy-MM-dd') AS `day` FROM bid)
        GROUP BY auction, `day`
        """);
  }

  private static void addTops() {
    // The winning bid of every auction.
    SqlQuery.add(
        "q9",
        1,
        """
        SELECT id, itemName, description, initialBid, reserve, `dateTime`, expires, seller,
          category, extra, auction, bidder, price, bidDateTime, bidExtra
        FROM (
          SELECT A.*, B.auction, B.bidder, B.price, B.`dateTime` AS bidDateTime,
            B.extra AS bidExtra,
            ROW_NUMBER() OVER (
              PARTITION BY A.id
              ORDER BY B.price DESC, B.`dateTime`, A.itemName, A.description, A.initialBid,
                A.reserve, A.`dateTime`, A.expires, A.seller, A.category, A.extra, B.bidder,
                B.extra) AS place
          FROM auction AS A
          JOIN bid AS B ON A.id = B.auction AND B.`dateTime` BETWEEN A.`dateTime` AND A.expires)
        WHERE place <= 1
        """);

    // The last bid of every bidder for every auction.
    SqlQuery.add(
        "q18",
        2,
        """
        SELECT auction, bidder, price, channel, url, `dateTime`, extra
        FROM (
          SELECT *,
            ROW_NUMBER() OVER (
              PARTITION BY bidder, auction
              ORDER BY `dateTime` DESC, price DESC, channel DESC, url DESC, extra DESC) AS place
          FROM bid)
        WHERE place <= 1
        """);

    // The ten highest bids of every auction.
    SqlQuery.add(
        "q19",
        0,
        """
        SELECT auction, bidder, price, channel, url, `dateTime`, extra, rank_number
        FROM (
          SELECT *,
            ROW_NUMBER() OVER (
              PARTITION BY auction
              ORDER BY price DESC, bidder, channel, url, `dateTime`, extra) AS rank_number
          FROM bid)
        WHERE rank_number <= 10
        """);
  }

  /** Counts bids, and different bidders and auctions, of each rank of price. */
  private static String byRank(String columns, String latest, String groups) {
    return """
    SELECT ${groups}, ${latest} COUNT(*) AS total_bids,
      COUNT(*) FILTER (WHERE price < 10000) AS rank1_bids,
      COUNT(*) FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_bids,
      COUNT(*) FILTER (WHERE price >= 1000000) AS rank3_bids,
      COUNT(DISTINCT bidder) AS total_bidders,
      COUNT(DISTINCT bidder) FILTER (WHERE price < 10000) AS rank1_bidders,
      COUNT(DISTINCT bidder) FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_bidders,
      COUNT(DISTINCT bidder) FILTER (WHERE price >= 1000000) AS rank3_bidders,
      COUNT(DISTINCT auction) AS total_auctions,
      COUNT(DISTINCT auction) FILTER (WHERE price < 10000) AS rank1_auctions,
      COUNT(DISTINCT auction) FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_auctions,
      COUNT(DISTINCT auction) FILTER (WHERE price >= 1000000) AS rank3_auctions
    FROM (SELECT bidder, auction, price, ${columns} FROM bid)
    GROUP BY ${groups}
    """
        .replace("${columns}", columns)
        .replace("${latest}", latest)
        .replace("${groups}", groups);
  }
}
