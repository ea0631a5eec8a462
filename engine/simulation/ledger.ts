import type { Random } from './random.ts'
import type { Schedule } from './schedule.ts'

/** What the sinks of a workload take in. */
export interface Row {
  /** What it says: rows of the same words are alike. */
  readonly what: string
  /** Rows of one lane keep their order: by `index`. Undefined: no order is promised. */
  readonly lane?: string
  readonly index?: number
}

type TransactionState = 'prepared' | 'committed' | 'revoked'

interface Transaction {
  readonly epoch: number
  readonly subtask: number
  readonly rows: readonly Row[]
  state: TransactionState
}

/** How long a call takes at most, in ms, and how many fail. */
export interface LedgerWeather {
  readonly latencyMs: number
  readonly errorShare: number
}

/**
 * The world outside, where sinks of two phases make rows visible: transactions that are prepared, committed, and perhaps
 * revoked. It outlives every crash of the job, and forgets nothing. A call of a process that is killed meanwhile has had its
 * effect, or not.
 */
export class Ledger {
  weather: LedgerWeather = { latencyMs: 1, errorShare: 0 }
  /** How often a call has failed. */
  failures = 0
  /** Looks at what has become visible: throws where that must not be. */
  onChange: (rows: readonly Row[], by: 1 | -1) => void = () => {}
  readonly #schedule: Schedule
  readonly #random: Random
  readonly #transactions = new Map<string, Transaction>()

  constructor(schedule: Schedule, random: Random) {
    this.#schedule = schedule
    this.#random = random
  }

  prepare(id: string, epoch: number, subtask: number, rows: readonly Row[]): Promise<void> {
    return this.#call(`prepares ${id}: ${rows.length} rows`, () => {
      this.#transactions.set(id, { epoch, subtask, rows, state: 'prepared' })
    })
  }

  /** Makes its rows visible; once it is, nothing more happens. */
  commit(id: string): Promise<void> {
    return this.#call(`commits ${id}`, () => {
      const transaction = this.#transactions.get(id)
      if (transaction === undefined) throw new Error(`transaction ${id} was never prepared`)
      this.#turn(transaction, 'committed')
    })
  }

  /** Takes back all that was prepared for later epochs. */
  revokeAfter(epoch: number): Promise<void> {
    return this.#call(`revokes after ${epoch}`, () => {
      for (const transaction of this.#transactions.values())
        if (transaction.epoch > epoch) this.#turn(transaction, 'revoked')
    })
  }

  /** What anyone can see, in the order of epochs. */
  visible(): Row[] {
    return [...this.#transactions.values()]
      .filter(({ state }) => state === 'committed')
      .sort((a, b) => a.epoch - b.epoch || a.subtask - b.subtask)
      .flatMap(({ rows }) => rows)
  }

  #turn(transaction: Transaction, state: TransactionState): void {
    const { state: before, rows } = transaction
    if (before === state) return
    transaction.state = state
    if (state === 'committed') this.onChange(rows, 1)
    else if (before === 'committed') this.onChange(rows, -1)
  }

  #call(what: string, effect: () => void): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const fails = this.#random.chance(this.weather.errorShare)
    this.#schedule.plan({
      ms: this.#schedule.delay(this.weather.latencyMs),
      what: () => `${what}${fails ? ', which fails' : ''}`,
      run: () => {
        if (fails) {
          this.failures++
          reject(new Error(`injected: the ledger ${what}`))
          return
        }
        try {
          effect()
          resolve()
        } catch (error) {
          reject(error)
        }
      },
      abandoned: (end) => {
        if (!fails && (end === 'thread' || this.#random.chance(0.5))) effect()
      },
    })
    return promise
  }
}
