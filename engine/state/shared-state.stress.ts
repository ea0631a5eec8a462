import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { ISSUED } from './layout.ts'
import { SharedState } from './shared-state.ts'
import { StateMemory } from './state-memory.ts'

/**
 * Real threads on one store. Each calls at random what it likes, on a few keys that all of them use, and counts what
 * it saw; one after another they may be ended in the middle of it, and the others go on. This table says what they
 * may see.
 */
export const OUTCOMES = {
  'greater sum': 'allowed: an increment gave more than this thread had seen of its key',
  'whole pair': 'allowed: both fields of an object agree',
  'longer list': 'allowed: all that was there before, and perhaps more',
  'number taken': 'allowed: a number was removed, and what it was is known',
  'nothing there': 'allowed: another thread had removed it',
  'thread ended': 'allowed: it was ended on purpose, in the middle of what it did',
  'smaller sum': 'forbidden: an increment is lost, or counted for another key',
  'torn pair': 'forbidden: two updates at one time, or half of one',
  'list changed': 'forbidden: elements are lost, doubled, or not in the order of their thread',
  'wait too long': 'forbidden: the lock was not handed on, or a dead thread kept it',
  'increments lost': 'forbidden: the sum at the end is not that of all increments',
  'updates lost': 'forbidden: an object at the end has not been updated as often as was called',
  'elements lost': 'forbidden: a list at the end has not all that was appended',
  'taken lost': 'forbidden: numbers that were removed and those left are not the sum of increments',
} as const

/** The name of something that can be seen. */
export type StateOutcome = keyof typeof OUTCOMES

/** How often each outcome was seen. */
export type StateHistogram = Record<StateOutcome, number>

/** What one run of the stress is made of. */
export interface StateStressOptions {
  readonly threads: number
  /** Calls of each thread, at least: it goes on while there are victims to come. */
  readonly calls: number
  readonly seed: number
  /** Threads, beside the others, that are ended in the middle of what they do. Default 0. */
  readonly victims?: number
  /** Where the lock's tickets begin to count. Default 0. */
  readonly issued?: number
}

/** What a worker of the stress is given. */
export interface StateWork {
  readonly buffer: SharedArrayBuffer
  /** One word: 1 = there are victims to come. */
  readonly more: SharedArrayBuffer
  readonly slot: number
  readonly calls: number
  readonly seed: number
  /** Whether it is to be ended; it then goes on for ever. */
  readonly victim: boolean
}

/** What a worker has done in all. */
export interface StateWorkDone {
  readonly seen: Partial<StateHistogram>
  readonly increments: number
  readonly updates: number
  readonly appended: number
  /** What it added to the numbers that come and go, less what it took out with them. */
  readonly balance: number
}

/** Keys of each kind: so few that threads meet. */
export const KEYS = 3
/** A list is emptied (and its length remembered) when it has so many. */
export const LIST_MAX = 200

const HEAP_BYTES = 1 << 20

/** Runs threads on one store to the end of their calls, then looks at what is left. */
export async function stressState(options: StateStressOptions): Promise<StateHistogram> {
  const { threads, calls, seed, victims = 0, issued = 0 } = options
  const buffer = StateMemory.allocate(threads + 2, HEAP_BYTES)
  const histogram = Object.fromEntries(Object.keys(OUTCOMES).map((k) => [k, 0])) as StateHistogram
  new Int32Array(buffer)[ISSUED >> 2] = issued
  const more = new SharedArrayBuffer(4)
  Atomics.store(new Int32Array(more), 0, 1)
  const start = (slot: number, victim: boolean) => {
    const workerData: StateWork = { buffer, more, slot, calls, seed: seed + slot, victim }
    return new Worker(new URL('./shared-state-worker.stress.ts', import.meta.url), { workerData })
  }
  const workers = Array.from({ length: threads }, (_, slot) => start(slot, false))
  const done = Promise.all(workers.map((w) => once(w, 'message').then(([d]) => d as StateWorkDone)))
  try {
    for (let i = 0; i < victims; i++) {
      await Promise.race([sacrifice(start(threads, true), buffer, threads), done])
      histogram['thread ended']++
    }
    Atomics.store(new Int32Array(more), 0, 0)
    judge(await done, new SharedState(buffer, threads + 1), victims > 0, histogram)
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
  return histogram
}

/** The forbidden outcomes that were seen. */
export function forbiddenOf(histogram: StateHistogram): StateOutcome[] {
  const names = Object.keys(OUTCOMES) as StateOutcome[]
  return names.filter((name) => OUTCOMES[name].startsWith('forbidden') && histogram[name] > 0)
}

/** Ends a thread at work, wherever it is; then puts right what it has left. */
async function sacrifice(worker: Worker, buffer: SharedArrayBuffer, slot: number): Promise<void> {
  await once(worker, 'message')
  await worker.terminate()
  StateMemory.bury(buffer, slot)
}

/** What threads that were ended have done is not known: they may only have added. */
function judge(
  done: readonly StateWorkDone[],
  state: SharedState,
  more: boolean,
  histogram: StateHistogram,
): void {
  const total = (of: (d: StateWorkDone) => number) => done.reduce((sum, d) => sum + of(d), 0)
  const store = state.shared('stress')
  const sum = (prefix: string, of: (value: any) => number) =>
    store
      .keys()
      .filter((key) => String(key).startsWith(prefix))
      .reduce<number>((all, key) => all + of(store.get(key)), 0)
  const differs = (left: number, called: number) => (more ? left < called : left !== called)
  for (const { seen } of done) {
    for (const name of Object.keys(seen) as StateOutcome[]) histogram[name] += seen[name] ?? 0
  }
  if (
    differs(
      sum('count', Number),
      total((d) => d.increments),
    )
  )
    histogram['increments lost']++
  if (
    differs(
      sum('pair', (pair) => pair.a),
      total((d) => d.updates),
    )
  )
    histogram['updates lost']++
  const appended = sum('list', (list) => list.length) + sum('emptied', Number)
  if (
    differs(
      appended,
      total((d) => d.appended),
    )
  )
    histogram['elements lost']++
  // A thread that was ended may have taken numbers out with it.
  if (!more && sum('come', Number) !== total((d) => d.balance)) histogram['taken lost']++
}
