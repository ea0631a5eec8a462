import { readFileSync } from 'node:fs'
import { DuckDBInstance } from '@duckdb/node-api'
import { fingerprint, type Outcome } from './outcome.ts'
import { patternStatements } from './pattern-sql.ts'
import { isPacked } from './recording.ts'

/**
 * The results of the queries by DuckDB, an engine independent of this one, on a file of recorded events (JSON lines,
 * packed by gzip or not): what the programs' results are compared with. Queries whose results differ from run to run are left out.
 *
 * @param names - default: all
 */
export async function resultsBySql(
  file: string,
  names: readonly string[] = Object.keys(statements),
): Promise<Map<string, Outcome>> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  try {
    const compression = isPacked(readFileSync(file)) ? 'gzip' : 'uncompressed'
    await connection.run(
      `CREATE TABLE event AS FROM read_json($file, ${format}, compression = '${compression}')`,
      { file },
    )
    await connection.run(views)
    const results = new Map<string, Outcome>()
    for (const [name, sql] of Object.entries(statements)) {
      if (!names.includes(name)) continue
      const reader = await connection.runAndReadAll(sql)
      results.set(name, fingerprint(reader.getRows().map((row) => row.join('|'))))
    }
    return results
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

const format = `format = 'newline_delimited', columns = {
  Person: 'STRUCT(id BIGINT, "name" VARCHAR, city VARCHAR, state VARCHAR, date_time BIGINT)',
  Auction: 'STRUCT(id BIGINT, date_time BIGINT, expires BIGINT, seller BIGINT, category BIGINT)',
  Bid: 'STRUCT(auction BIGINT, bidder BIGINT, price BIGINT, channel VARCHAR, url VARCHAR,
    date_time BIGINT, extra VARCHAR)'
}`

const views = `
  CREATE VIEW person AS SELECT unnest(Person) FROM event WHERE Person IS NOT NULL;
  CREATE VIEW auction AS SELECT unnest(Auction) FROM event WHERE Auction IS NOT NULL;
  CREATE VIEW bid AS SELECT unnest(Bid) FROM event WHERE Bid IS NOT NULL;
  CREATE VIEW valid AS SELECT a.id, a.category, b.* FROM auction a JOIN bid b ON a.id = b.auction
    WHERE b.date_time BETWEEN a.date_time AND a.expires;
`

const day = `strftime(make_timestamp(date_time * 1000), '%Y-%m-%d')`

/** One count of all, and one for each rank of prices. */
const ranks = (count: string): string =>
  `${count}, ${count} FILTER (price < 10000), ` +
  `${count} FILTER (price >= 10000 AND price < 1000000), ${count} FILTER (price >= 1000000)`

const counts = ['count(*)', 'count(DISTINCT bidder)', 'count(DISTINCT auction)']
  .map(ranks)
  .join(', ')

/** Times are whole milliseconds; prices in another currency are thousandths, which are whole. */
const statements: Readonly<Record<string, string>> = {
  q0: 'SELECT auction, bidder, price, date_time, extra FROM bid',
  q1: 'SELECT auction, bidder, price * 908, date_time, extra FROM bid',
  q2: 'SELECT auction, price FROM bid WHERE auction % 123 = 0',
  q3: `SELECT p.name, p.city, p.state, a.id FROM auction a JOIN person p ON a.seller = p.id
    WHERE a.category = 10 AND p.state IN ('or', 'id', 'ca')`,
  q4: `SELECT category, sum(price) // count(*) FROM
    (SELECT id, category, max(price) AS price FROM valid GROUP BY id, category) GROUP BY category`,
  q5: `WITH counted AS (
      SELECT start, auction, count(*) AS bids
      FROM bid, range(date_time // 2000 * 2000 - 8000, date_time + 1, 2000) AS hop(start)
      GROUP BY start, auction)
    SELECT * FROM counted QUALIFY bids = max(bids) OVER (PARTITION BY start)`,
  q7: `WITH highest AS (
      SELECT date_time // 10000 * 10000 + 10000 AS stop, max(price) AS price FROM bid GROUP BY stop)
    SELECT auction, price, bidder, date_time
    FROM bid JOIN highest USING (price) WHERE date_time BETWEEN stop - 10000 AND stop`,
  q8: `SELECT DISTINCT p.id, p.name, p.date_time // 10000 * 10000 FROM person p JOIN auction a
    ON p.id = a.seller AND p.date_time // 10000 = a.date_time // 10000`,
  q9: `SELECT id, auction, bidder, price, date_time FROM valid
    QUALIFY row_number() OVER (PARTITION BY id ORDER BY price DESC, date_time) = 1`,
  q11: `WITH gaps AS (
      SELECT *, coalesce(date_time - lag(date_time) OVER w > 10000, true) AS first
      FROM bid WINDOW w AS (PARTITION BY bidder ORDER BY date_time)),
    sessions AS (
      SELECT *, count(*) FILTER (first) OVER (
        PARTITION BY bidder ORDER BY date_time ROWS UNBOUNDED PRECEDING) AS session FROM gaps)
    SELECT bidder, count(*), min(date_time), max(date_time) + 10000
    FROM sessions GROUP BY bidder, session`,
  q14: `SELECT auction, bidder, price * 908,
      CASE WHEN hour BETWEEN 8 AND 18 THEN 'dayTime' WHEN hour <= 6 OR hour >= 20 THEN 'nightTime'
        ELSE 'otherTime' END,
      date_time, length(extra) - length(replace(extra, 'c', ''))
    FROM (SELECT *, date_time // 3600000 % 24 AS hour FROM bid)
    WHERE price * 0.908 > 1000000 AND price * 0.908 < 50000000`,
  q15: `SELECT ${day}, ${counts} FROM bid GROUP BY ${day}`,
  q16: `SELECT channel, ${day}, strftime(make_timestamp(max(date_time) * 1000), '%H:%M'), ${counts}
    FROM bid GROUP BY channel, ${day}`,
  q17: `SELECT auction, ${day}, ${ranks('count(*)')},
      min(price), max(price), sum(price) // count(*), sum(price) FROM bid GROUP BY auction, ${day}`,
  q18: 'SELECT bidder, auction, max(date_time) FROM bid GROUP BY bidder, auction',
  q19: `SELECT auction, price, row_number() OVER (PARTITION BY auction ORDER BY price DESC) AS rank
    FROM bid QUALIFY rank <= 10`,
  q20: `SELECT b.auction, b.bidder, b.price, b.channel, b.date_time, a.seller, a.category, a.expires
    FROM bid b JOIN auction a ON b.auction = a.id WHERE a.category = 10`,
  q21: `SELECT auction, bidder, price, channel, channel_id FROM (
      SELECT *, CASE lower(channel)
        WHEN 'apple' THEN '0' WHEN 'google' THEN '1' WHEN 'facebook' THEN '2' WHEN 'baidu' THEN '3'
        ELSE nullif(regexp_extract(url, '(&|^)channel_id=([^&]*)', 2), '') END AS channel_id
      FROM bid)
    WHERE channel_id IS NOT NULL`,
  q22: `SELECT auction, bidder, price, channel,
      split_part(url, '/', 4), split_part(url, '/', 5), split_part(url, '/', 6) FROM bid`,
  q23: `SELECT b.bidder, b.price, p.id, a.id
    FROM bid b JOIN person p ON b.bidder = p.id JOIN auction a ON a.seller = b.bidder`,
  ...patternStatements,
}
