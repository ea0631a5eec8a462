/**
 * One number in shared memory, and threads that add 1 to it as fast as they can.
 *
 * ```
 *   thread ── StreamState.increment ──> [ number of a key   ]     the subject
 *   thread ── Atomics.add ────────────> [ one Int32 word    ]
 *   thread ── StreamState.update ─────> [ number, by the lock ]
 * ```
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import {
  type BenchResult,
  type Contender,
  expectSum,
  measure,
  nanoseconds,
  perSecond,
  type Unit,
} from 'sage-stream/bench'
import { SharedState } from '../engine/state/shared-state.ts'
import { StateMemory } from '../engine/state/state-memory.ts'
import {
  type Adder,
  adders,
  KEY,
  type Run,
  STORE,
  type WorkerInput,
} from './shared-state-worker.ts'

export const title = 'StreamState.increment'
export const targets = '< 100 ns alone; > 5 M/s in total by 4 threads on one key'

const THREADS = 4
const HEAP_BYTES = 1 << 20

/** How often each way adds in one run, all threads together. */
const COUNTS: Readonly<Record<Adder, number>> = {
  increment: 4_000_000,
  atomic: 4_000_000,
  update: 100_000,
}

/** Runs both tables: one thread, and four on one number. */
export async function run(): Promise<BenchResult[]> {
  return [...(await alone()), ...(await contended())]
}

function alone(): Promise<BenchResult[]> {
  const memory = new Memory(1)
  return compare('one thread', nanoseconds, (adder) => {
    const add = adders(memory.input(0))[adder]
    return async () => {
      const begin = performance.now()
      add(COUNTS[adder])
      return { operations: COUNTS[adder], ms: performance.now() - begin, sum: memory.take(adder) }
    }
  })
}

async function contended(): Promise<BenchResult[]> {
  const memory = new Memory(THREADS)
  const workers = Array.from({ length: THREADS }, (_, slot) => {
    return new Worker(new URL('./shared-state-worker.ts', import.meta.url), {
      workerData: memory.input(slot),
    })
  })
  const all = async (run: Run) => {
    const answers = workers.map((worker) => once(worker, 'message'))
    for (const worker of workers) worker.postMessage(run)
    await Promise.all(answers)
  }
  try {
    return await compare(`${THREADS} threads`, perSecond('calls'), (adder) => async () => {
      const begin = performance.now()
      await all({ adder, times: COUNTS[adder] / THREADS })
      return { operations: COUNTS[adder], ms: performance.now() - begin, sum: memory.take(adder) }
    })
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
}

function compare(bench: string, unit: Unit, start: (adder: Adder) => Contender['run']) {
  const contender = (name: string, adder: Adder): Contender => ({
    name,
    run: start(adder),
    check: expectSum(COUNTS[adder]),
  })
  return measure({
    bench,
    unit,
    contenders: [
      contender('increment', 'increment'),
      contender('Atomics.add', 'atomic'),
      contender('update', 'update'),
    ],
  })
}

/** What is added to, and read when all have added. */
class Memory {
  readonly #state: SharedArrayBuffer
  readonly #word = new SharedArrayBuffer(4)
  readonly #reader: SharedState

  constructor(threads: number) {
    this.#state = StateMemory.allocate(threads + 1, HEAP_BYTES)
    this.#reader = new SharedState(this.#state, threads)
  }

  input(slot: number): WorkerInput {
    return { state: this.#state, word: this.#word, slot }
  }

  /** The sum of a run; the next one begins at 0 again. */
  take(adder: Adder): number {
    if (adder === 'atomic') return Atomics.exchange(new Int32Array(this.#word), 0, 0)
    const store = this.#reader.shared(STORE)
    const sum = store.get<number>(KEY, 0)
    store.set(KEY, 0)
    return sum
  }
}
