import type { Row } from './record-rows.ts'
import type { SqlValue } from './sql-database.ts'
import { bytesOf } from './sql-value.ts'

/** Rows of the same columns, in the order in which they are to be written. */
export interface RowBatch {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly SqlValue[])[]
}

interface Gathered {
  readonly columns: readonly string[]
  /** By key; of rows without one, by their number. */
  readonly rows: Map<string | number, readonly SqlValue[]>
  /** Where the key's values stand in a row. */
  readonly key: readonly number[]
}

/** Rows that wait. Of those with one key, the last takes the place of all. */
export class RowBuffer {
  /** About how much memory they take. */
  bytes = 0
  readonly #key: readonly string[]
  #batches: Gathered[] = []
  #count = 0

  constructor(key: readonly string[] = []) {
    this.#key = key
  }

  get empty(): boolean {
    return this.#batches.length === 0
  }

  add({ columns, values }: Row): void {
    const last = this.#batches.at(-1)
    const batch = last?.columns === columns ? last : this.#begin(columns)
    const key = keyOf(batch, values) ?? this.#count++
    const before = batch.rows.get(key)
    if (before !== undefined) {
      this.bytes -= sizeOf(before)
      // What comes last is written last.
      batch.rows.delete(key)
    }
    batch.rows.set(key, values)
    this.bytes += sizeOf(values)
  }

  /** All of them; none is left. */
  take(): RowBatch[] {
    const batches = this.#batches.map(({ columns, rows }) => ({
      columns,
      rows: [...rows.values()],
    }))
    this.#batches = []
    this.bytes = 0
    return batches
  }

  #begin(columns: readonly string[]): Gathered {
    const key = this.#key.map((name) => columns.indexOf(name))
    const batch = { columns, rows: new Map(), key }
    this.#batches.push(batch)
    return batch
  }
}

/** Undefined: it has none, or one that is null, which equals no other. */
function keyOf({ key }: Gathered, values: readonly SqlValue[]): string | undefined {
  if (key.length === 0) return undefined
  let text = ''
  for (const at of key) {
    const value = values[at]
    if (value === null) return undefined
    const part = value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value)
    text += `${part.length}:${part}`
  }
  return text
}

function sizeOf(values: readonly SqlValue[]): number {
  let bytes = 64
  for (const value of values) bytes += bytesOf(value)
  return bytes
}
