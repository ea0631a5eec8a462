/** Where records come from; `docs/library.md`, "Sources". */
import { Readable } from 'node:stream'
import { LocalEnvironment, type PartitionedSource, type PartitionReader } from 'sage-stream'

const env = new LocalEnvironment('sources', { parallelism: 2 })

// Anything that can be iterated, and is there when the graph is built.
env.fromCollection(['a', 'b']).print('collection')

// Made where it is read, no faster than the job takes it.
env
  .fromBatch(function* () {
    for (let n = 1; n <= 3; n++) yield n * n
  })
  .print('batch')

// The same for what takes time: an async generator, a Node stream or a web stream.
env
  .fromIterable(async function* () {
    for (const page of ['one', 'two']) yield await Promise.resolve(page)
  })
  .print('iterable')
env.fromReadable(() => Readable.from(['chunk'])).print('readable')

// Record number i, made in ranges side by side: 0 and 1 by one subtask, 2 and 3 by the other.
env.fromGenerator(4, (i) => ({ id: i })).print('generator')

// Called again and again; null is the end.
let left = 3
env.fromSource(() => (left > 0 ? left-- : null)).print('function')

/** Reads the shelves of a shop, each on one subtask. */
class Shelves implements PartitionedSource<string, number> {
  readonly #goods: Record<string, string[]> = { fruit: ['apple', 'pear'], tools: ['saw'] }

  partitions(): string[] {
    return Object.keys(this.#goods)
  }

  open(shelf: string, position = 0): PartitionReader<string, number> {
    const goods = this.#goods[shelf]
    let next = position
    return {
      next: (max) => {
        if (next >= goods.length) return null
        const batch = goods.slice(next, next + max)
        next += batch.length
        return batch
      },
      position: () => next,
    }
  }
}
env.fromSource(Shelves).print('shelves')

await env.submit({ autostop: true })
