import { type InputChannel, newBatch } from '../channel/input-channel.ts'
import type { MainEnd } from './main-loop.ts'

/** Writes the lines of a `print` to standard output, as fast as it takes them. */
export class PrintOutput implements MainEnd {
  readonly #channel: InputChannel
  readonly #batch = newBatch()
  #blocked = false

  constructor(channel: InputChannel) {
    this.#channel = channel
  }

  pump(): boolean {
    let moved = false
    while (!this.#blocked && this.#channel.poll(this.#batch) === 'records') {
      moved = true
      this.#write(`${this.#batch.values.slice(0, this.#batch.count).join('\n')}\n`)
    }
    return moved
  }

  #write(text: string): void {
    if (process.stdout.write(text)) return
    this.#blocked = true
    process.stdout.once('drain', () => {
      this.#blocked = false
      this.pump()
    })
  }
}
