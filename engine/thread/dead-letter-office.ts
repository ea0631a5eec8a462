import { describe, errorToData } from '../../codec/errors.ts'
import type { DeadLetter } from '../../operators/contract/error-policy.ts'
import type { DeadLetterData, Report } from './control.ts'

/** The result of a job keeps so many dead letters; the rest are counted. */
export const DEAD_LETTERS_MAX = 10_000
const BATCH = 256

/** Sends a thread's dead letters to the job's result, in batches, at most as many as it keeps. */
export class DeadLetterOffice {
  readonly #post: (report: Report) => void
  #letters: DeadLetterData[] = []
  #sent = 0
  #dropped = 0

  constructor(post: (report: Report) => void) {
    this.#post = post
  }

  add(letter: DeadLetter): void {
    if (this.#sent + this.#letters.length >= DEAD_LETTERS_MAX) {
      this.#dropped++
      return
    }
    const { operator, attempts, value, key, error } = letter
    this.#letters.push({ value: cloned(value), error: errorToData(error), key, operator, attempts })
    if (this.#letters.length >= BATCH) this.flush()
  }

  flush(): void {
    if (this.#letters.length === 0 && this.#dropped === 0) return
    this.#post({ type: 'deadLetters', letters: this.#letters, dropped: this.#dropped })
    this.#sent += this.#letters.length
    this.#letters = []
    this.#dropped = 0
  }
}

/** A copy, taken before user code can change the record; a picture of what cannot be cloned. */
function cloned(value: unknown): unknown {
  try {
    return structuredClone(value)
  } catch {
    return describe(value)
  }
}
