import { StreamError } from '../../codec/errors.ts'
import type { IDLE, PartitionReader } from '../contract/source.ts'
import { BrokenFileError, brokenFile } from './file-error.ts'
import type { FilePosition } from './file-format.ts'

type Batch = unknown[] | typeof IDLE | null

/**
 * A reader that is at its end once its file proved broken: a policy that lets the job go on must
 * not make it meet the same damage again and again.
 */
export class GuardedReader implements PartitionReader<unknown, FilePosition> {
  readonly #path: string
  readonly #reader: PartitionReader<unknown, FilePosition>
  #broken = false

  constructor(path: string, reader: PartitionReader<unknown, FilePosition>) {
    this.#path = path
    this.#reader = reader
  }

  next(max: number): Batch | Promise<Batch> {
    if (this.#broken) return null
    try {
      const batch = this.#reader.next(max)
      return batch instanceof Promise ? batch.catch((thrown) => this.#fail(thrown)) : batch
    } catch (thrown) {
      this.#fail(thrown)
    }
  }

  position(): FilePosition {
    return this.#reader.position()
  }

  async close(): Promise<void> {
    await this.#reader.close?.()
  }

  #fail(thrown: unknown): never {
    if (thrown instanceof StreamError && !(thrown instanceof BrokenFileError)) throw thrown
    this.#broken = true
    throw brokenFile(this.#path, 'a readable file', thrown)
  }
}
