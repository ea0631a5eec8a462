import { describe, StreamError } from '../../codec/errors.ts'
import type { RuntimeContext } from '../contract/context.ts'
import type { SourceFactory } from '../contract/operator.ts'
import type { PartitionReader } from '../contract/source.ts'
import { isIterable, iteratorReader } from './iterator-reader.ts'
import { singlePartition } from './single-partition.ts'

/**
 * The elements of an array or another iterable, which stays its owner's. Positions are indexes;
 * what can be iterated again can be replayed.
 */
export function collectionSource(iterable: unknown): SourceFactory {
  if (!isIterable(iterable)) {
    throw new StreamError(
      'SAGE_OPTION',
      `fromCollection: expected an iterable, got ${describe(iterable)}`,
    )
  }
  const open = (ctx: RuntimeContext, position: unknown) => {
    const start = (position as number | undefined) ?? 0
    return Array.isArray(iterable)
      ? new ArrayReader(iterable, start)
      : iteratorReader(iterable[Symbol.iterator](), start, ctx)
  }
  return singlePartition(open, { sharesRecords: true })
}

class ArrayReader implements PartitionReader<unknown, number> {
  readonly #items: readonly unknown[]
  #index: number

  constructor(items: readonly unknown[], index: number) {
    this.#items = items
    this.#index = index
  }

  next(max: number): unknown[] | null {
    if (this.#index >= this.#items.length) return null
    const batch = this.#items.slice(this.#index, this.#index + max)
    this.#index += batch.length
    return batch
  }

  position(): number {
    return this.#index
  }
}
