import { generalCodec } from '../../codec/general-codec.ts'
import { requireLambda } from '../../operators/contract/function-form.ts'
import type { OperatorFactory } from '../../operators/contract/operator.ts'
import { entriesFactory } from '../../operators/final/entries.ts'
import { foldFinalFactory } from '../../operators/final/fold-final.ts'
import { maxFinalFactory, minFinalFactory } from '../../operators/final/min-max-final.ts'
import { reduceFactory } from '../../operators/final/reduce.ts'
import { reduceFinalFactory } from '../../operators/final/reduce-final.ts'
import { append } from './append.ts'
import { type CheckedOptions, type OptionRules, operatorOptions, stepOptions } from './arguments.ts'
import { BasicStream, cursorOf } from './basic-stream.ts'
import { joinIntervals } from './interval-join.ts'
import { notKeyed } from './keying.ts'
import { CURSOR, cursorAt } from './stream-scope.ts'
import { WindowsByKey } from './windowed-stream.ts'

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

  window(assigner: unknown) {
    return new WindowsByKey(this[CURSOR], assigner)
  }

  intervalJoin(other: unknown, options?: unknown) {
    return joinIntervals(this[CURSOR], cursorOf(other, 'intervalJoin'), options)
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

  window(): never {
    throw notKeyed('window', this[CURSOR])
  }

  intervalJoin(): never {
    throw notKeyed('intervalJoin', this[CURSOR])
  }
}
