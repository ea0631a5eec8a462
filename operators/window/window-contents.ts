import { describe, StreamError } from '../../codec/errors.ts'
import { compareKeys } from '../../codec/key.ts'
import { requireLambda } from '../contract/function-form.ts'
import { isPromise, promiseReturned } from '../contract/result-checks.ts'
import { checkAccumulator, keptRecord } from '../final/accumulator.ts'

/**
 * What becomes of the records of a window. An accumulator may be anything but `undefined`; the functions may change their
 * first argument in place and return it.
 */
export interface WindowContents {
  /** User functions, for the graph's fingerprint. */
  readonly functions: readonly Function[]
  /** Whether all records are kept as they are: merging such costs as much as they are long. */
  readonly keepsRecords: boolean
  /** The accumulator of a first record. `order` counts the records of its key. */
  first(value: any, order: number): unknown
  next(accumulator: any, value: any, order: number): unknown
  /** Joins two accumulators; `b` stays as it is, but where records are kept. Undefined: there is no way to. */
  readonly merge: ((a: any, b: any) => unknown) | undefined
  /** What is emitted for an accumulator; null and undefined: nothing. */
  result(accumulator: any): unknown
}

/**
 * How the records of a window become one value. `A` may be anything that can be a record; `add` and `merge` may change
 * their first argument in place and return it.
 */
export interface WindowAggregate<T, A, R = A> {
  /** An accumulator of no records. */
  create(): A
  /** The accumulator with one more record. */
  add(accumulator: A, value: T): A
  /**
   * Joins two accumulators; must give what adding the records of both would. With it, sliding windows share what they have
   * in common and partial results cross threads in place of records. Sessions need it.
   */
  merge?(a: A, b: A): A
  /** The window's value; `null` and `undefined`: the window gives no result. Default: the accumulator. */
  result?(accumulator: A): R
}

/** Contents by an aggregate of the user. Throws `SAGE_OPTION` for what is none. */
export function aggregateContents(aggregate: unknown): WindowContents {
  requireAggregate(aggregate)
  const { merge, result } = aggregate
  const add = (accumulator: unknown, value: unknown): unknown => {
    const added = checkAccumulator(aggregate.add(accumulator, value), 'aggregate.add')
    return added === value ? keptRecord(added) : added
  }
  return {
    functions: [aggregate.create, aggregate.add, merge, result].filter((fn) => fn !== undefined),
    keepsRecords: false,
    first: (value) => add(aggregate.create(), value),
    next: add,
    merge:
      merge === undefined
        ? undefined
        : (a, b) => checkAccumulator(aggregate.merge!(a, b), 'aggregate.merge'),
    result:
      result === undefined
        ? itself
        : (accumulator) => noPromise(aggregate.result!(accumulator), 'aggregate.result'),
  }
}

function requireAggregate(value: unknown): asserts value is WindowAggregate<any, any, any> {
  const expected = 'expected { create, add, merge?, result? }, functions'
  if (typeof value !== 'object' || value === null) {
    throw new StreamError('SAGE_OPTION', `aggregate: ${expected}, got ${describe(value)}`)
  }
  for (const name of ['create', 'add', 'merge', 'result'] as const) {
    const fn = (value as Record<string, unknown>)[name]
    const optional = name === 'merge' || name === 'result'
    if (typeof fn === 'function' || (optional && fn === undefined)) continue
    throw new StreamError('SAGE_OPTION', `aggregate.${name}: ${expected}, got ${describe(fn)}`)
  }
}

/** The records, combined two by two. */
export function reduceContents(fn: unknown): WindowContents {
  requireLambda(fn, 'reduce')
  const next = (accumulator: unknown, value: unknown): unknown => {
    if (accumulator === null) return keptRecord(value)
    const result = checkAccumulator(fn(accumulator, value), 'reduce')
    return result === value ? keptRecord(result) : result
  }
  return {
    functions: [fn],
    keepsRecords: false,
    first: keptRecord,
    next,
    merge: (a, b) => (b === null ? a : next(a, b)),
    result: itself,
  }
}

/** The number of records. */
export function countContents(): WindowContents {
  return {
    functions: [],
    keepsRecords: false,
    first: () => 1,
    next: (count: number) => count + 1,
    merge: (a: number, b: number) => a + b,
    result: itself,
  }
}

/** The sum of what `by` selects: numbers, or bigints. */
export function sumContents(by: unknown = itself): WindowContents {
  requireLambda(by, 'sum')
  return {
    functions: by === itself ? [] : [by],
    keepsRecords: false,
    first: (value) => addend(by(value)),
    next: (sum, value) => plus(sum, addend(by(value))),
    merge: plus,
    result: itself,
  }
}

function plus(a: any, b: any): number | bigint {
  if (typeof a === typeof b) return a + b
  throw new StreamError(
    'SAGE_USER_ERROR',
    `sum: expected numbers or bigints in one window, got ${describe(a)} and ${describe(b)}`,
  )
}

function addend(value: unknown): number | bigint {
  if (typeof value === 'number' || typeof value === 'bigint') return value
  throw new StreamError(
    'SAGE_USER_ERROR',
    `sum: expected a number or bigint to add, got ${describe(value)}`,
  )
}

/** The least (sign -1) or greatest (1) of what `by` selects. */
export function extremeContents(
  method: 'min' | 'max',
  sign: 1 | -1,
  by: unknown = itself,
): WindowContents {
  requireLambda(by, method)
  const best = (a: unknown, b: unknown) => (compare(b, a, method) * sign > 0 ? b : a)
  return {
    functions: by === itself ? [] : [by],
    keepsRecords: false,
    first: (value) => comparable(by(value), method),
    next: (accumulator, value) => best(accumulator, comparable(by(value), method)),
    merge: best,
    result: itself,
  }
}

function comparable(value: unknown, method: string): unknown {
  if (typeof value === 'number' && !Number.isNaN(value)) return value
  if (typeof value === 'string' || typeof value === 'bigint') return value
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value
  throw new StreamError(
    'SAGE_USER_ERROR',
    `${method}: expected numbers, bigints, strings or dates to compare, got ${describe(value)}`,
  )
}

/** Numbers, bigints and dates share one order, strings have another. */
function compare(a: any, b: any, method: string): number {
  if (typeof a === 'string' && typeof b === 'string') return compareKeys(a, b)
  if (typeof a !== 'string' && typeof b !== 'string') return a < b ? -1 : a > b ? 1 : 0
  throw new StreamError(
    'SAGE_USER_ERROR',
    `${method}: expected values of one kind to compare, got ${describe(a)} and ${describe(b)} of one key`,
  )
}

/** Records, in any order. */
interface Gathered {
  readonly values: unknown[]
  /** By record: its place among those of its key. */
  readonly orders: number[]
}

/** All records, in order of arrival. */
export function listContents(): WindowContents {
  return {
    functions: [],
    keepsRecords: true,
    first: (value, order): Gathered => ({ values: [value], orders: [order] }),
    next: (gathered: Gathered, value, order): Gathered => {
      gathered.values.push(value)
      gathered.orders.push(order)
      return gathered
    },
    // The shorter list is taken over by the longer: a session that meets others again and again stays cheap.
    merge: (a: Gathered, b: Gathered) =>
      a.values.length < b.values.length ? takenOver(b, a) : takenOver(a, b),
    result: recordsOf,
  }
}

function takenOver(longer: Gathered, { values, orders }: Gathered): Gathered {
  for (const value of values) longer.values.push(value)
  for (const order of orders) longer.orders.push(order)
  return longer
}

/** The records of an accumulator of `listContents`, in order of arrival: an array of its own. */
export function recordsOf({ values, orders }: any): unknown[] {
  if (isAscending(orders)) return values.slice()
  const places: number[] = orders.map((_: number, i: number) => i)
  places.sort((a, b) => orders[a] - orders[b])
  return places.map((i) => values[i])
}

function isAscending(orders: readonly number[]): boolean {
  for (let i = 1; i < orders.length; i++) if (orders[i] < orders[i - 1]) return false
  return true
}

/** The accumulator of `listContents` for records in order of arrival. */
export function gathered(values: readonly unknown[]): Gathered {
  return { values: [...values], orders: values.map((_, i) => i) }
}

/**
 * What cannot be merged, for windows that overlap: the records are kept, and added up when a window fires.
 */
export function refoldedContents(contents: WindowContents): WindowContents {
  return {
    ...listContents(),
    functions: contents.functions,
    result: (gathered: Gathered) => {
      const values = recordsOf(gathered)
      let accumulator = contents.first(values[0], 0)
      for (let i = 1; i < values.length; i++) accumulator = contents.next(accumulator, values[i], i)
      return contents.result(accumulator)
    },
  }
}

/** One accumulator of several, one at least, which stay as they are; of one, that itself. */
export function mergedParts(contents: WindowContents, parts: readonly any[]): unknown {
  if (parts.length === 1) return parts[0]
  if (contents.keepsRecords) return allOf(parts)
  return parts.reduce((merged, part) => contents.merge!(keptRecord(merged), part))
}

function allOf(parts: readonly Gathered[]): Gathered {
  const all: Gathered = { values: [], orders: [] }
  for (const part of parts) takenOver(all, part)
  return all
}

function itself(value: unknown): unknown {
  return value
}

function noPromise(value: unknown, method: string): unknown {
  if (isPromise(value)) throw promiseReturned(method)
  return value
}
