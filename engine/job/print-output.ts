import { newBatch } from '../../codec/record-codec.ts'
import type { InputChannel } from '../channel/input-channel.ts'
import { turnSpent } from './loop-turn.ts'
import type { MainEnd } from './main-loop.ts'

/** Writes the lines of a `print` to standard output, as fast as it takes them. */
export class PrintOutput implements MainEnd {
  readonly #channel: InputChannel
  readonly #batch = newBatch()
  #blocked = false

  constructor(channel: InputChannel) {
    this.#channel = channel
  }

  /** Whether standard output takes nothing at present. */
  get blocked(): boolean {
    return this.#blocked
  }

  pump(): boolean {
    let moved = false
    while (!this.#blocked && this.#writeNext()) {
      moved = true
      if (!turnSpent()) continue
      setImmediate(() => this.pump())
      break
    }
    return moved
  }

  /** The job has ended: hands over the rest, at most a ring's, before anything that the program writes next. */
  finish(): void {
    while (this.#writeNext());
  }

  #writeNext(): boolean {
    const polled = this.#channel.poll(this.#batch)
    if (polled !== 'records') return polled === 'time' || polled === 'barrier'
    const taken = process.stdout.write(
      `${this.#batch.values.slice(0, this.#batch.count).join('\n')}\n`,
    )
    if (!taken && !this.#blocked) this.#await()
    return true
  }

  #await(): void {
    this.#blocked = true
    process.stdout.once('drain', () => {
      this.#blocked = false
      this.pump()
    })
  }
}
