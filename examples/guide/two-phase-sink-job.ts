import { defineJob } from 'sage-stream'
import { type SinkRecovery, TwoPhaseSink } from 'sage-stream/operators'

interface Batch {
  readonly epoch: number
  readonly id: string
  readonly orders: readonly string[]
}

/** Posts orders to a server that takes a batch once, however often it comes. */
class Posts extends TwoPhaseSink<string> {
  readonly #url: string
  #taken: string[] = []
  #prepared: Batch[] = []

  constructor({ url }: { url: string }) {
    super()
    this.#url = url
  }

  override execute(order: string): void {
    this.#taken.push(order)
  }

  /** Into the checkpoint: all that has not been committed yet. */
  prepare(epoch: number): readonly Batch[] | undefined {
    // No number comes twice, so no other batch of any run has this id.
    const id = `${this.sinkId}-${this.ctx.subtask}-${epoch}`
    if (this.#taken.length > 0) this.#prepared.push({ epoch, id, orders: this.#taken })
    this.#taken = []
    return this.#prepared.length === 0 ? undefined : [...this.#prepared]
  }

  /** The checkpoint is complete. */
  async commit(epoch: number): Promise<void> {
    await this.#post(this.#prepared.filter((batch) => batch.epoch <= epoch))
    this.#prepared = this.#prepared.filter((batch) => batch.epoch > epoch)
  }

  /** The job begins from it: nobody knows how far its commit had come. */
  async recover({ pending }: SinkRecovery): Promise<void> {
    await this.#post((pending as Batch[][]).flat())
  }

  async #post(batches: readonly Batch[]): Promise<void> {
    for (const { id, orders } of batches) {
      const options = { method: 'PUT', body: JSON.stringify(orders) }
      const { ok, status } = await fetch(`${this.#url}/${id}`, options)
      if (!ok) throw new Error(`expected the server to take batch ${id}, got status ${status}`)
    }
  }
}

export const posting = defineJob(import.meta.url, 'posting', (env, params: { url: string }) => {
  const orders = env.createStream<string>('orders', { replay: true })
  orders.rebalance().sink(Posts, params, { uid: 'posts' })
  return { orders }
})
