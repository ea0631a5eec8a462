import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { empty } from './start-job.mjs'

const [what, before] = [process.argv[2], Number(process.argv[3])]
for (let i = 0; i < before; i++) await runOnce()
const begin = performance.now()
await runOnce()
console.log(performance.now() - begin)

async function runOnce() {
  if (what === 'job') await empty.run(undefined, { parallelism: 2, maxThreads: 2 })
  else await Promise.all([bareWorker(), bareWorker(), bareWorker()])
}

async function bareWorker() {
  await once(new Worker('', { eval: true }), 'exit')
}
