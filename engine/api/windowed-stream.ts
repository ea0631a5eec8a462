import { type Duration, durationMs } from '../../codec/duration.ts'
import { describe, StreamError } from '../../codec/errors.ts'
import { generalCodec } from '../../codec/general-codec.ts'
import { OutputTag } from '../../operators/contract/function.ts'
import { requireLambda } from '../../operators/contract/function-form.ts'
import { requireTrigger, type Trigger, triggers } from '../../operators/window/trigger.ts'
import {
  CountWindows,
  requireAssigner,
  type WindowAssigner,
} from '../../operators/window/window-assigner.ts'
import {
  aggregateContents,
  countContents,
  extremeContents,
  listContents,
  reduceContents,
  sumContents,
  type WindowContents,
} from '../../operators/window/window-contents.ts'
import { windowFactory } from '../../operators/window/window-factory.ts'
import type { ProcessWindow } from '../../operators/window/window-output.ts'
import { hasTimestamps } from '../graph/timestamps.ts'
import { append } from './append.ts'
import { operatorOptions } from './arguments.ts'
import { type Cursor, cursorAt } from './stream-scope.ts'

/** What was said of the windows so far. */
interface Settings {
  readonly latenessMs: number
  readonly late: OutputTag<unknown> | undefined
  /** Undefined: the default. */
  readonly trigger: Trigger | undefined
}

const untold: Settings = { latenessMs: 0, late: undefined, trigger: undefined }

/** The methods of `WindowedStream`, typed there. */
export class WindowsByKey {
  readonly #cursor: Cursor
  readonly #assigner: WindowAssigner
  readonly #settings: Settings
  /** Whether timestamps are assigned. */
  readonly #event: boolean

  constructor(cursor: Cursor, assigner: unknown, settings: Settings = untold) {
    requireAssigner(assigner)
    this.#cursor = cursor
    this.#assigner = assigner
    this.#settings = settings
    this.#event = hasTimestamps(cursor.node)
  }

  allowedLateness(d: unknown): WindowsByKey {
    const latenessMs = durationMs(d as Duration, 'allowedLateness')
    return this.#with({ latenessMs })
  }

  lateOutput(tag: unknown): WindowsByKey {
    if (!(tag instanceof OutputTag)) {
      throw new StreamError(
        'SAGE_OPTION',
        `lateOutput: expected an OutputTag, got ${describe(tag)}`,
      )
    }
    return this.#with({ late: tag })
  }

  trigger(trigger: unknown): WindowsByKey {
    requireTrigger(trigger, 'trigger')
    if (this.#assigner instanceof CountWindows) {
      throw new StreamError(
        'SAGE_OPTION',
        'trigger: expected windows of time or globalWindow(), got count windows, which fire by their count',
      )
    }
    if (trigger.type === 'eventTime' && !this.#event) {
      throw new StreamError(
        'SAGE_OPTION',
        'trigger: expected windows of event time (assignTimestamps above them) for triggers.eventTime(), ' +
          'got a stream without timestamps',
      )
    }
    return this.#with({ trigger })
  }

  aggregate(aggregate: unknown, options?: unknown) {
    return this.#add('aggregate', aggregateContents(aggregate), options)
  }

  reduce(fn: unknown, options?: unknown) {
    return this.#add('reduce', reduceContents(fn), options)
  }

  count(options?: unknown) {
    return this.#add('count', countContents(), options)
  }

  sum(by?: unknown, options?: unknown) {
    return this.#add('sum', sumContents(by), options)
  }

  min(by?: unknown, options?: unknown) {
    return this.#add('min', extremeContents('min', -1, by), options)
  }

  max(by?: unknown, options?: unknown) {
    return this.#add('max', extremeContents('max', 1, by), options)
  }

  toArray(options?: unknown) {
    return this.#add('toArray', listContents(), options)
  }

  process(fn: unknown, options?: unknown) {
    requireLambda(fn, 'window process')
    return this.#add('process', listContents(), options, fn as ProcessWindow)
  }

  #with(settings: Partial<Settings>): WindowsByKey {
    return new WindowsByKey(this.#cursor, this.#assigner, { ...this.#settings, ...settings })
  }

  #add(method: string, contents: WindowContents, options: unknown, process?: ProcessWindow) {
    const { latenessMs, late, trigger = this.#defaultTrigger() } = this.#settings
    const checked = operatorOptions(`window ${method}`, options)
    if (this.#assigner.merges === true && contents.merge === undefined) {
      throw new StreamError(
        'SAGE_OPTION',
        `${method}.merge: expected a function (a, b) => accumulator, as sessions merge, got undefined`,
      )
    }
    const assigner = this.#assigner
    const factory = windowFactory({
      assigner,
      contents,
      event: this.#event,
      latenessMs,
      trigger,
      late,
      process,
    })
    const cursor = this.#cursor
    const node = append([cursor], {
      kind: 'window',
      options: checked,
      body: { type: 'operator', factory },
      compared: {
        method,
        windows: assigner.constructor.name,
        ...assigner,
        latenessMs,
        late: late?.id,
        trigger: { ...trigger },
      },
    })
    return cursor.scope.stream(cursorAt(cursor.scope, node, generalCodec, cursor))
  }

  #defaultTrigger(): Trigger {
    return this.#event ? triggers.eventTime() : triggers.processingTime()
  }
}
