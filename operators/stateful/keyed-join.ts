import type { StateColumn } from '../contract/keyed-store.ts'
import type {
  Operator,
  OperatorCall,
  OperatorContext,
  OperatorFactory,
} from '../contract/operator.ts'
import { forget } from '../state/forget.ts'
import { sortedKeys } from '../state/sorted-keys.ts'
import { type JoinEmitMode, type JoinInsertMode, type JoinTable, joinTable } from './join-table.ts'

/**
 * Joins keyed inputs: rows of one value a side, in the order of the inputs, null for a side that has none. What becomes of
 * a key with its rows is a matter of `emitMode`: `complete` forgets it, `running` keeps it for ever, `final` forgets it at
 * the end of input. As in Bytewax.
 */
export function keyedJoinFactory(
  sides: number,
  insertMode: JoinInsertMode,
  emitMode: JoinEmitMode,
): OperatorFactory {
  const table = joinTable(insertMode)
  return {
    shape: table.shape,
    functions: [],
    create: (context) => joinOperator(context, sides, table, emitMode),
  }
}

function joinOperator(
  context: OperatorContext,
  sides: number,
  table: JoinTable,
  emitMode: JoinEmitMode,
): Operator {
  const column = context.keyed.store.column<any>('join')
  const call = Array.from({ length: sides }, (_, side) =>
    joining(context, column, { sides, side, table, emitMode }),
  )
  return emitMode === 'final' ? { call, finish: () => allRows(context, column, table) } : { call }
}

interface JoinSide {
  readonly sides: number
  readonly side: number
  readonly table: JoinTable
  readonly emitMode: JoinEmitMode
}

/** The call for the records of one side. */
function joining(
  { keyed }: OperatorContext,
  column: StateColumn,
  { sides, side, table, emitMode }: JoinSide,
): OperatorCall {
  const { store } = keyed
  const completes = emitMode === 'complete'
  const runs = emitMode === 'running'
  return (value) => {
    const slot = keyed.slotOnce()
    let state = column.get(slot)
    if (state === undefined) {
      state = table.begin(sides, side, value)
      try {
        column.set(slot, state)
      } catch (error) {
        store.release(slot)
        throw error
      }
      return runs ? table.copies(state) : null
    }
    table.insert(state, side, value)
    if (completes && table.isComplete(state)) {
      forget(store, column, slot)
      return table.rows(state)
    }
    column.touch(slot)
    return runs ? table.copies(state) : null
  }
}

function* allRows(
  { keyed: { store }, scope }: OperatorContext,
  column: StateColumn,
  table: JoinTable,
): Iterable<unknown> {
  for (const key of sortedKeys(store)) {
    const slot = store.find(key)
    const rows = table.rows(column.get(slot))
    forget(store, column, slot)
    for (const row of table.shape === 'map' ? [rows] : rows) {
      scope.key = key
      yield row
    }
  }
}
