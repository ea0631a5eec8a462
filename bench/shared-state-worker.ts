import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { SharedState } from '../engine/state/shared-state.ts'

/** A way to add 1. */
export type Adder = 'increment' | 'atomic' | 'update'

/** One run of one thread. */
export interface Run {
  readonly adder: Adder
  readonly times: number
}

/** What a bench thread is started with. */
export interface WorkerInput {
  readonly state: SharedArrayBuffer
  readonly word: SharedArrayBuffer
  readonly slot: number
}

/** Where the number is. */
export const STORE = 'bench'
export const KEY = 'number'

/** The loops of one thread. */
export function adders({ state, word, slot }: WorkerInput): Record<Adder, (times: number) => void> {
  const store = new SharedState(state, slot).shared(STORE)
  const words = new Int32Array(word)
  return {
    increment: (times) => {
      for (let i = 0; i < times; i++) store.increment(KEY)
    },
    atomic: (times) => {
      for (let i = 0; i < times; i++) Atomics.add(words, 0, 1)
    },
    update: (times) => {
      for (let i = 0; i < times; i++) store.update<number>(KEY, (n = 0) => n + 1)
    },
  }
}

if (!isMainThread) {
  const loops = adders(workerData as WorkerInput)
  parentPort!.on('message', ({ adder, times }: Run) => {
    loops[adder](times)
    parentPort!.postMessage('done')
  })
}
