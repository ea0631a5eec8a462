import { describe, StreamError } from '../../codec/errors.ts'
import { generalCodec } from '../../codec/general-codec.ts'
import type { WindowSpec } from '../../operators/connected/window-frames.ts'
import { windowStreamsFactory } from '../../operators/connected/window-streams.ts'
import { OutputTag } from '../../operators/contract/function.ts'
import { requireLambda } from '../../operators/contract/function-form.ts'
import { append } from './append.ts'
import { operatorOptions } from './arguments.ts'
import { areKeyed } from './connected-operators.ts'
import { type ConnectedSettings, handlingOf } from './connected-settings.ts'
import { type Cursor, cursorAt } from './stream-scope.ts'

/** The methods of `ConnectedWindow`, typed there. */
export class WindowOverInputs {
  readonly #cursors: readonly Cursor[]
  readonly #settings: ConnectedSettings
  readonly #window: WindowSpec
  readonly #key: Pick<Cursor, 'keyed' | 'keying'>
  readonly #late: OutputTag<unknown> | undefined

  constructor(
    cursors: readonly Cursor[],
    settings: ConnectedSettings,
    window: WindowSpec,
    key: Pick<Cursor, 'keyed' | 'keying'>,
    late?: OutputTag<unknown>,
  ) {
    this.#cursors = cursors
    this.#settings = settings
    this.#window = window
    this.#key = key
    this.#late = late
  }

  lateOutput(tag: unknown): WindowOverInputs {
    if (!(tag instanceof OutputTag)) {
      const expected = 'expected an OutputTag'
      throw new StreamError('SAGE_OPTION', `lateOutput: ${expected}, got ${describe(tag)}`)
    }
    return new WindowOverInputs(this.#cursors, this.#settings, this.#window, this.#key, tag)
  }

  process(fn: unknown, given?: unknown) {
    requireLambda(fn, 'window.process')
    const cursors = this.#cursors
    const { scope } = cursors[0]
    const factory = windowStreamsFactory({
      window: this.#window,
      fn,
      inputs: cursors.length,
      keyed: areKeyed(cursors),
      late: this.#late,
    })
    const node = append(cursors, {
      kind: 'window',
      options: operatorOptions('window.process', given),
      body: { type: 'operator', factory },
      handling: handlingOf(this.#settings, cursors),
      compared: { window: this.#window, late: this.#late?.id },
    })
    return scope.stream(cursorAt(scope, node, generalCodec, this.#key))
  }
}
