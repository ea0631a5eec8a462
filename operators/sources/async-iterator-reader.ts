import type { PartitionReader } from '../contract/source.ts'

/**
 * So many turns of the microtask queue an iterator that has its next element at hand may take to
 * give it.
 */
const TURNS = 8

interface Request {
  readonly result: Promise<IteratorResult<unknown>>
  settled: boolean
}

/**
 * Reads an async iterator, one request at a time. What it has at hand comes in batches; an element
 * that takes longer delays none before it.
 */
export class AsyncIteratorReader implements PartitionReader<unknown, number> {
  readonly #iterator: AsyncIterator<unknown>
  readonly #dispose: (() => void) | undefined
  #request: Request | undefined
  #position = 0
  #ended = false

  /**
   * `dispose` takes the place of the iterator's own `return`, for what must be let go while a
   * request waits.
   */
  constructor(iterator: AsyncIterator<unknown>, dispose?: () => void) {
    this.#iterator = iterator
    this.#dispose = dispose
  }

  async next(max: number): Promise<unknown[] | null> {
    const batch: unknown[] = []
    while (batch.length < max && !this.#ended) {
      this.#request ??= request(this.#iterator)
      const waits = batch.length > 0 && !(await settlesSoon(this.#request))
      if (waits || !(await this.#take(batch))) break
    }
    this.#position += batch.length
    return batch.length === 0 ? null : batch
  }

  /** Adds the requested element. False: it failed, and the next call is to throw. */
  async #take(batch: unknown[]): Promise<boolean> {
    const taken = this.#request!
    try {
      const { done, value } = await taken.result
      if (done === true) this.#ended = true
      else batch.push(value)
    } catch (error) {
      // The failed request stays, and is what the next call takes first.
      if (batch.length > 0) return false
      this.#request = undefined
      this.#position++
      throw error
    }
    this.#request = undefined
    return true
  }

  position(): number {
    return this.#position
  }

  /** An iterator that never answers its last request is let go without its answer. */
  async close(): Promise<void> {
    if (this.#dispose !== undefined) return this.#dispose()
    const returned = this.#ended ? undefined : this.#iterator.return?.()
    if (this.#request === undefined) await returned
    else returned?.catch(() => undefined)
  }

  /** Skips `count` elements, to begin at a position. */
  async skip(count: number): Promise<void> {
    while (this.#position < count) {
      if ((await this.next(count - this.#position)) === null) return
    }
  }
}

function request(iterator: AsyncIterator<unknown>): Request {
  const result = new Promise<IteratorResult<unknown>>((resolve) => resolve(iterator.next()))
  const made: Request = { result, settled: false }
  const settle = (): void => {
    made.settled = true
  }
  made.result.then(settle, settle)
  return made
}

async function settlesSoon(request: Request): Promise<boolean> {
  for (let turn = 0; turn < TURNS && !request.settled; turn++) await undefined
  return request.settled
}
