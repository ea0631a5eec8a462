/** A loop that records leave one by one; `docs/loops.md`. */
import { LocalEnvironment } from 'sage-stream'

interface Walk {
  readonly start: number
  readonly n: number
  readonly steps: number
}

const env = new LocalEnvironment('collatz', { parallelism: 2 })

// A stream that is used before there is anything in it …
const again = env.fromFuture<Walk>('again')
const [done, going] = env
  .fromGenerator(9, (i): Walk => ({ start: i + 1, n: i + 1, steps: 0 }), { parallelism: 1 })
  .union(again)
  .branch(({ n }) => n === 1)

// … and what comes round in it.
going
  .map(({ start, n, steps }) => ({ start, n: n % 2 === 0 ? n / 2 : 3 * n + 1, steps: steps + 1 }))
  .fillFuture(again)

done.map(({ start, steps }) => `${start} comes to 1 in ${steps} steps`).print('collatz')

// The job ends by itself: no numbers are left to come, and none goes round.
await env.submit({ autostop: true })
