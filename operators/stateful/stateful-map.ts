import { describe, StreamError } from '../../codec/errors.ts'
import { requireLambda } from '../contract/function-form.ts'
import type { OperatorCall, OperatorContext, OperatorFactory } from '../contract/operator.ts'
import { isPromise, itemsOf, promiseReturned } from '../contract/result-checks.ts'
import { forget } from '../state/forget.ts'

type Mapper = (state: unknown, value: unknown, key: unknown) => unknown

/**
 * `mapper(state, record, key)` gives `[state, output]`. The state is undefined for a key that has none; null or undefined in
 * its place forgets it, and the output is emitted all the same.
 */
export function statefulMapFactory(mapper: unknown): OperatorFactory {
  requireLambda(mapper, 'statefulMap')
  return {
    shape: 'map',
    functions: [mapper],
    create: (context) => ({ call: mapping(mapper, context, 'statefulMap', refusePromise) }),
  }
}

/** The same with any number of outputs: `[state, outputs]`, an iterable or null. */
export function statefulFlatMapFactory(mapper: unknown): OperatorFactory {
  requireLambda(mapper, 'statefulFlatMap')
  return {
    shape: 'flatMap',
    functions: [mapper],
    create: (context) => ({ call: mapping(mapper, context, 'statefulFlatMap', wholeItems) }),
  }
}

/** One lookup a record: what may fail comes before the state is changed, so a record that fails has changed none. */
function mapping(
  mapper: Mapper,
  { keyed, scope }: OperatorContext,
  method: string,
  checked: (output: unknown) => unknown,
): OperatorCall {
  const { store } = keyed
  const column = store.column<unknown>('state')
  return (value) => {
    const slot = keyed.slotOnce()
    try {
      const pair = mapper(column.get(slot), value, scope.key)
      if (!Array.isArray(pair) || pair.length !== 2) throw noPair(pair, method)
      const output = checked(pair[1])
      const state: unknown = pair[0]
      if (state !== null && state !== undefined) column.set(slot, state)
      else forget(store, column, slot)
      return output
    } catch (error) {
      // The slot of a key that has no state is nobody's.
      store.release(slot)
      throw error
    }
  }
}

function refusePromise(output: unknown): unknown {
  if (typeof output === 'object' && isPromise(output)) throw promiseReturned('statefulMap')
  return output
}

/** Whole before the state is changed: a generator that throws midway has done nothing. */
function wholeItems(output: unknown): readonly unknown[] {
  const items = itemsOf(output, 'statefulFlatMap')
  return Array.isArray(items) ? items : [...items]
}

function noPair(got: unknown, method: string): StreamError {
  if (isPromise(got)) return promiseReturned(method)
  return new StreamError(
    'SAGE_USER_ERROR',
    `${method}: expected the function to return [state, ${method === 'statefulMap' ? 'output' : 'outputs'}], ` +
      `got ${describe(got)}`,
  )
}
