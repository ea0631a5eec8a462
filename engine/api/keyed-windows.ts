import { generalCodec } from '../../codec/general-codec.ts'
import type { CollectInto } from '../../operators/keyed-window/collect-logic.ts'
import {
  keyedWindowFactory,
  WINDOW_LATE,
  WINDOW_META,
} from '../../operators/keyed-window/keyed-window.ts'
import type { WindowLogic } from '../../operators/keyed-window/window-logic.ts'
import { resolveWindow } from '../../operators/keyed-window/window-spec.ts'
import { append } from './append.ts'
import {
  type CheckedOptions,
  type OptionRules,
  oneOf,
  requireBoolean,
  stepOptions,
} from './arguments.ts'
import { joinModeRules } from './join-sides.ts'
import { commonKey } from './keying.ts'
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

export const foldWindowRules: OptionRules = { ordered: requireBoolean }

export const collectWindowRules: OptionRules = {
  ...foldWindowRules,
  into: oneOf(['array', 'set', 'map'] satisfies CollectInto[]),
}

export const joinWindowRules: OptionRules = {
  ...foldWindowRules,
  ...joinModeRules,
}
