import type { Expected } from './interpreter.ts'
import type { RowReader } from './main-program.ts'
import { Finding } from './oracle.ts'

/**
 * Holds what an output gives to its reader against what it has to: nothing that is wrong, and nothing more often than the job was started;
 * all of it, unless a process ended with what the reader had not come to.
 */
export class Reading implements RowReader {
  readonly #expected: Expected
  readonly #read = new Map<string, number>()
  #starts = 0
  #isWhole = true

  constructor(expected: Expected) {
    this.#expected = expected
  }

  /** The job is started: from here on it may repeat what it has given. */
  started(): void {
    this.#starts++
  }

  /** What comes from here on is read by nobody, or nobody remembers. */
  left(): void {
    this.#isWhole = false
  }

  read(what: string): void {
    const count = (this.#read.get(what) ?? 0) + 1
    this.#read.set(what, count)
    const most = (this.#expected.rows.get(what) ?? 0) * this.#starts
    if (count <= most) return
    throw new Finding(
      most === 0
        ? `'${what}' was read, and is wrong`
        : `'${what}' was read ${count} times, of a job that was started ${this.#starts} times`,
    )
  }

  /** All that was to be read was. */
  checkAll({ rows }: Expected = this.#expected): void {
    if (!this.#isWhole) return
    for (const [what, count] of rows) {
      const found = this.#read.get(what) ?? 0
      if (found < count) throw new Finding(`'${what}' was read ${found} times of ${count}`)
    }
  }
}
