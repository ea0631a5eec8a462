import { scoring } from './scoring-job.ts'

const job = await scoring.submit({ threshold: 3 }, { parallelism: 2 })

for (const [id, amount] of [20, 22, 18, 95, 21].entries()) {
  await job.io.orders.push({ id, user: 'ada', amount })
}
job.io.orders.end()

for await (const alert of job.io.alerts) {
  console.log(`order ${alert.id} of ${alert.user}: ${alert.times.toFixed(1)} times the usual`)
}
await job.finished
