import { DuckDBInstance } from '@duckdb/node-api'
import type { Airport } from './flights-job.ts'

/** The same table by DuckDB: what the job's result is compared with. */
export async function airportsBySql(file: string, threads?: number): Promise<Airport[]> {
  const instance = await DuckDBInstance.create(':memory:', threads ? { threads: `${threads}` } : {})
  const connection = await instance.connect()
  try {
    const reader = await connection.runAndReadAll(query, { file })
    return reader.getRows().map(([code, flights, meanDelay, late, worstDay]) => ({
      code: code as string,
      flights: Number(flights),
      meanDelay: meanDelay as number,
      late: late as number,
      worstDay: worstDay as string | null,
    }))
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

const query = `
  WITH flights AS (FROM read_parquet($file)),
  days AS (
    SELECT origin, date::DATE AS day, sum(delay)::DOUBLE / count(*) AS mean
    FROM flights GROUP BY ALL HAVING count(*) >= 10
  ),
  worst AS (
    SELECT origin, day FROM days
    QUALIFY row_number() OVER (PARTITION BY origin ORDER BY mean DESC, day) = 1
  )
  SELECT origin, count(*), sum(delay)::DOUBLE / count(*),
    100.0::DOUBLE * count(*) FILTER (delay > 15) / count(*),
    strftime(any_value(worst.day), '%Y-%m-%d')
  FROM flights LEFT JOIN worst USING (origin)
  GROUP BY origin ORDER BY origin`
