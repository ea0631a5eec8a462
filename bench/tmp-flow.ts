import { monitorEventLoopDelay } from 'node:perf_hooks'
import { flow } from './tmp-flow-job.ts'
const N = 300_000
const how = process.argv[2]
for (let round = 0; round < 3; round++) {
const job = await flow.submit(undefined, { parallelism: 1, maxThreads: 1 })
const h = monitorEventLoopDelay({ resolution: 1 }); h.enable()
let count = 0
const read = (async () => { for await (const _ of job.io.out) count++ })()
const t = performance.now()
if (how === 'await') for (let i = 0; i < N; i++) await job.io.numbers.push({ id: i, user: 'ada', amount: i })
if (how === 'many') await job.io.numbers.pushMany(Array.from({ length: N }, (_, i) => ({ id: i, user: 'ada', amount: i })))
if (how === 'all') await Promise.all(Array.from({ length: N }, (_, i) => job.io.numbers.push({ id: i, user: 'ada', amount: i })))
if (how === 'try') for (let i = 0; i < N; i++) { if (!job.io.numbers.tryPush({ id: i, user: 'ada', amount: i })) { await job.io.numbers.ready(); i-- } }
job.io.numbers.end()
await read
h.disable()
console.log(how, count, ((performance.now() - t) / N * 1e6).toFixed(0), 'ns/record, loop delay p50/p99/max ms', (h.percentile(50)/1e6).toFixed(2), (h.percentile(99)/1e6).toFixed(2), (h.max/1e6).toFixed(1))
await job.finished
}
