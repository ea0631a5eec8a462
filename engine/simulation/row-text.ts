import type { Row } from './ledger.ts'

/** Formats of files that rows are written in. */
export type RowFormat = 'lines' | 'json' | 'csv'

/** A row as a record of such a file. */
export function recordOf({ what, lane = '', index }: Row, format: RowFormat): unknown {
  const cells = [what, lane, index ?? '']
  if (format === 'json') return { what, lane, index }
  return format === 'csv' ? cells : cells.join('\t')
}

/** The lane that the row of a record is in; empty: none. */
export function laneOf(record: unknown): string {
  if (Array.isArray(record)) return record[1]
  return typeof record === 'string' ? record.split('\t')[1] : (record as Row).lane!
}

/** The rows of a file; undefined where it is not whole. */
export function rowsIn(text: string, format: RowFormat): Row[] | undefined {
  const lines = text.split('\n')
  if (lines.pop() !== '') return undefined
  const rows = lines.map((line) => rowOf(line, format))
  return rows.includes(undefined) ? undefined : (rows as Row[])
}

function rowOf(line: string, format: RowFormat): Row | undefined {
  const cells = format === 'json' ? jsonCells(line) : line.split(format === 'csv' ? ',' : '\t')
  if (cells.length !== 3) return undefined
  const [what, lane, index] = cells.map(String)
  return lane === '' ? { what } : { what, lane, index: Number(index) }
}

function jsonCells(line: string): unknown[] {
  try {
    const { what, lane, index } = JSON.parse(line) as Row
    return [what, lane, index]
  } catch {
    return []
  }
}
