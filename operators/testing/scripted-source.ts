import { type Duration, durationMs } from '../../codec/duration.ts'
import { describe, StreamError } from '../../codec/errors.ts'
import type { Clock, RuntimeContext } from '../contract/context.ts'
import { IDLE, type PartitionedSource, type PartitionReader } from '../contract/source.ts'

/**
 * In a script: the source ends here. A job that resumes from behind it goes on with what follows.
 */
export const END: unique symbol = Symbol.for('sage-stream.testing.END')

/** In a script: the job fails here, the first time that this place is reached. */
export const ABORT: unique symbol = Symbol.for('sage-stream.testing.ABORT')

/** In a script: made by {@link pause}. */
export class Pause {
  readonly ms: number

  constructor(d: Duration) {
    this.ms = durationMs(d, 'pause')
  }
}

/**
 * In a script: nothing more until `d` has passed on the job's clock since this place was reached.
 * With `Infinity`, never.
 */
export function pause(d: Duration): Pause {
  return new Pause(d)
}

/** What a script may hold besides records. */
export type ScriptMark = typeof END | typeof ABORT | Pause

/**
 * What of a script are records: its marks are symbols (widened in a script kept in a constant) and
 * pauses.
 */
export type ScriptRecord<T> = Exclude<T, symbol | Pause>

/**
 * Where an ABORT has been reached, by the script itself: a graph that is built again from the same
 * array, as at a restart within the process, goes past it.
 */
const reached = new WeakMap<readonly unknown[], Set<number>>()

/**
 * A source that follows a script, for tests: its records one after the other, and in their midst
 * `END`, `ABORT` and `pause(d)`.
 *
 * ```ts
 * const clicks = [{ at: 1 }, pause('10s'), { at: 2 }, END, { at: 3 }]
 * const env = new LocalEnvironment('clicks', { mode: 'inline', clock })
 * const ats = env
 *   .fromSource(scriptedSource(clicks))
 *   .map(({ at }) => at)
 *   .output('ats')
 * ```
 *
 * It has one partition; its position is an index into the script, so it can be replayed from
 * anywhere. The script ends with its last item.
 *
 * `ABORT` fails once (`SAGE_USER_ERROR`, which goes through the source's `errors` policy like any
 * failure of a source). That it did is remembered for the *array*: keep the script in a
 * constant of its module, and a job that is restarted in the same thread goes past it; a script
 * written inside the function that builds the graph, and one on a new thread, starts afresh.
 */
export function scriptedSource<T>(
  items: readonly (T | symbol | Pause)[],
): PartitionedSource<ScriptRecord<T>, number> {
  if (!Array.isArray(items)) {
    throw new StreamError(
      'SAGE_OPTION',
      `scriptedSource: expected an array of records and marks, got ${describe(items)}`,
    )
  }
  const script = items as readonly (ScriptRecord<T> | ScriptMark)[]
  return new ScriptedSource(script, { now: () => Date.now() })
}

class ScriptedSource<T> implements PartitionedSource<T, number> {
  readonly #items: readonly (T | ScriptMark)[]
  readonly #clock: Clock

  constructor(items: readonly (T | ScriptMark)[], clock: Clock) {
    this.#items = items
    this.#clock = clock
  }

  /** The same script by the clock of the job that reads it. */
  inContext({ clock }: RuntimeContext): ScriptedSource<T> {
    return new ScriptedSource(this.#items, clock)
  }

  partitions(): string[] {
    return ['0']
  }

  open(_partition: string, position = 0): PartitionReader<T, number> {
    return new ScriptReader(this.#items, position, this.#clock)
  }
}

class ScriptReader<T> implements PartitionReader<T, number> {
  readonly #items: readonly (T | ScriptMark)[]
  readonly #clock: Clock
  #next: number
  /** By the clock: when the pause at hand is over. */
  #until: number | undefined
  #ended = false

  constructor(items: readonly (T | ScriptMark)[], position: number, clock: Clock) {
    this.#items = items
    this.#next = position
    this.#clock = clock
  }

  next(max: number): T[] | typeof IDLE | null {
    if (this.#ended) return null
    for (;;) {
      const batch = this.#records(max)
      if (batch.length > 0) return batch
      if (this.#next >= this.#items.length) return null
      const mark = this.#items[this.#next] as ScriptMark
      if (mark instanceof Pause) {
        if (this.#waits(mark)) return IDLE
      } else if (mark === END) return this.#end()
      else this.#abort()
      this.#next++
    }
  }

  position(): number {
    return this.#next
  }

  #records(max: number): T[] {
    const batch: T[] = []
    while (batch.length < max && this.#next < this.#items.length) {
      const item = this.#items[this.#next]
      if (isMark(item)) break
      batch.push(item)
      this.#next++
    }
    return batch
  }

  #waits({ ms }: Pause): boolean {
    const now = this.#clock.now()
    this.#until ??= now + ms
    if (now < this.#until) return true
    this.#until = undefined
    return false
  }

  #end(): null {
    this.#next++
    this.#ended = true
    return null
  }

  /** Throws the first time; then does nothing. */
  #abort(): void {
    const places = reached.get(this.#items) ?? new Set<number>()
    reached.set(this.#items, places)
    if (places.has(this.#next)) return
    places.add(this.#next)
    const at = this.#next
    throw new StreamError('SAGE_USER_ERROR', `scriptedSource: ABORT was reached at item ${at}`)
  }
}

function isMark(item: unknown): item is ScriptMark {
  return item === END || item === ABORT || item instanceof Pause
}
