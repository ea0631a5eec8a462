import { type Duration, durationMs } from '../../codec/duration.ts'
import { describe, StreamError } from '../../codec/errors.ts'
import type { Alignment } from '../../operators/connected/alignment.ts'
import type { ErrorHandler, FailureHandling } from '../../operators/contract/failure-handling.ts'
import type { Backpressure } from '../graph/node.ts'
import { requireCapacity, requireOneOf } from './arguments.ts'
import type { Cursor } from './stream-scope.ts'

/** What holds for the operators that follow on connected streams. */
export interface ConnectedSettings {
  readonly alignment?: Alignment | undefined
  readonly onError?: ErrorHandler | undefined
  readonly threshold?: FailureHandling['threshold']
  readonly backpressure?: Backpressure | undefined
}

/** How failures of an operator on these inputs are handled; undefined: by its `errors` alone. */
export function handlingOf(
  { onError, threshold }: ConnectedSettings,
  inputs: readonly Cursor[],
): FailureHandling | undefined {
  if (onError === undefined && threshold === undefined) return undefined
  return { inputs: inputs.map(inputName), onError, threshold }
}

/** The name of a connected stream: what only keys it, or gives it timestamps or a schema, does not rename it. */
export function inputName({ node }: Cursor): string {
  let named = node
  while (RENAMES_NOTHING.has(named.kind) && named.inputs.length === 1) named = named.inputs[0].from
  return named.name
}

const RENAMES_NOTHING: ReadonlySet<string> = new Set(['keyBy', 'assignTimestamps', 'withSchema'])

/** Checks the options of a method of connected streams. Throws `SAGE_OPTION`. */
export function requireOptions(
  method: string,
  given: unknown,
  known: readonly string[],
): Readonly<Record<string, unknown>> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    const expected = `expected options, an object with ${known.join(', ')}`
    throw new StreamError('SAGE_OPTION', `${method}: ${expected}, got ${describe(given)}`)
  }
  const unknown = Object.keys(given).find((option) => !known.includes(option))
  if (unknown === undefined) return given as Record<string, unknown>
  throw new StreamError(
    'SAGE_OPTION',
    `${method}: expected options ${known.join(', ')}, got ${describe(unknown)}`,
  )
}

/** A duration of whole milliseconds, greater than 0 and finite, as windows need it. */
export function wholeMs(value: unknown, where: string): number {
  const ms = durationMs(value as Duration, where)
  if (Number.isSafeInteger(ms) && ms > 0) return ms
  throw new StreamError(
    'SAGE_OPTION',
    `${where}: expected a duration of whole milliseconds, greater than 0 and finite, got ${describe(value)}`,
  )
}

export function thresholdOf(given: unknown): NonNullable<FailureHandling['threshold']> {
  const method = 'setErrorThreshold'
  const { maxErrors, timeWindow } = requireOptions(method, given, ['maxErrors', 'timeWindow'])
  if (!Number.isSafeInteger(maxErrors) || (maxErrors as number) < 0) {
    throw new StreamError(
      'SAGE_OPTION',
      `${method}.maxErrors: expected an integer >= 0, got ${describe(maxErrors)}`,
    )
  }
  return {
    maxErrors: maxErrors as number,
    windowMs: durationMs(timeWindow as Duration, `${method}.timeWindow`),
  }
}

/** Records that may wait for a connected stream beyond its rings. */
const DEFAULT_BUFFER = 1024

export function backpressureOf(given: unknown): Backpressure {
  const method = 'configureBackpressure'
  const options = requireOptions(method, given, ['strategy', 'drop', 'bufferSize', 'timeout'])
  const { strategy, drop = 'newest', bufferSize, timeout } = options
  requireOneOf(strategy, ['block', 'drop', 'buffer'], `${method}.strategy`)
  requireOneOf(drop, ['newest', 'oldest'], `${method}.drop`)
  if (strategy !== 'drop' && options.drop !== undefined) {
    throw new StreamError(
      'SAGE_OPTION',
      `${method}.drop: expected none with strategy '${strategy}', got ${describe(drop)}`,
    )
  }
  if (bufferSize !== undefined) requireCapacity(bufferSize, `${method}.bufferSize`)
  const timeoutMs =
    timeout === undefined
      ? Number.POSITIVE_INFINITY
      : durationMs(timeout as Duration, `${method}.timeout`)
  return {
    strategy,
    drop,
    bufferSize: (bufferSize as number | undefined) ?? (strategy === 'block' ? 1 : DEFAULT_BUFFER),
    // What drops does not block; at the end of input it may take its time.
    timeoutMs: strategy === 'drop' ? Number.POSITIVE_INFINITY : timeoutMs,
  }
}
