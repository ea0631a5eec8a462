import { pricing } from './metrics-job.ts'

const job = await pricing.submit({ orders: 10_000 }, { parallelism: 2 })

// At any time, without asking a worker: where does the job stand, and what holds it up?
for (const { name, subtasks } of job.metrics()) {
  const held = subtasks.filter((subtask) => subtask.backpressuredMs > subtask.busyMs)
  if (held.length > 0) console.error(`${name}: ${held.length} subtasks wait for what follows`)
}

for await (const _ of job.io.prices);
const { operators } = await job.finished

for (const { name, recordsIn, recordsOut, errors } of operators) {
  console.log(`${name}: ${recordsIn} in, ${recordsOut} out, ${errors} failed`)
}
const [price, filter] = ['Price', 'filter'].map((name) => operators.find((o) => o.name === name)!)
console.log(`${price.counters['large orders']} large orders, ${filter.counters.free} free ones`)
console.log(`the highest: ${price.gauges.highest.max}`)
console.log(`half of them at most about ${Math.round(price.histograms.amount.p50 / 10) * 10}`)
