import { createHash } from 'node:crypto'

/** What a query came to: how many rows, and all of them in one hash. */
export interface Outcome {
  readonly rows: number
  readonly md5: string
}

/**
 * Rows as text, columns joined by `|`, in any order. The hash is the MD5 of the rows sorted by their bytes and joined by
 * newlines.
 */
export function fingerprint(rows: readonly string[]): Outcome {
  const sorted = rows.map((row) => Buffer.from(row)).sort(Buffer.compare)
  const hash = createHash('md5')
  for (const [i, row] of sorted.entries()) {
    if (i > 0) hash.update('\n')
    hash.update(row)
  }
  return { rows: rows.length, md5: hash.digest('hex') }
}
