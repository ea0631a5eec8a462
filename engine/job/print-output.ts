import { newBatch } from '../../codec/record-codec.ts'
import type { InputChannel } from '../channel/input-channel.ts'
import { type LoopTurn, thisLoop } from './loop-turn.ts'
import type { MainEnd } from './main-loop.ts'

/** Writes the lines of a `print` to standard output, as fast as it takes them. */
export class PrintOutput implements MainEnd {
  #channel: InputChannel
  readonly #loop: LoopTurn
  readonly #batch = newBatch()
  #blocked = false

  constructor(channel: InputChannel, loop = thisLoop) {
    this.#channel = channel
    this.#loop = loop
  }

  /** Whether standard output takes nothing at present. */
  get blocked(): boolean {
    return this.#blocked
  }

  pump(): boolean {
    let moved = false
    while (!this.#blocked && this.#writeNext()) {
      moved = true
      if (!this.#loop.spent()) continue
      this.#loop.machine.soon(() => this.pump())
      break
    }
    return moved
  }

  /** The job has ended, or will be started again: hands over the rest, at most a ring's, before anything that the program writes next. */
  finish(): void {
    while (this.#writeNext());
  }

  /** The next life of the job begins. */
  attach(channel: InputChannel): void {
    this.#channel = channel
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
