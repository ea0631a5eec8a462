/** A tour of what a program does with a job that it embeds; `docs/embedding.md` walks along it. */
import { StreamError } from 'sage-stream'
import { type Order, orderScores, type Score } from './service-job.ts'

// Resolves once all threads of the job run and are warm.
const job = await orderScores.submit({ threshold: 3 }, { parallelism: 2 })
const { orders, scores, alerts } = job.io
job.on('status', (status) => console.log(`the job is ${status}`))

const order = (id: number, amount: number): Order => ({ id, user: 'ada', amount })

// Both outputs are read from the start: one that nobody reads fills up, and the job waits for it.
const seen: number[] = []
const reading = (async () => {
  for await (const score of scores) seen.push(score.id)
})()
const firstAlert = (async (): Promise<Score | undefined> => {
  // Leaving the loop is fine: alerts that follow are dropped and counted.
  for await (const alert of alerts) return alert
  return undefined
})()

// Resolves when the record is accepted. While the job is behind, that is when there is room again.
await orders.push(order(1, 20))

// Many at once, in their order, with nothing else between them.
await orders.pushMany([order(2, 22), order(3, 18)])

// Waits for room for at most 100 ms.
await orders.push(order(4, 95), { signal: AbortSignal.timeout(100) })

// Does not wait: what finds no room is the caller's to drop, or to keep.
if (!orders.tryPush(order(5, 21))) {
  await orders.ready()
  await orders.push(order(5, 21))
}

// Pushes a record and gets what becomes of it.
const score = await orders.ask(order(6, 40), { reply: scores, timeout: '5s' })
console.log(`order ${score.id} is ${score.times.toFixed(2)} times the usual`)

try {
  // 'alerts' lets only pass what is above the threshold: here, nothing comes.
  await orders.ask(order(7, 20), { reply: alerts, timeout: '50ms' })
} catch (error) {
  if (!(error instanceof StreamError) || error.code !== 'SAGE_TIMEOUT') throw error
  console.log('order 7 is nothing to worry about')
}

const first = await firstAlert
console.log(`alert: order ${first?.id}`)

// Read from shared memory, without asking a worker: as often as you like.
for (const { name, recordsIn, recordsOut } of job.metrics())
  console.log(`${name}: ${recordsIn} in, ${recordsOut} out`)

// Everything that was accepted is processed and emitted, then the threads end.
const { status, operators } = await job.stop()
await reading
console.log(
  `${status}; scores read: ${seen.join(' ')}; errors: ${operators.map((o) => o.errors).join(' ')}`,
)
