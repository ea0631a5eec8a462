import { compareKeys, type Key } from '../../codec/key.ts'
import { KeyMap } from '../../codec/key-map.ts'
import type { OperatorCall, OperatorFactory, RecordScope } from '../contract/operator.ts'
import type { Cell } from './cell.ts'

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
 * Absorbs all records and emits one result per key at the end of input, in the order of the keys.
 * `partials` is what happens in place of `records` behind the operator's own combiner, whose
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
    create: (context) => {
      const { scope, combined } = context
      const aggregation = combined ? partials : records
      const cells = new KeyMap<Cell>()
      return {
        call: (value) => absorb(cells, scope.key as Key, value, aggregation),
        finish: () => drainSorted(cells, scope, aggregation),
      }
    },
  }
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
  cells: KeyMap<Cell>,
  scope: RecordScope,
  aggregation: Aggregation,
): Iterable<unknown> {
  for (const key of [...cells.keys()].sort(compareKeys)) {
    scope.key = key
    yield aggregation.result(cells.get(key)!.value)
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
