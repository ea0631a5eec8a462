import { requireLambda } from '../../operators/contract/function-form.ts'
import { requireTag } from './arguments.ts'
import { StreamByKey } from './keyed-stream.ts'
import { CURSOR, type Cursor, type PatternSettings } from './stream-scope.ts'

/** The methods of `PatternStream`, typed there. */
export class StreamOfMatches extends StreamByKey {
  readonly #pattern: PatternSettings

  constructor(cursor: Cursor, pattern: PatternSettings) {
    super(cursor)
    this.#pattern = pattern
  }

  timedOut(tag: unknown, fn?: unknown): this {
    requireTag(tag, 'timedOut')
    if (fn !== undefined) requireLambda(fn, 'timedOut')
    const { outputs, compared } = this.#change('timedOut')
    outputs.timedOut = { tag, fn }
    compared.timedOut = tag.id
    return this
  }

  lateOutput(tag: unknown): this {
    requireTag(tag, 'lateOutput')
    const { outputs, compared } = this.#change('lateOutput')
    outputs.late = tag
    compared.late = tag.id
    return this
  }

  #change(output: string): PatternSettings {
    const { scope, node } = this[CURSOR]
    scope.graph.refuseWhenSealed(`set ${output} of '${node.name}'`)
    return this.#pattern
  }
}
