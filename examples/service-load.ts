/**
 * Loads the service of `service.ts` on a random port of this machine, and prints how long its answers took.
 *
 *   node examples/service-load.ts [--seconds 10] [--connections 50]
 *
 * Service and load share the process, and so the time of one thread: what is measured is both.
 */
import { parseArgs } from 'node:util'
import autocannon from 'autocannon'
import { createService } from './service.ts'
import type { Order } from './service-job.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    connections: { type: 'string', default: '50' },
  },
})

const app = await createService(3, { parallelism: 2 })
const url = await app.listen({ host: '127.0.0.1', port: 0 })

let id = 0
const nextOrder = (): Order => {
  id++
  return { id, user: `user ${id % 1000}`, amount: 10 + ((id * 7919) % 90) }
}

const result = await autocannon({
  url: `${url}/orders`,
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  duration: Number(values.seconds),
  connections: Number(values.connections),
  requests: [
    {
      setupRequest: (request) => ({ ...request, body: JSON.stringify(nextOrder()) }),
    },
  ],
})
await app.close()

const { latency } = result
console.log(`${result['2xx']} orders scored, ${result.non2xx + result.errors} failed`)
console.log(`${Math.round(result.requests.average)} a second; answered within, in ms:`)
for (const percentile of [50, 90, 97.5, 99, 99.9] as const) {
  const ms = latency[`p${String(percentile).replace('.', '_')}` as 'p50']
  console.log(
    `  ${String(percentile).padStart(5)} %  ${String(ms).padStart(4)}  ${'#'.repeat(Math.min(ms, 60))}`,
  )
}
