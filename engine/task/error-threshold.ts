import type { RuntimeContext } from '../../operators/contract/context.ts'

/** The store in which the subtasks of operators with a threshold count together. */
const STORE = 'sage-stream:errors'

/** Counts the failures of one operator, over all of its subtasks, in a window that slides with the job's clock. */
export class ErrorThreshold {
  readonly #maxErrors: number
  readonly #windowMs: number
  readonly #ctx: Pick<RuntimeContext, 'name' | 'clock' | 'shared'>

  constructor(
    { maxErrors, windowMs }: { readonly maxErrors: number; readonly windowMs: number },
    ctx: Pick<RuntimeContext, 'name' | 'clock' | 'shared'>,
  ) {
    this.#maxErrors = maxErrors
    this.#windowMs = windowMs
    this.#ctx = ctx
  }

  /** Counts one more. Whether there are too many now. */
  exceed(): boolean {
    const { name, clock } = this.#ctx
    const now = clock.now()
    const times = this.#ctx.shared(STORE).update<number[]>(name, (before = []) => {
      const within = before.filter((time) => time > now - this.#windowMs)
      return [...within, now].slice(-this.#maxErrors - 1)
    })
    return times.length > this.#maxErrors
  }

  get limit(): string {
    return `at most ${this.#maxErrors} errors within ${this.#windowMs} ms`
  }
}
