import { type Duration, durationMs } from '../../codec/duration.ts'
import { describe, StreamError } from '../../codec/errors.ts'
import type { Alignment } from '../../operators/connected/alignment.ts'
import { type JoinType, joinRowsFactory } from '../../operators/connected/join-rows.ts'
import { processStreamsFactory } from '../../operators/connected/process-streams.ts'
import type { WindowSpec } from '../../operators/connected/window-frames.ts'
import { requireLambda } from '../../operators/contract/function-form.ts'
import { assignTimestampsFactory } from '../../operators/time/assign-timestamps.ts'
import { watermarks } from '../../operators/time/watermark-strategy.ts'
import { mayBeEndless } from '../graph/endless.ts'
import type { GraphNode } from '../graph/node.ts'
import { append } from './append.ts'
import { allowAny, oneOf, operatorOptions, requireCapacity, requireOneOf } from './arguments.ts'
import {
  type ConnectedSettings,
  handlingOf,
  inputName,
  requireOptions,
  wholeMs,
} from './connected-settings.ts'
import { keyCursor } from './keying.ts'
import { type Cursor, cursorAt } from './stream-scope.ts'

const JOIN_TYPES: readonly JoinType[] = ['inner', 'left', 'right', 'outer']

/** Whether records of all inputs are dealt by their keys. */
export function areKeyed(inputs: readonly Cursor[]): boolean {
  return inputs.every(({ keying }) => keying !== undefined)
}

/** Adds a `process` of connected streams. */
export function addProcess(
  inputs: readonly Cursor[],
  settings: ConnectedSettings,
  fn: unknown,
  given: unknown,
): GraphNode {
  requireLambda(fn, 'process')
  const { alignment } = settings
  const names = inputs.map(inputName)
  const { maxBatch, ...options } = operatorOptions('process', given, { maxBatch: requireCapacity })
  const factory = processStreamsFactory({
    fn,
    names,
    keyed: areKeyed(inputs),
    alignment,
    ...(maxBatch === undefined ? {} : { maxBatch: maxBatch as number }),
  })
  return append(inputs, {
    kind: 'processStreams',
    name: 'process',
    options,
    body: { type: 'operator', factory },
    handling: handlingOf(settings, inputs),
    compared: { ...(alignment && { alignment }), ...(maxBatch === undefined ? {} : { maxBatch }) },
  })
}

/** Adds a join by a key function or a condition. */
export function addJoin(
  inputs: readonly Cursor[],
  settings: ConnectedSettings,
  given: unknown,
): GraphNode {
  requireTwo(inputs)
  const options = operatorOptions('join', given, {
    joinType: oneOf(JOIN_TYPES),
    keyFn: allowAny,
    condition: requireLambda,
    within: (value, where) => void durationMs(value as Duration, where),
  })
  const { joinType = 'inner', keyFn, within, condition } = options
  const byKey = condition === undefined
  const cursors = byKey ? keyedInputs(inputs, keyFn) : inputs
  if (!byKey && keyFn !== undefined) {
    throw new StreamError('SAGE_OPTION', 'join: expected keyFn or condition, got both')
  }
  const withinMs =
    within === undefined ? Number.POSITIVE_INFINITY : durationMs(within as Duration, 'join.within')
  const endless = inputs.some(({ node }) => mayBeEndless(node))
  const spec = { joinType: joinType as JoinType, withinMs, condition: condition as any, endless }
  return append(cursors, {
    kind: 'join',
    options,
    body: { type: 'operator', factory: joinRowsFactory(spec) },
    handling: handlingOf(settings, cursors),
    compared: { joinType, withinMs },
  })
}

/** Throws `SAGE_JOIN_INPUTS`. */
export function requireTwo(inputs: readonly Cursor[]): void {
  if (inputs.length === 2) return
  throw new StreamError(
    'SAGE_JOIN_INPUTS',
    `join: expected exactly 2 input streams, got ${inputs.length}`,
  )
}

/** The inputs keyed by `keyFn`, one for all or one for each; without one they must be keyed. */
function keyedInputs(inputs: readonly Cursor[], keyFn: unknown): readonly Cursor[] {
  if (keyFn === undefined) {
    if (areKeyed(inputs)) return inputs
    throw new StreamError(
      'SAGE_OPTION',
      'join: expected keyFn or condition, or inputs that are keyed (keyBy), got neither',
    )
  }
  return keyEach('join.keyFn', inputs, keyFn)
}

/** Keys each input, with one selector for all or one for each. Throws `SAGE_SELECTORS`. */
export function keyEach(
  method: string,
  inputs: readonly Cursor[],
  selectors: unknown,
  strategy?: unknown,
  options?: unknown,
): Cursor[] {
  const list = Array.isArray(selectors) ? selectors : inputs.map(() => selectors)
  if (list.length !== inputs.length) {
    throw new StreamError(
      'SAGE_SELECTORS',
      `${method}: Key selector count (${list.length}) must match stream count (${inputs.length})`,
    )
  }
  return inputs.map((cursor, i) => keyCursor(cursor, list[i], strategy, options))
}

/** Checks the options of `window`. */
export function windowSpec(given: unknown): WindowSpec {
  const { type, size, slide, timeout } = requireOptions('window', given, [
    'type',
    'size',
    'slide',
    'timeout',
  ])
  requireOneOf(type, ['tumbling', 'sliding', 'session'], 'window.type')
  refuse(
    'window',
    type,
    { slide: type === 'sliding', size: type !== 'session', timeout: type === 'session' },
    { size, slide, timeout },
  )
  if (type === 'session') return { type, timeoutMs: wholeMs(timeout, 'window.timeout') }
  const sizeMs = wholeMs(size, 'window.size')
  if (type === 'tumbling') return { type: 'sliding', sizeMs, slideMs: sizeMs }
  const slideMs = wholeMs(slide, 'window.slide')
  if (slideMs > sizeMs) {
    throw new StreamError(
      'SAGE_OPTION',
      `window.slide: expected at most the size (${sizeMs} ms), or records would be in no window, got ${describe(slide)}`,
    )
  }
  return { type, sizeMs, slideMs }
}

/** Refuses options that this type of window has no use for. */
function refuse(
  method: string,
  type: string,
  taken: Readonly<Record<string, boolean>>,
  given: Readonly<Record<string, unknown>>,
): void {
  for (const [option, value] of Object.entries(given)) {
    if (value === undefined || taken[option]) continue
    throw new StreamError(
      'SAGE_OPTION',
      `${method}.${option}: expected none with type '${type}', got ${describe(value)}`,
    )
  }
}

/** Checks the options of `synchronize`; gives the inputs, with timestamps of their own where the options name them. */
export function synchronized(
  inputs: readonly Cursor[],
  given: unknown,
): { readonly cursors: readonly Cursor[]; readonly alignment: Alignment } {
  const method = 'synchronize'
  const options = requireOptions(method, given, [
    'type',
    'tolerance',
    'timestamp',
    'isMarker',
    'keepMarkers',
  ])
  const { type, tolerance, timestamp, isMarker, keepMarkers } = options
  requireOneOf(type, ['timestamp', 'event'], `${method}.type`)
  const byTime = type === 'timestamp'
  refuse(
    method,
    type,
    { tolerance: byTime, timestamp: byTime, isMarker: !byTime, keepMarkers: !byTime },
    { tolerance, timestamp, isMarker, keepMarkers },
  )
  if (byTime) {
    const toleranceMs = durationMs(tolerance as Duration, `${method}.tolerance`)
    const cursors =
      timestamp === undefined ? inputs : inputs.map((input) => stamped(input, timestamp))
    return { cursors, alignment: { type, toleranceMs } }
  }
  requireLambda(isMarker, `${method}.isMarker`)
  if (keepMarkers !== undefined && typeof keepMarkers !== 'boolean') {
    const where = `${method}.keepMarkers`
    throw new StreamError(
      'SAGE_OPTION',
      `${where}: expected a boolean, got ${describe(keepMarkers)}`,
    )
  }
  return { cursors: inputs, alignment: { type, isMarker, keepMarkers: keepMarkers === true } }
}

/** An input with timestamps of its own, in their order. */
function stamped(input: Cursor, timestampOf: unknown): Cursor {
  requireLambda(timestampOf, 'synchronize.timestamp')
  const strategy = watermarks.monotonic()
  const node = append([input], {
    kind: 'assignTimestamps',
    options: {},
    body: { type: 'operator', factory: assignTimestampsFactory(timestampOf, strategy) },
    compared: { outOfOrdernessMs: strategy.outOfOrdernessMs, idlenessMs: strategy.idlenessMs },
  })
  return cursorAt(input.scope, node, input.codec, input)
}
