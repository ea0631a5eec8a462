/** Runs a job in a process of its own until it is through, or somebody kills it. Says when a checkpoint is complete. */
import type { JobHandle } from 'sage-stream'
import type { JobCall } from './killed.ts'

const { module, name, params, config }: JobCall = JSON.parse(process.argv[2])
const job: JobHandle<any> = await (await import(module))[name].submit(params, config)
job.on('checkpoint', ({ id }) => process.stdout.write(`checkpoint ${id}\n`))
const drop = async (output: AsyncIterable<unknown>) => {
  for await (const _ of output);
}
const outputs = Object.values(job.io).filter((end) => Symbol.asyncIterator in (end as object))
await Promise.all([job.finished, ...outputs.map((output) => drop(output as never))])
