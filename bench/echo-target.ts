import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { LoadTarget } from 'sage-stream/bench'

/** What is sent behind the last record: its echo is the last result. */
const END = 'end'

/**
 * A worker that echoes by postMessage, as something to put under load: one message a record. There is always
 * room; what it cannot keep up with waits in its port.
 */
export async function echoTarget<T extends object>(): Promise<
  LoadTarget<T, T> & { terminate(): Promise<unknown> }
> {
  const worker = new Worker(new URL('./echo-worker.ts', import.meta.url))
  await once(worker, 'online')
  return {
    trySend: (record) => {
      worker.postMessage(record)
      return true
    },
    ready: () => Promise.resolve(),
    end: () => worker.postMessage(END),
    receive: (onResult) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      worker.on('error', reject)
      worker.on('message', (result: T | typeof END) =>
        result === END ? resolve() : onResult(result),
      )
      return promise
    },
    terminate: () => worker.terminate(),
  }
}
