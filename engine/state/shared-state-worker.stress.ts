import { parentPort, workerData } from 'node:worker_threads'
import { StreamError } from '../../codec/errors.ts'
import {
  KEYS,
  LIST_MAX,
  type StateHistogram,
  type StateOutcome,
  type StateWork,
  type StateWorkDone,
} from './shared-state.stress.ts'
import { SharedState } from './shared-state.ts'

/** Calls of a victim before it may be ended. */
const VICTIM_CALLS = 200

const work = workerData as StateWork
const state = new SharedState(work.buffer, work.slot)
const store = state.shared('stress')
const more = new Int32Array(work.more)
const seen: Partial<StateHistogram> = {}
const sums = new Map<string, number>()
const total = { increments: 0, updates: 0, appended: 0, balance: 0 }
/** Victims are many and each has its own mark, so that elements stay apart. */
const mark = `${work.slot}-${work.victim ? process.hrtime.bigint() : ''}`

let random = work.seed | 1

function next(): number {
  random ^= random << 13
  random ^= random >>> 17
  random ^= random << 5
  return random >>> 0
}

function saw(outcome: StateOutcome): void {
  seen[outcome] = (seen[outcome] ?? 0) + 1
}

function increment(key: string): void {
  const n = 1 + (next() % 3)
  const sum = store.increment(key, n)
  total.increments += n
  saw(sum >= (sums.get(key) ?? 0) + n ? 'greater sum' : 'smaller sum')
  sums.set(key, sum)
}

function updatePair(key: string): void {
  const made = store.update<{ a: number; b: number; pad: string }>(key, (pair) => {
    if (pair !== undefined && pair.a !== pair.b) saw('torn pair')
    const count = (pair?.a ?? 0) + 1
    return { a: count, b: count, pad: 'p'.repeat(count % 100) }
  })
  total.updates++
  saw(made.pad.length === made.a % 100 ? 'whole pair' : 'torn pair')
}

function readPair(key: string): void {
  const pair = store.get<{ a: number; b: number; pad: string }>(key)
  if (pair === undefined) saw('nothing there')
  else saw(pair.a === pair.b && pair.pad.length === pair.a % 100 ? 'whole pair' : 'torn pair')
}

function append(key: string): void {
  total.appended++
  store.append(key, { by: mark, number: total.appended })
}

function readList(key: string, index: number): void {
  const list = store.get<{ by: string; number: number }[]>(key, [])
  const last = new Map<string, number>()
  let right = true
  for (const { by, number } of list) {
    if (number <= (last.get(by) ?? 0)) right = false
    last.set(by, number)
  }
  saw(right ? 'longer list' : 'list changed')
  if (list.length < LIST_MAX) return
  let taken = 0
  store.update<unknown[]>(key, (all) => {
    taken = all?.length ?? 0
    return []
  })
  store.increment(`emptied${index}`, taken)
}

/** A number that all threads add to and remove again, so that its cell goes from key to key. */
function comeAndGo(key: string): void {
  const choice = next() % 4
  if (choice > 0) {
    store.increment(key)
    total.balance++
    return
  }
  let taken = 0
  store.update<number>(key, (number) => {
    taken = number ?? 0
    return null
  })
  total.balance -= taken
  saw(taken > 0 ? 'number taken' : 'nothing there')
}

/** Two of eight are calls that add without the lock, two more do so now and then. */
const ACTS: readonly ((index: number) => void)[] = [
  (index) => updatePair(`pair${index}`),
  (index) => readPair(`pair${index}`),
  (index) => append(`list${index}`),
  (index) => readList(`list${index}`, index),
  (index) => comeAndGo(`come${index}`),
  (index) => comeAndGo(`come${index}`),
  (index) => increment(`count${index}`),
  (index) => increment(`count${index}`),
]

function act(index: number): void {
  ACTS[next() % ACTS.length](index)
}

try {
  for (let i = 0; i < work.calls || Atomics.load(more, 0) === 1; i++) {
    act(next() % KEYS)
    if (work.victim && i === VICTIM_CALLS) parentPort?.postMessage('at work')
  }
} catch (error) {
  if (!(error instanceof StreamError) || error.code !== 'SAGE_TIMEOUT') throw error
  saw('wait too long')
}
parentPort?.postMessage({ seen, ...total } satisfies StateWorkDone)
