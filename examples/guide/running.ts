/** The ways to run a job; `docs/library.md`, "Running". */
import { LocalEnvironment } from 'sage-stream'
import { multiples } from './running-job.ts'

// To its end, with all that its outputs got.
const { outputs, status } = await multiples.run(
  { of: 7, below: 50 },
  { parallelism: 2, maxThreads: 2 },
)
console.log(status, outputs.found.toSorted((a, b) => a - b).join(' '))
console.log(outputs.sums.toSorted().join('; '))

// With a handle on it while it runs. Outputs are read as they fill.
const job = await multiples.submit({ of: 11, below: 1_000 }, { parallelism: 2, maxThreads: 2 })
const sums = job.io.sums.toArray()
let count = 0
for await (const _ of job.io.found) count++
console.log(count, 'multiples of 11,', (await sums).length, 'sums')
for (const { name, parallelism, recordsIn, recordsOut } of (await job.finished).operators) {
  console.log(`${name} x${parallelism}: ${recordsIn} in, ${recordsOut} out`)
}

console.log(job.explain())

// On this very thread. Nothing is imported, so that functions see what is around them.
const seen: number[] = []
const env = new LocalEnvironment('here', { mode: 'inline' })
env.fromCollection([1, 2, 3]).sink((n) => void seen.push(n))
await env.submit({ autostop: true })
console.log('seen here:', seen.join(' '))
