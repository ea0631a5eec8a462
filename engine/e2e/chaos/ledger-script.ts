/** Runs the ledger job in a process of its own until it is through, or somebody kills it. Says when a checkpoint is complete. */
import { ledger } from './ledger-job.ts'
import { storeFaults } from './store-faults.ts'

const { params, dir, interval, parallelism, killAt } = JSON.parse(process.argv[2])
const job = await ledger.submit(
  killAt === undefined ? params : { ...params, store: storeFaults(killAt) },
  { maxThreads: 2, parallelism, restart: 'none', checkpoint: { dir, interval } },
)
job.on('checkpoint', ({ id }) => process.stdout.write(`checkpoint ${id}\n`))
await job.finished
