import { generalCodec } from '../../codec/general-codec.ts'
import { requireLambda } from '../../operators/contract/function-form.ts'
import type { OperatorFactory } from '../../operators/contract/operator.ts'
import { entriesFactory } from '../../operators/final/entries.ts'
import { foldFinalFactory } from '../../operators/final/fold-final.ts'
import { maxFinalFactory, minFinalFactory } from '../../operators/final/min-max-final.ts'
import { reduceFactory } from '../../operators/final/reduce.ts'
import { reduceFinalFactory } from '../../operators/final/reduce-final.ts'
import { type CollectInto, collectLogic } from '../../operators/keyed-window/collect-logic.ts'
import {
  bestLogic,
  countLogic,
  foldLogic,
  reduceLogic,
} from '../../operators/keyed-window/fold-logic.ts'
import {
  joinLogic,
  type WindowEmitMode,
  type WindowInsertMode,
} from '../../operators/keyed-window/join-logic.ts'
import type { Pattern } from '../../operators/pattern/pattern.ts'
import { patternStart } from '../../operators/pattern/pattern-builder.ts'
import { compilePattern } from '../../operators/pattern/pattern-machine.ts'
import { type PatternOutputs, patternFactory } from '../../operators/pattern/pattern-operator.ts'
import { append } from './append.ts'
import { type CheckedOptions, type OptionRules, operatorOptions, stepOptions } from './arguments.ts'
import { BasicStream } from './basic-stream.ts'
import { addWindow, collectRules, foldRules, joinRules, windowInputs } from './keyed-windows.ts'
import { notKeyed } from './keying.ts'
import { CURSOR, cursorAt } from './stream-scope.ts'

/** The methods of `KeyedStream`, typed there. */
export class StreamByKey extends BasicStream {
  reduce(fn: unknown, options?: unknown) {
    requireLambda(fn, 'reduce')
    return this.#add('reduce', operatorOptions('reduce', options), reduceFactory(fn))
  }

  reduceFinal(stepId: unknown, fn: unknown, options?: unknown) {
    const checked = stepOptions('reduceFinal', stepId, options)
    requireLambda(fn, 'reduceFinal')
    return this.#add('reduceFinal', checked, reduceFinalFactory(fn))
  }

  foldFinal(stepId: unknown, builder: unknown, folder: unknown, options?: unknown) {
    const rules: OptionRules = { merge: requireLambda }
    const checked = stepOptions('foldFinal', stepId, options, rules)
    requireLambda(builder, 'foldFinal builder')
    requireLambda(folder, 'foldFinal folder')
    return this.#add('foldFinal', checked, foldFinalFactory(builder, folder, checked.merge))
  }

  minFinal(stepId: unknown, by?: unknown, options?: unknown) {
    return this.#best('minFinal', minFinalFactory, stepId, by, options)
  }

  maxFinal(stepId: unknown, by?: unknown, options?: unknown) {
    return this.#best('maxFinal', maxFinalFactory, stepId, by, options)
  }

  entries(options?: unknown) {
    const { scope } = this[CURSOR]
    const node = append([this[CURSOR]], {
      kind: 'entries',
      options: operatorOptions('entries', options),
      body: { type: 'operator', factory: entriesFactory() },
    })
    return scope.stream(cursorAt(scope, node, generalCodec))
  }

  collectWindow(stepId: unknown, window: unknown, options?: unknown) {
    const call = { kind: 'collectWindow', stepId, window, options, rules: collectRules }
    return addWindow([this[CURSOR]], call, ({ into = 'array' }) =>
      collectLogic(into as CollectInto),
    )
  }

  foldWindow(
    stepId: unknown,
    window: unknown,
    builder: unknown,
    folder: unknown,
    merger: unknown,
    options?: unknown,
  ) {
    const call = { kind: 'foldWindow', stepId, window, options, rules: foldRules }
    return addWindow([this[CURSOR]], call, () => foldLogic(builder, folder, merger))
  }

  reduceWindow(stepId: unknown, window: unknown, fn: unknown, options?: unknown) {
    const call = { kind: 'reduceWindow', stepId, window, options }
    return addWindow([this[CURSOR]], call, () => reduceLogic(fn))
  }

  countWindow(stepId: unknown, window: unknown, options?: unknown) {
    return addWindow([this[CURSOR]], { kind: 'countWindow', stepId, window, options }, countLogic)
  }

  maxWindow(stepId: unknown, window: unknown, by?: unknown, options?: unknown) {
    const call = { kind: 'maxWindow', stepId, window, options }
    return addWindow([this[CURSOR]], call, () => bestLogic('maxWindow', 1, by))
  }

  minWindow(stepId: unknown, window: unknown, by?: unknown, options?: unknown) {
    const call = { kind: 'minWindow', stepId, window, options }
    return addWindow([this[CURSOR]], call, () => bestLogic('minWindow', -1, by))
  }

  joinWindow(stepId: unknown, window: unknown, others: unknown, options?: unknown) {
    const inputs = windowInputs(this[CURSOR], others)
    const call = { kind: 'joinWindow', stepId, window, options, rules: joinRules }
    return addWindow(inputs, call, ({ insertMode = 'last', emitMode = 'final' }) =>
      joinLogic(inputs.length, insertMode as WindowInsertMode, emitMode as WindowEmitMode),
    )
  }

  pattern(build: unknown, options?: unknown) {
    const checked = operatorOptions('pattern', options)
    requireLambda(build, 'pattern')
    const machine = compilePattern(build(patternStart) as Pattern<any, any>)
    const outputs: PatternOutputs = { timedOut: undefined, late: undefined }
    const compared: Record<string, unknown> = { pattern: machine.structure }
    const cursor = this[CURSOR]
    const node = append([cursor], {
      kind: 'pattern',
      options: checked,
      body: { type: 'operator', factory: patternFactory(machine, outputs) },
      compared,
    })
    const { scope } = cursor
    return scope.matches(cursorAt(scope, node, generalCodec, cursor), { outputs, compared })
  }

  #best(
    kind: string,
    make: (by?: unknown) => OperatorFactory,
    stepId: unknown,
    by: unknown,
    options: unknown,
  ) {
    const checked = stepOptions(kind, stepId, options)
    if (by !== undefined) requireLambda(by, `${kind} by`)
    return this.#add(kind, checked, make(by))
  }

  #add(kind: string, options: CheckedOptions, factory: OperatorFactory) {
    const cursor = this[CURSOR]
    const node = append([cursor], { kind, options, body: { type: 'operator', factory } })
    return cursor.scope.stream(cursorAt(cursor.scope, node, generalCodec, cursor))
  }
}

/** A stream that is not keyed: what needs keys says so, also to programs without types. */
export class UnkeyedStream extends BasicStream {
  reduce(): never {
    throw notKeyed('reduce', this[CURSOR])
  }

  reduceFinal(): never {
    throw notKeyed('reduceFinal', this[CURSOR])
  }

  foldFinal(): never {
    throw notKeyed('foldFinal', this[CURSOR])
  }

  minFinal(): never {
    throw notKeyed('minFinal', this[CURSOR])
  }

  maxFinal(): never {
    throw notKeyed('maxFinal', this[CURSOR])
  }

  entries(): never {
    throw notKeyed('entries', this[CURSOR])
  }

  pattern(): never {
    throw notKeyed('pattern', this[CURSOR])
  }

  collectWindow(): never {
    throw notKeyed('collectWindow', this[CURSOR])
  }

  foldWindow(): never {
    throw notKeyed('foldWindow', this[CURSOR])
  }

  reduceWindow(): never {
    throw notKeyed('reduceWindow', this[CURSOR])
  }

  countWindow(): never {
    throw notKeyed('countWindow', this[CURSOR])
  }

  maxWindow(): never {
    throw notKeyed('maxWindow', this[CURSOR])
  }

  minWindow(): never {
    throw notKeyed('minWindow', this[CURSOR])
  }

  joinWindow(): never {
    throw notKeyed('joinWindow', this[CURSOR])
  }
}
