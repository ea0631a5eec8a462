/** Runs the ledger job while its threads are terminated again and again; tells what the process holds before and after. */
import { setTimeout as after } from 'node:timers/promises'
import type { Worker } from 'node:worker_threads'
import type { JobHandle } from 'sage-stream'
import { silent } from '../fixtures/silent.ts'
import { closed, traces } from '../fixtures/traces.ts'
import { ledger } from './ledger-job.ts'
import { hurryUp } from './paced.ts'
import { Random } from './random.ts'

const { params, dir, times, seed } = JSON.parse(process.argv[2])
const random = new Random(seed)

/** Ends threads of one job, so many times, and sees it through; how often it was started again. */
async function terminated(folder: string, count: number): Promise<number> {
  const threads = new Set<Worker>()
  const collect = (worker: Worker) => {
    threads.add(worker)
    worker.once('exit', () => threads.delete(worker))
  }
  process.on('worker', collect)
  const hurry = new SharedArrayBuffer(4)
  const job = await ledger.submit(
    { ...params, hurry, output: `${params.output}${folder}` },
    {
      maxThreads: 2,
      parallelism: 3,
      logger: silent,
      restart: { fixedDelay: { delay: 0, attempts: Number.POSITIVE_INFINITY } },
      checkpoint: { dir: `${dir}${folder}`, interval: 5 },
    },
  )
  for (let i = 0; i < count; i++) {
    const next = running(job)
    await after(random.below(100))
    await random.pick([...threads]).terminate()
    await next
    process.stderr.write(`${i + 1} of ${count} terminations\n`)
  }
  hurryUp(hurry)
  const { restarts } = await job.finished
  process.off('worker', collect)
  return restarts
}

function running(job: JobHandle<any>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let restarted = false
  job.on('status', (status) => {
    if (status === 'restarting') restarted = true
    else if (status === 'running' && restarted) resolve()
  })
  return promise
}

// Standard streams, libuv's threads and the loader's memory come into being when they are first used.
traces()
await terminated('-first', 1)
await closed()
const before = traces()
const restarts = await terminated('', times)
await closed()
console.log(JSON.stringify({ restarts, before, after: traces() }))
