import { keptRecord } from '../final/accumulator.ts'
import type { JoinEmitMode, JoinInsertMode } from '../stateful/join-table.ts'
import type { WindowLogic } from './window-logic.ts'

/** The values of a window, by side. */
type Sides = unknown[][]

const insert: Readonly<Record<JoinInsertMode, (values: unknown[], value: unknown) => void>> = {
  first(values, value) {
    if (values.length === 0) values.push(value)
  },
  last(values, value) {
    values[0] = value
  },
  product: (values, value) => void values.push(value),
}

/**
 * Rows of a value of each side, null for a side that has none: all combinations, in which the first side varies slowest.
 * Of merged sessions `first` keeps the values of the earlier one and `last` those of the later one, where both have some;
 * `product` puts those of the later one behind.
 *
 * - `final`: the rows of a window when it closes;
 * - `running`: its rows after every record and every merge;
 * - `complete`: its rows once every side has a value. Then the window begins anew, as long as it is open.
 */
export function joinLogic(
  sides: number,
  insertMode: JoinInsertMode,
  emitMode: JoinEmitMode,
): WindowLogic {
  const put = insert[insertMode]
  // Values that stay behind, or stand in several rows, are copied: every row is a record of its own.
  const shares = emitMode === 'running' || insertMode === 'product'
  const add = (table: Sides, record: unknown, side: number): Sides => {
    put(table[side], record)
    return table
  }
  const logic: WindowLogic = {
    keepsRecords: true,
    functions: [],
    begin: (record, side) =>
      add(
        Array.from({ length: sides }, () => []),
        record,
        side,
      ),
    add,
    merge(into: Sides, from: Sides) {
      for (const [side, values] of from.entries())
        for (const value of values) put(into[side], value)
      return into
    },
    results: emitMode === 'final' ? (table: Sides) => rowsOf(table, shares) : () => [],
  }
  if (emitMode === 'final') return logic
  const early =
    emitMode === 'running'
      ? (table: Sides) => rowsOf(table, shares)
      : (table: Sides) => completeRows(table, shares)
  return { ...logic, early }
}

function completeRows(table: Sides, shares: boolean): readonly unknown[] {
  if (table.some((values) => values.length === 0)) return []
  const rows = rowsOf(table, shares)
  for (const values of table) values.length = 0
  return rows
}

function rowsOf(table: Sides, shares: boolean): unknown[][] {
  let rows: unknown[][] = [[]]
  for (const values of table) {
    const choices = values.length === 0 ? [null] : values
    rows = rows.flatMap((row) => choices.map((value) => [...row, value]))
  }
  return shares ? rows.map((row) => row.map(keptRecord)) : rows
}
