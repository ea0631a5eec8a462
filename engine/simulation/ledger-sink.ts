import type { SinkRecovery } from '../../operators/contract/operator.ts'
import { TwoPhaseSink } from '../../operators/contract/two-phase-sink.ts'
import type { Ledger, Row } from './ledger.ts'
import type { Troubles } from './troubles.ts'

/** What a sink needs of the world. */
export interface LedgerSinkOptions {
  readonly ledger: Ledger
  readonly troubles: Troubles
  /** Names its transactions: unlike in every other life. */
  readonly life: string
}

/** Writes rows into the ledger: each visible once its checkpoint is complete. */
class LedgerSink extends TwoPhaseSink<Row> {
  readonly #options: LedgerSinkOptions
  #rows: Row[] = []
  /** By epoch. */
  readonly #prepared = new Map<number, string>()

  constructor(options: LedgerSinkOptions) {
    super()
    this.#options = options
  }

  override open(): void {
    this.#options.troubles.at('open')
  }

  execute(row: Row): void {
    this.#rows.push(row)
  }

  async prepare(epoch: number): Promise<unknown> {
    const { ledger, life, troubles } = this.#options
    troubles.at('prepare')
    if (this.#rows.length > 0) {
      const { subtask } = this.ctx
      const id = `${life}/${subtask}/${epoch}`
      const rows = this.#rows
      this.#rows = []
      await ledger.prepare(id, epoch, subtask, rows)
      this.#prepared.set(epoch, id)
    }
    return this.#prepared.size === 0 ? undefined : [...this.#prepared.values()]
  }

  async commit(epoch: number): Promise<void> {
    const { ledger, troubles } = this.#options
    troubles.at('commit')
    for (const [prepared, id] of [...this.#prepared]) {
      if (prepared > epoch) continue
      await ledger.commit(id)
      this.#prepared.delete(prepared)
    }
  }

  async recover({ epoch, pending, later }: SinkRecovery): Promise<void> {
    const { ledger, troubles } = this.#options
    troubles.at('recover')
    for (const id of pending.flat() as string[]) await ledger.commit(id)
    if (later.length > 0) await ledger.revokeAfter(epoch)
  }

  override close(): void {
    this.#options.troubles.at('close')
  }
}

/** Its commits can be taken back. */
export class RecallableSink extends LedgerSink {
  static override readonly visibility = 'recallable'
}

/** Its commits are for good. */
export class FinalSink extends LedgerSink {
  static override readonly visibility = 'final'
}
