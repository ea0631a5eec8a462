import type { Files } from '../../operators/contract/files.ts'
import type { Ledger } from './ledger.ts'
import type { Random } from './random.ts'
import type { Schedule } from './schedule.ts'
import type { Troubles } from './troubles.ts'

/** What the user code of a workload sees of the world, in one life of its job. */
export class World {
  readonly ledger: Ledger
  readonly files: Files
  readonly troubles: Troubles
  /** What sources and functions decide by. */
  readonly random: Random
  /** Names the life. */
  readonly life: string
  /** How long a record may take where functions are slow, in ms; 0: no time. */
  readonly slowMs: number
  readonly #schedule: Schedule
  readonly #handedOut: Map<string, number>

  constructor(
    {
      ledger,
      files,
      troubles,
      random,
      life,
      slowMs,
    }: Pick<World, 'ledger' | 'files' | 'troubles' | 'random' | 'life' | 'slowMs'>,
    schedule: Schedule,
    handedOut: Map<string, number>,
  ) {
    this.ledger = ledger
    this.files = files
    this.troubles = troubles
    this.random = random
    this.life = life
    this.slowMs = slowMs
    this.#schedule = schedule
    this.#handedOut = handedOut
  }

  /** Does something within `most` ms, and tells what came of it. */
  later<R>(most: number, what: string, work: () => R): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#schedule.plan({
        ms: this.#schedule.delay(most),
        what: () => what,
        run: () => {
          try {
            resolve(work())
          } catch (error) {
            reject(error)
          }
        },
      })
    })
  }

  /** A function is at work on a record. */
  work(): void {
    if (this.slowMs > 0) this.#schedule.spend(this.random.next() * this.slowMs)
  }

  /** A source has handed out the items of a partition up to `index`. */
  handedOut(source: string, partition: number, index: number): void {
    this.#handedOut.set(`${source}${partition}`, index)
  }
}
