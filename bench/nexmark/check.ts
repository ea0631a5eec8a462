import type { Outcome } from './outcome.ts'
import type { Recording } from './recording.ts'
import { REFERENCE, REFERENCE_SHA256 } from './reference.ts'
import type { QueryResult } from './run.ts'
import { resultsBySql } from './sql.ts'

/** What each query should come to: by DuckDB, or by the table of the reference recording, which must agree. */
export async function expectedResults(
  file: string,
  { sha256 }: Recording,
  names: readonly string[],
): Promise<ReadonlyMap<string, Outcome>> {
  const results = await resultsBySql(file, names)
  if (sha256 !== REFERENCE_SHA256) return results
  for (const [name, { rows, md5 }] of Object.entries(REFERENCE)) {
    const found = results.get(name)
    if (found === undefined || found.md5 === md5) continue
    throw new Error(
      `${name}: the reference has ${rows} rows, ${md5}; DuckDB finds ${found.rows}, ${found.md5}`,
    )
  }
  return results
}

/**
 * What is wrong with a query's result; undefined where nothing is.
 *
 * @param bids - how many there are in the recording: what a query without a hash must come to
 */
export function wrongIn(
  result: QueryResult,
  expected: Outcome | undefined,
  bids: number,
): string | undefined {
  if (result.md5 === null) {
    return result.total === bids ? undefined : `total ${result.total}, expected ${bids}`
  }
  if (expected === undefined) return 'nothing to compare it with'
  if (result.rows !== expected.rows) return `${result.rows} rows, expected ${expected.rows}`
  return result.md5 === expected.md5 ? undefined : `md5 ${result.md5}, expected ${expected.md5}`
}
