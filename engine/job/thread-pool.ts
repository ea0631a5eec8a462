import type { MessagePort, TransferListItem } from 'node:worker_threads'
import { Piscina } from 'piscina'
import { StreamError } from '../../codec/errors.ts'
import { WORKER_MARK } from '../thread/job-site.ts'
import type { ThreadTask } from '../thread/worker-entry.ts'

const ENTRY = new URL(
  `../thread/worker-entry${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`,
  import.meta.url,
).href

/** A thread that ended before it was told to. */
export type OnDeath = (thread: number, error: StreamError) => void

/**
 * The threads of one job: a pool of its own, so that one job's crash, limits and modules are not another's.
 * Thread i runs task i from beginning to end.
 */
export class ThreadPool {
  readonly #pool: Piscina
  readonly #onDeath: OnDeath
  readonly #threadOf = new Map<number, number>()
  #closing = false

  constructor(threads: number, workerHeapMb: number | undefined, onDeath: OnDeath) {
    this.#onDeath = onDeath
    this.#pool = new Piscina({
      filename: ENTRY,
      name: 'runThread',
      minThreads: threads,
      maxThreads: threads,
      // A thread of ours waits at its doorbell, not at the pool's.
      atomics: 'disabled',
      recordTiming: false,
      workerData: { mark: WORKER_MARK },
      ...(workerHeapMb === undefined ? {} : { resourceLimits: heapLimits(workerHeapMb) }),
    })
    // Every death is heard at the worker itself; the pool only repeats it.
    this.#pool.on('error', () => {})
    for (const worker of this.#pool.threads) this.#watch(worker)
  }

  /** Starts thread `index`. Its ports travel with the task. */
  async start(index: number, task: ThreadTask, ports: readonly MessagePort[]): Promise<void> {
    try {
      const id = (await this.#pool.run(task, {
        transferList: ports as TransferListItem[],
      })) as number
      this.#threadOf.set(id, index)
    } catch (error) {
      this.#died(index, deathOf(error, undefined))
    }
  }

  /** Ends all threads; resolves when they are gone. */
  async destroy(): Promise<void> {
    this.#closing = true
    await this.#pool.destroy()
  }

  #watch(worker: Piscina['threads'][number]): void {
    const id = worker.threadId
    let error: unknown
    worker.on('error', (thrown: unknown) => {
      error = thrown
    })
    worker.on('exit', (exitCode: number) => {
      const thread = this.#threadOf.get(id)
      if (thread !== undefined) this.#died(thread, deathOf(error, exitCode))
    })
  }

  #died(thread: number, error: StreamError): void {
    if (!this.#closing) this.#onDeath(thread, error)
  }
}

/**
 * At its limit, a worker may go 16 MiB beyond it on the way to a clean end; a young generation that promotes more
 * than that at once would take the whole process with it.
 */
function heapLimits(maxOldGenerationSizeMb: number) {
  return { maxOldGenerationSizeMb, maxYoungGenerationSizeMb: 24 }
}

function deathOf(error: unknown, exitCode: number | undefined): StreamError {
  if ((error as { code?: unknown } | undefined)?.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return new StreamError(
      'SAGE_OUT_OF_MEMORY',
      'a worker thread ran out of memory: raise memory.workerHeapMb, keep less state per worker, or use more workers',
      { cause: error },
    )
  }
  const why =
    error === undefined
      ? `exit code ${exitCode}: process.exit() in user code, or terminated from outside`
      : String(error)
  return new StreamError(
    'SAGE_WORKER_EXIT',
    `a worker thread ended before its job: ${why}`,
    error === undefined ? {} : { cause: error },
  )
}
