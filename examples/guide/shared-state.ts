/** One store for all threads; `docs/library.md`, "Shared state". */
import { LocalEnvironment, StreamState } from 'sage-stream'

const env = new LocalEnvironment('shared-state', { parallelism: 2 })
const seen = new StreamState('seen')

// Whatever subtask a word comes to: the first one of its kind passes, the others do not.
env
  .fromCollection(['to', 'be', 'or', 'not', 'to', 'be'])
  .rebalance()
  .filter((word) => seen.increment(word) === 1)
  .print('first')

// The same store by its name, from another operator.
const totals = env
  .fromGenerator(1000, (i) => i % 10)
  .inspect((n, ctx) => {
    ctx.shared('totals').increment(n % 2 === 0 ? 'even' : 'odd')
    ctx.shared('totals').update('greatest', (max = 0) => Math.max(max, n))
  })
  // A final runs when all threads are through.
  .countFinal('end', () => 'all')
totals
  .map((count, ctx) => {
    const [even, greatest] = ['even', 'greatest'].map((name) => ctx.shared('totals').get(name))
    return `${count} numbers, ${even} of them even, the greatest ${greatest}`
  })
  .print('totals')

await env.submit({ autostop: true })
