import type { SinkRecovery } from '../../operators/contract/operator.ts'
import { TwoPhaseSink } from '../../operators/contract/two-phase-sink.ts'
import type { Row } from './ledger.ts'
import type { World } from './world.ts'

/** Writes rows into the ledger: each visible once its checkpoint is complete. */
class LedgerSink extends TwoPhaseSink<Row> {
  readonly #world: World
  #rows: Row[] = []
  /** By epoch. */
  readonly #prepared = new Map<number, string>()

  constructor(world: World) {
    super()
    this.#world = world
  }

  override open(): void {
    this.#world.troubles.at('open')
  }

  execute(row: Row): void {
    this.#world.work()
    this.#rows.push(row)
  }

  async prepare(epoch: number): Promise<unknown> {
    const { ledger, life, troubles } = this.#world
    troubles.at('prepare')
    if (this.#rows.length > 0) {
      const { name, subtask } = this.ctx
      // Unlike in every other life.
      const id = `${life}/${name}/${subtask}/${epoch}`
      const rows = this.#rows
      this.#rows = []
      await ledger.prepare(id, epoch, subtask, rows)
      this.#prepared.set(epoch, id)
    }
    return this.#prepared.size === 0 ? undefined : [...this.#prepared.values()]
  }

  async commit(epoch: number): Promise<void> {
    const { ledger, troubles } = this.#world
    troubles.at('commit')
    for (const [prepared, id] of [...this.#prepared]) {
      if (prepared > epoch) continue
      await ledger.commit(id)
      this.#prepared.delete(prepared)
    }
  }

  async recover({ epoch, pending, later }: SinkRecovery): Promise<void> {
    const { ledger, troubles } = this.#world
    troubles.at('recover')
    for (const id of pending.flat() as string[]) await ledger.commit(id)
    if (later.length > 0) await ledger.revokeAfter(epoch)
  }

  override close(): void {
    this.#world.troubles.at('close')
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
