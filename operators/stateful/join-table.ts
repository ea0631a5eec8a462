import { keptRecord } from '../final/accumulator.ts'

/** Which values of a side stay: the first, the last, or all of them. */
export type JoinInsertMode = 'first' | 'last' | 'product'

/** When rows are emitted: once every side has a value, at the end (of input, or of the window), or after every record. */
export type JoinEmitMode = 'complete' | 'final' | 'running'

/** A row: a value of each side, in their order; null where there is none. */
export type Row = unknown[]

/** What is kept per key, in one of two forms: the row itself, or all values by side. */
export interface JoinTable<S = any> {
  /** How the operator emits what `rows` and `copies` give: as a row, or as an array of them. */
  readonly shape: 'map' | 'flatMap'
  /** With the first value of a key. */
  begin(sides: number, side: number, value: unknown): S
  insert(state: S, side: number, value: unknown): void
  isComplete(state: S): boolean
  /** Its rows, when it is forgotten with them. */
  rows(state: S): Row | readonly Row[]
  /** Its rows as copies: their consumers may change them, and the state stays. */
  copies(state: S): Row | readonly Row[]
}

/** One value a side. */
class OneRow implements JoinTable<Row> {
  readonly shape = 'map'
  readonly #keepsFirst: boolean

  constructor(keepsFirst: boolean) {
    this.#keepsFirst = keepsFirst
  }

  begin(sides: number, side: number, value: unknown): Row {
    const row: Row = []
    for (let i = 0; i < sides; i++) row.push(i === side ? value : null)
    return row
  }

  insert(row: Row, side: number, value: unknown): void {
    if (!this.#keepsFirst || row[side] === null) row[side] = value
  }

  isComplete(row: Row): boolean {
    for (let i = 0; i < row.length; i++) if (row[i] === null) return false
    return true
  }

  rows(row: Row): Row {
    return row
  }

  copies(row: Row): Row {
    return row.map(keptRecord)
  }
}

/** All values of each side. */
class AllValues implements JoinTable<unknown[][]> {
  readonly shape = 'flatMap'

  begin(sides: number, side: number, value: unknown): unknown[][] {
    return Array.from({ length: sides }, (_, i) => (i === side ? [value] : []))
  }

  insert(sides: unknown[][], side: number, value: unknown): void {
    sides[side].push(value)
  }

  isComplete(sides: unknown[][]): boolean {
    return sides.every((values) => values.length > 0)
  }

  /** A value may stand in several rows, and every row is a record of its own. */
  rows(sides: unknown[][]): readonly Row[] {
    return this.copies(sides)
  }

  /** The first side varies slowest; one without values stands in each row as null. */
  copies(sides: unknown[][]): readonly Row[] {
    let rows: Row[] = [[]]
    for (const values of sides) {
      const choices = values.length === 0 ? [null] : values
      rows = rows.flatMap((row) => choices.map((value) => [...row, value]))
    }
    return rows.map((row) => row.map(keptRecord))
  }
}

/** The table of an insert mode. */
export function joinTable(insertMode: JoinInsertMode): JoinTable {
  return insertMode === 'product' ? new AllValues() : new OneRow(insertMode === 'first')
}
