/** What flows through a workload. */
export interface Item {
  /** Unlike all others. */
  readonly id: string
  readonly key: string
  readonly n: number
  /** When it happened. */
  readonly at: number
  /** The way it came: items of one lane and key keep their order, by `index`. */
  readonly lane: string
  readonly index: number
  /** How often it still goes round the loop that it is in, and the loop around that. */
  readonly left?: number
  readonly outer?: number
  /** In which feeding of a stream it was pushed. */
  readonly feeding?: string
  /** Where none may be lost on the way: the index of the one pushed before, of its key and feeding; -1: there was none. */
  readonly after?: number
}

/** How much earlier than one before it in its partition an item may have happened. */
export const DISORDER_MS = 30

/** A source: so many items in each of its partitions. */
export interface SourceSpec {
  readonly name: string
  readonly counts: readonly number[]
  readonly keys: number
  /** Pushed by the main thread, in one partition: whether a restart in the process repeats what no checkpoint holds. */
  readonly fed?: 'replayed' | 'lossy'
}

/** Item `index` of a partition: the same whenever it is asked for. */
export function itemOf(source: SourceSpec, partition: number, index: number): Item {
  const mixed = Math.imul(index * 31 + partition * 7 + source.name.length, 0x9e3779b1) >>> 0
  return {
    id: `${source.name}${partition}.${index}`,
    key: `k${mixed % source.keys}`,
    n: mixed % 1000,
    at: 1_000 + index * 10 + (mixed % 5) * 5,
    lane: `${source.name}${partition}`,
    index,
  }
}
