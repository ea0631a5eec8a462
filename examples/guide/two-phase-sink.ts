/** A sink of one's own that shows each record exactly once; `docs/exactly-once-sinks.md`. */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { posting } from './two-phase-sink-job.ts'

/** Takes each batch once. It fails behind the first one, so nobody hears that it has it. */
const batches = new Map<string, string[]>()
const server = createServer(async (request, response) => {
  const id = request.url!.slice(1)
  const orders = JSON.parse(await text(request))
  response.statusCode = batches.size === 0 ? 503 : 200
  batches.set(id, orders)
  response.end()
}).listen(0, '127.0.0.1')
await once(server, 'listening')

const dir = mkdtempSync(join(tmpdir(), 'posting-'))
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const restart = { fixedDelay: { delay: 1, attempts: 10 } }

const first = await posting.submit({ url }, { parallelism: 1, restart, checkpoint: { dir } })
await first.io.orders.pushMany(['tea', 'milk'])
await first.checkpoint()
await first.io.orders.push('salt')
first.io.orders.end()
console.log('restarts', (await first.finished).restarts)

// It has come to its end: run again, it posts nothing.
const second = await posting.submit({ url }, { parallelism: 2, restart, checkpoint: { dir } })
second.io.orders.end()
await second.finished
for (const orders of batches.values()) console.log(orders.join(', '))

server.close()
rmSync(dir, { recursive: true })
