import { describe, StreamError } from '../../codec/errors.ts'
import { generalCodec } from '../../codec/general-codec.ts'
import type { CollectInto } from '../../operators/keyed-window/collect-logic.ts'
import type { WindowEmitMode, WindowInsertMode } from '../../operators/keyed-window/join-logic.ts'
import {
  keyedWindowFactory,
  WINDOW_LATE,
  WINDOW_META,
} from '../../operators/keyed-window/keyed-window.ts'
import type { WindowLogic } from '../../operators/keyed-window/window-logic.ts'
import { resolveWindow } from '../../operators/keyed-window/window-spec.ts'
import { append, requireOneEnvironment } from './append.ts'
import {
  type CheckedOptions,
  type OptionRule,
  type OptionRules,
  requireBoolean,
  stepOptions,
} from './arguments.ts'
import { cursorOf } from './basic-stream.ts'
import { commonKey, notKeyed } from './keying.ts'
import { type Cursor, cursorAt } from './stream-scope.ts'

/** A method of `KeyedStream` that adds an operator of windows, as it was called. */
export interface WindowCall {
  readonly kind: string
  readonly stepId: unknown
  readonly window: unknown
  readonly options: unknown
  /** Rules of its options beyond those that every operator takes. */
  readonly rules?: OptionRules
}

/** Adds an operator of windows over `inputs`, whose logic is made from its options. Throws `SAGE_OPTION`. */
export function addWindow(
  inputs: readonly Cursor[],
  { kind, stepId, window, options, rules }: WindowCall,
  makeLogic: (options: CheckedOptions) => WindowLogic,
) {
  const checked = stepOptions(kind, stepId, options, rules)
  const resolved = resolveWindow(window, kind)
  // Those without the option go by arrival, which is all the same to them.
  const ordered = rules !== undefined && checked.ordered !== false
  const logic = makeLogic(checked)
  const factory = keyedWindowFactory({ window: resolved, logic, ordered, sides: inputs.length })
  const { into, insertMode, emitMode } = checked
  const node = append(inputs, {
    kind,
    options: checked,
    body: { type: 'operator', factory },
    compared: { ...resolved.compared, ordered, into, insertMode, emitMode },
  })
  const { scope } = inputs[0]
  const down = cursorAt(scope, node, generalCodec, commonKey(kind, inputs))
  const port = (tag: { id: string }) => scope.stream({ ...down, port: `tag:${tag.id}` })
  return { down: scope.stream(down), late: port(WINDOW_LATE), meta: port(WINDOW_META) }
}

/** The sides of a `joinWindow`: the receiver, then the others, all keyed, in one environment and by one strategy. */
export function windowInputs(first: Cursor, others: unknown): readonly Cursor[] {
  const list: readonly unknown[] = Array.isArray(others) ? others : [others]
  if (list.length === 0) {
    throw new StreamError(
      'SAGE_OPTION',
      'joinWindow: expected a keyed stream, or an array of at least one, got []',
    )
  }
  const inputs = [first, ...list.map((other) => cursorOf(other, 'joinWindow'))]
  requireOneEnvironment('joinWindow', inputs)
  const unkeyed = inputs.find((cursor) => cursor.keying === undefined)
  if (unkeyed !== undefined) throw notKeyed('joinWindow', unkeyed)
  return inputs
}

export const foldWindowRules: OptionRules = { ordered: requireBoolean }

export const collectWindowRules: OptionRules = {
  ...foldWindowRules,
  into: oneOf(['array', 'set', 'map'] satisfies CollectInto[]),
}

export const joinWindowRules: OptionRules = {
  ...foldWindowRules,
  insertMode: oneOf(['first', 'last', 'product'] satisfies WindowInsertMode[]),
  emitMode: oneOf(['complete', 'final', 'running'] satisfies WindowEmitMode[]),
}

function oneOf(known: readonly string[]): OptionRule {
  return (value, where) => {
    if (known.includes(value as string)) return
    const expected = known.map((name) => `'${name}'`).join(', ')
    throw new StreamError('SAGE_OPTION', `${where}: expected ${expected}, got ${describe(value)}`)
  }
}
