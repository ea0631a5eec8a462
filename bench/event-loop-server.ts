/**
 * The server of `event-loop.bench.ts`, in a process of its own: answers orders with scores, in one of several ways, and
 * watches its event loop. Says where it listens; at a message tells what it saw and ends.
 */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { text } from 'node:stream/consumers'
import { scores } from './ask-job.ts'
import { type Order, type Score, score } from './ask-score.ts'
import type { Seen, Way } from './event-loop.bench.ts'

/** Records that a request pushes where it does not ask. */
const PUSHED = 20

const answers: Record<Way, () => Promise<(order: Order) => Promise<Score> | Score>> = {
  without: async () => score,
  ask: async () => {
    const { orders, scored } = (await submit()).io
    return (order) => orders.ask(order, { reply: scored, timeout: '10s' })
  },
  push: async () => {
    const { orders, scored } = (await submit()).io
    void (async () => {
      for await (const _ of scored) read++
    })()
    return async (order) => {
      for (let i = 0; i < PUSHED; i++) void orders.push(order)
      return score(order)
    }
  },
}

let read = 0

function submit() {
  return scores.submit(undefined, { parallelism: 1, maxThreads: 1 })
}

const answer = await answers[process.argv[2] as Way]()
const orderIn = async (request: IncomingMessage): Promise<Order> => JSON.parse(await text(request))

const server = createServer(async (request, response) => {
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(await answer(await orderIn(request))))
})
await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))

const delay = monitorEventLoopDelay({ resolution: 1 })
process.on('message', (what) => {
  if (what === 'watch') {
    delay.reset()
    delay.enable()
    return
  }
  const ms = (percentile: number) => delay.percentile(percentile) / 1e6
  const seen: Seen = { p50: ms(50), p99: ms(99), max: delay.max / 1e6, read }
  process.send!(seen, () => process.exit())
})
process.send!((server.address() as AddressInfo).port)
