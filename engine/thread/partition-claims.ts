import type { PartitionClaim } from '../task/source-driver.ts'
import type { PartitionLists, ResumedFrom } from './control.ts'

const FREE = 0
const TAKEN = 1

/**
 * Who reads which partition: one word a partition in shared memory, 0 = free, 1 = taken. A word changes once,
 * by the compare-exchange of the subtask that takes it; nothing else is published by it.
 *
 * Partition i < parallelism is subtask i's own; those behind are taken by whoever comes first, so that a subtask with
 * small partitions helps one with large ones.
 */
export class PartitionClaims {
  readonly #lists: PartitionLists
  readonly #words: Int32Array
  readonly #first = new Map<number, number>()

  readonly #positions: ResumedFrom['positions'] | undefined

  /** @param positions - where partitions are continued, by node id */
  constructor(
    lists: PartitionLists,
    claims: SharedArrayBuffer,
    positions?: ResumedFrom['positions'],
  ) {
    this.#positions = positions
    this.#lists = lists
    this.#words = new Int32Array(claims)
    let first = 0
    for (const [node, partitions] of lists) {
      this.#first.set(node, first)
      first += partitions.length
    }
  }

  /** Memory for the words of all partitions. */
  static allocate(lists: PartitionLists): SharedArrayBuffer {
    const count = [...lists.values()].reduce((sum, partitions) => sum + partitions.length, 0)
    return new SharedArrayBuffer(Math.max(4, count * 4))
  }

  /** The claims of one subtask of a source. */
  of(node: number, subtask: number, parallelism: number): PartitionClaim {
    const partitions = this.#lists.get(node) ?? []
    const first = this.#first.get(node) ?? 0
    const words = this.#words
    let next = subtask
    const seek = (found: (partition: number) => boolean): boolean => {
      for (; next < partitions.length; next = next < parallelism ? parallelism : next + 1) {
        if (found(first + next)) return true
      }
      return false
    }
    return {
      oneByOne: true,
      position: (partition) => this.#position(node, partition),
      ...this.#resumed(node, subtask),
      next: () =>
        seek((word) => Atomics.compareExchange(words, word, FREE, TAKEN) === FREE)
          ? partitions[next]
          : null,
      get more() {
        return seek((word) => Atomics.load(words, word) === FREE)
      },
    }
  }

  /** The partitions of one subtask of a source whose subtasks each read their own side by side. */
  own(node: number, subtask: number, parallelism: number): PartitionClaim {
    const own = (this.#lists.get(node) ?? []).filter((_, i) => i % parallelism === subtask)
    return {
      oneByOne: false,
      position: (partition) => this.#position(node, partition),
      ...this.#resumed(node, subtask),
      next: () => own.shift() ?? null,
      get more() {
        return own.length > 0
      },
    }
  }

  /** Any one subtask may keep them; the first does. */
  #resumed(node: number, subtask: number): Pick<PartitionClaim, 'resumed'> {
    const resumed = subtask === 0 ? this.#positions?.get(node) : undefined
    return resumed === undefined ? {} : { resumed }
  }

  #position(node: number, partition: string): unknown {
    return (this.#positions?.get(node)?.get(partition) as { at?: unknown } | undefined)?.at
  }
}
