import type { Key } from '../../codec/key.ts'
import { KeyMap } from '../../codec/key-map.ts'
import type { StateColumn } from '../contract/keyed-store.ts'
import type {
  Operator,
  OperatorCall,
  OperatorContext,
  OperatorFactory,
  RecordScope,
} from '../contract/operator.ts'
import { forget } from '../state/forget.ts'
import { sortedKeys } from '../state/sorted-keys.ts'

/** How one key's records become one result. `null` as an accumulator: the key has none. */
export interface Aggregation {
  /** The accumulator of a key's first record. */
  first(value: unknown): unknown
  next(accumulator: any, value: unknown): unknown
  /** What is emitted for an accumulator. */
  result(accumulator: any): unknown
}

/** A combiner holds at most so many keys; then it sends on what it has. */
export const MAX_COMBINER_KEYS = 65_536

/**
 * Absorbs all records and emits one result per key at the end of input, in the order of the keys, which are then
 * forgotten. `partials` is what happens in place of `records` behind the operator's own combiner, whose
 * outputs are then the inputs here.
 */
export function aggregationFactory(
  functions: readonly Function[],
  records: Aggregation,
  partials: Aggregation = records,
): OperatorFactory {
  return {
    shape: 'process',
    functions,
    create: (context) => aggregator(context, context.combined ? partials : records),
  }
}

function aggregator(context: OperatorContext, aggregation: Aggregation): Operator {
  const { keyed } = context
  const { store } = keyed
  const column = store.column<unknown>('accumulator')
  const call: OperatorCall = (value) => {
    const slot = keyed.slotOnce()
    try {
      const held = column.get(slot)
      const next = held === undefined ? aggregation.first(value) : aggregation.next(held, value)
      if (next !== null) column.set(slot, next)
      else forget(store, column, slot)
    } catch (error) {
      // The slot of a key that has no accumulator is nobody's.
      store.release(slot)
      throw error
    }
  }
  return { call, finish: () => drainSorted(context, column, aggregation) }
}

/**
 * Pre-reduces on the sending side: the same aggregation, whose result is what the operator behind
 * the exchange takes in. Bounded: with `maxKeys` keys held, a new key sends all of them on.
 */
export function combinerFactory(
  functions: readonly Function[],
  aggregation: Aggregation,
  maxKeys = MAX_COMBINER_KEYS,
): OperatorFactory {
  return {
    shape: 'process',
    functions,
    create: ({ scope }) => {
      let cells = new KeyMap<Cell>()
      const call: OperatorCall = (value, _, out) => {
        const key = scope.key as Key
        if (cells.size < maxKeys || cells.has(key)) return absorb(cells, key, value, aggregation)
        // The record comes first: if user code fails on it, nothing has been sent and a retry
        // repeats nothing.
        const fresh = new KeyMap<Cell>()
        absorb(fresh, key, value, aggregation)
        const full = cells
        cells = fresh
        for (const partial of drain(full, scope, aggregation)) out.collect(partial)
        scope.key = key
      }
      const empty = (): Iterable<unknown> => {
        const full = cells
        cells = new KeyMap()
        return drain(full, scope, aggregation)
      }
      return { call, beforeBarrier: empty, finish: empty }
    },
  }
}

/** What a combiner keeps per key: one lookup per record, then plain stores. */
interface Cell {
  value: unknown
}

function absorb(cells: KeyMap<Cell>, key: Key, value: unknown, aggregation: Aggregation): void {
  const cell = cells.get(key)
  if (cell === undefined) {
    const first = aggregation.first(value)
    if (first !== null) cells.set(key, { value: first })
    return
  }
  const next = aggregation.next(cell.value, value)
  if (next === null) cells.delete(key)
  else cell.value = next
}

function* drainSorted(
  { keyed: { store }, scope }: OperatorContext,
  column: StateColumn,
  aggregation: Aggregation,
): Iterable<unknown> {
  for (const key of sortedKeys(store)) {
    const slot = store.find(key)
    scope.key = key
    const result = aggregation.result(column.get(slot))
    forget(store, column, slot)
    yield result
  }
}

function* drain(
  cells: KeyMap<Cell>,
  scope: RecordScope,
  aggregation: Aggregation,
): Iterable<unknown> {
  for (const [key, cell] of cells) {
    scope.key = key
    yield aggregation.result(cell.value)
  }
}
