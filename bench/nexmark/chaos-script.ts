/** Runs queries in a process of its own until they are through, or somebody kills it. Says when a checkpoint is complete. */
import { chaosQueries } from './chaos-job.ts'
import { readRecording } from './recording.ts'

const { input, dir, parallelism, ...params } = JSON.parse(process.argv[2])
const job = await chaosQueries.submit(
  { ...params, recording: readRecording(input) },
  { maxThreads: 2, parallelism, restart: 'none', checkpoint: { dir, interval: 20 } },
)
job.on('checkpoint', ({ id }) => process.stdout.write(`checkpoint ${id}\n`))
await job.finished
