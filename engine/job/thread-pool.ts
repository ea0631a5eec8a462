import type { MessagePort, TransferListItem } from 'node:worker_threads'
import { Piscina } from 'piscina'
import { StreamError } from '../../codec/errors.ts'
import { WORKER_MARK } from '../thread/job-site.ts'
import type { ThreadTask } from '../thread/worker-entry.ts'

const ENTRY = new URL(
  `../thread/worker-entry${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`,
  import.meta.url,
).href

/** A reader of standard output that takes nothing keeps no job from ending for longer. */
const WRITTEN_MS = 1_000

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
  /** Why threads were ended, by their ids. */
  readonly #ended = new Map<number, StreamError>()
  readonly #written: Promise<void>[] = []
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

  /** Ends one thread: it has died of `error`. */
  end(thread: number, error: StreamError): void {
    const worker = this.#pool.threads.find(
      ({ threadId }) => this.#threadOf.get(threadId) === thread,
    )
    if (worker === undefined) return
    this.#ended.set(worker.threadId, error)
    void worker.terminate()
  }

  /** Ends all threads; resolves when they are gone, and what they have written is on its way out in order. */
  async destroy(): Promise<void> {
    this.#closing = true
    await this.#pool.destroy()
    await Promise.race([Promise.all(this.#written), delay(WRITTEN_MS)])
  }

  #watch(worker: Piscina['threads'][number]): void {
    const id = worker.threadId
    this.#written.push(ended(worker.stdout), ended(worker.stderr))
    let error: unknown
    worker.on('error', (thrown: unknown) => {
      error = thrown
    })
    worker.on('exit', (exitCode: number) => {
      const thread = this.#threadOf.get(id)
      if (thread !== undefined) this.#died(thread, this.#ended.get(id) ?? deathOf(error, exitCode))
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

/**
 * The end of what a thread writes. Its lines cross to the main thread as messages and wait there while standard
 * output takes no more; until the end has come, lines of the main thread could overtake them.
 */
function ended(stream: NodeJS.ReadableStream): Promise<void> {
  return new Promise((resolve) => void stream.once('end', resolve).once('close', resolve))
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms).unref())
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
