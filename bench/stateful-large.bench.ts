/**
 * Ten million keys on one thread: a running count fused with its source, beside a loop over a `Map`; and the bytes that a
 * key and its count take. Takes minutes and 4 GB.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import {
  type BenchResult,
  type Contender,
  expectSum,
  measure,
  type Sample,
  type Unit,
} from 'sage-stream/bench'
import { HeapStore } from '../operators/state/heap-store.ts'
import { fusedCount } from './stateful.bench.ts'
import { usersOf } from './stateful-job.ts'

export const title = 'keyed state: ten million keys'
export const targets = '>= 0.8x the loop; not more memory a key than the Map'

/** Runs both tables. */
export function run(): Promise<BenchResult[]> {
  return largeTables(10_000_000)
}

/** Both tables for so many keys. */
export async function largeTables(users: number): Promise<BenchResult[]> {
  const memory = await memoryOf(users)
  return [...(await fusedCount({ count: 2 * users, users }, 1, 0)), ...memory]
}

/** What stays on the heap and beside it. */
const bytesPerKey: Unit = {
  text: 'B/key',
  better: 'less',
  of: ({ operations, sum }) => (sum as { bytes: number }).bytes / operations,
}

/** The keys themselves are held by both alike, and not counted. */
function memoryOf(users: number): Promise<BenchResult[]> {
  const keys = usersOf(users)
  const ofStore = () => {
    const store = new HeapStore(128, { now: () => 0 })
    const counts = store.column<number>('count')
    for (const key of keys) counts.set(store.slot(key), 1)
    return () => counts.get(store.find(keys[users - 1]))
  }
  const ofMap = () => {
    const counts = new Map<string, number>()
    for (const key of keys) counts.set(key, 1)
    return () => counts.get(keys[users - 1])
  }
  return measure({
    bench: `memory of ${users.toLocaleString('en')} counts`,
    unit: bytesPerKey,
    contenders: [filled('the keyed store', users, ofStore), filled('a Map', users, ofMap)],
    rounds: 1,
    warmup: 0,
  })
}

/** Fills something, weighs it, and has it tell the last key's count. */
function filled(name: string, keys: number, fill: () => () => number | undefined): Contender {
  return {
    name,
    run: (): Sample => {
      const before = liveBytes()
      const begin = performance.now()
      const last = fill()
      const ms = performance.now() - begin
      const bytes = liveBytes() - before
      return { operations: keys, ms, sum: { bytes, last: last() } }
    },
    check: ({ sum }) =>
      expectSum(1)({ operations: 1, ms: 1, sum: (sum as { last: unknown }).last }),
  }
}

let collect: (() => void) | undefined

function liveBytes(): number {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc')
    collect = runInNewContext('gc') as () => void
  }
  // What the first one finds dead the second gives back.
  collect()
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
