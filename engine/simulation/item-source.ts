import {
  IDLE,
  type PartitionedSource,
  type PartitionReader,
} from '../../operators/contract/source.ts'
import { type Item, itemOf, type SourceSpec } from './item.ts'
import type { World } from './world.ts'

/** How long a source may take to answer, in ms. */
const LATENCY_MS = 100

/** Reads the items of a source: a few at a time, at once or later, or nothing for now. */
export function itemSource(spec: SourceSpec, world: World): PartitionedSource<Item, number> {
  return {
    partitions: () => {
      world.troubles.at('partitions')
      return spec.counts.map((_, partition) => String(partition))
    },
    open: (partition, position = 0) => new ItemReader(spec, Number(partition), position, world),
  }
}

class ItemReader implements PartitionReader<Item, number> {
  readonly #spec: SourceSpec
  readonly #partition: number
  readonly #world: World
  #next: number

  constructor(spec: SourceSpec, partition: number, position: number, world: World) {
    this.#spec = spec
    this.#partition = partition
    this.#next = position
    this.#world = world
  }

  next(max: number): Item[] | typeof IDLE | null | Promise<Item[]> {
    const { random, troubles } = this.#world
    troubles.at('read')
    if (this.#next >= this.#spec.counts[this.#partition]) return null
    if (random.chance(0.1)) return IDLE
    const most = Math.min(max, this.#spec.counts[this.#partition] - this.#next)
    const count = Math.min(most, random.between(1, 3))
    if (random.chance(0.5)) return this.#take(count)
    return this.#world.later(LATENCY_MS, 'a source answers', () => this.#take(count))
  }

  /** Asked for when the engine has taken what `next` has given. */
  position(): number {
    this.#world.handedOut(this.#spec.name, this.#partition, this.#next)
    return this.#next
  }

  #take(count: number): Item[] {
    const from = this.#next
    this.#next += count
    return Array.from({ length: count }, (_, i) => itemOf(this.#spec, this.#partition, from + i))
  }
}
