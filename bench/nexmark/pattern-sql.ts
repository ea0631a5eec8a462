/**
 * The queries by `MATCH_RECOGNIZE` in SQL that knows no patterns: by what holds of whole matches. Bids of the same
 * millisecond stand in the order of the file.
 */

/** The bids of each bidder, numbered from 1. */
const offers = `offer AS (
  SELECT bidder, price, date_time,
    row_number() OVER (PARTITION BY bidder ORDER BY date_time, position) AS n
  FROM (SELECT rowid AS position, unnest(Bid) FROM event WHERE Bid IS NOT NULL))`

/**
 * `found` has all matches, by the numbers of their first and last offers: of each bidder the first one, then the
 * first one behind that, and so on.
 */
const skipPastLastRow = `linked AS (
    SELECT found.*, behind.first AS next
    FROM found ASOF LEFT JOIN (SELECT bidder, first FROM found) AS behind
      ON found.bidder = behind.bidder AND found.last < behind.first),
  chosen AS (
    FROM linked SEMI JOIN (SELECT bidder, min(first) AS first FROM found GROUP BY bidder)
      USING (bidder, first)
    UNION ALL
    SELECT linked.* FROM chosen JOIN linked
      ON linked.bidder = chosen.bidder AND linked.first = chosen.next)`

/** From each offer on as long as the average stays below the limit, up to the offer with which it no longer does. */
const cheap = `summed AS (
    SELECT *, sum(price - 10000) OVER (
      PARTITION BY bidder ORDER BY n ROWS UNBOUNDED PRECEDING) AS excess FROM offer),
  bounded AS (
    SELECT a.bidder, a.n AS first, min(b.n) AS last
    FROM summed a JOIN summed b ON a.bidder = b.bidder AND a.n <= b.n
      AND b.excess - a.excess + a.price - 10000 >= 0
    GROUP BY a.bidder, a.n),
  found AS (
    SELECT bidder, first, last,
      min(date_time) AS start, max(date_time) AS stop, sum(price)::BIGINT // count(*) AS average
    FROM bounded JOIN offer USING (bidder) WHERE n >= first AND n < last GROUP BY ALL)`

/** From each offer on to the first one that is lower by 50 or more. */
const drops = `bounded AS (
    SELECT a.bidder, a.n AS first, a.price, a.date_time, min(b.n) AS last
    FROM offer a JOIN offer b ON a.bidder = b.bidder AND a.n < b.n AND b.price <= a.price - 50
    GROUP BY ALL),
  found AS (
    SELECT bidder, first, last, b.date_time, a.price - b.price AS fall
    FROM bounded a JOIN offer b USING (bidder)
    WHERE b.n = last AND a.price - b.price > 50 AND b.date_time < a.date_time + 5000)`

export const patternStatements: Readonly<Record<string, string>> = {
  // Of each falling run of three or more the last: what comes behind it must be higher than the last but one.
  cep0: `WITH ${offers},
    steps AS (
      SELECT *, coalesce(price < lag(price) OVER w, false) AS down,
        lag(price) OVER w AS before, lead(price) OVER w AS up, lead(date_time) OVER w AS stop
      FROM offer WINDOW w AS (PARTITION BY bidder ORDER BY n)),
    runs AS (
      SELECT *, count(*) FILTER (NOT down) OVER (
        PARTITION BY bidder ORDER BY n ROWS UNBOUNDED PRECEDING) AS run FROM steps),
    falls AS (
      SELECT *, first_value(date_time) OVER w AS start, row_number() OVER w AS length
      FROM runs WINDOW w AS (PARTITION BY bidder, run ORDER BY n))
    SELECT bidder, start, date_time, stop FROM falls WHERE length >= 3 AND up > before`,
  cep1: `WITH RECURSIVE ${offers}, ${cheap}, ${skipPastLastRow}
    SELECT bidder, start, stop, average FROM chosen`,
  cep2: `WITH ${offers}, ${cheap} SELECT bidder, start, stop, average FROM found`,
  cep3: `WITH RECURSIVE ${offers}, ${drops}, ${skipPastLastRow}
    SELECT bidder, date_time, fall FROM chosen`,
}
