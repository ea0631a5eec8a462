/** Runs a job in a process of its own until it is through, or somebody kills it. Says when a checkpoint is complete. */
import { connected, poisoned } from './filed-jobs.ts'

const { name, params, dir, parallelism } = JSON.parse(process.argv[2])
const job = await { connected, poisoned }[name as 'connected'].submit(params, {
  maxThreads: 2,
  parallelism,
  restart: 'none',
  checkpoint: { dir, interval: 10 },
})
job.on('checkpoint', ({ id }) => process.stdout.write(`checkpoint ${id}\n`))
await job.finished
