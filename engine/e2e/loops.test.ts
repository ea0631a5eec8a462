import { describe, expect, it } from 'vitest'
import type { EnvironmentConfig } from '../index.ts'
import { collatz, components, endless, expanding, failing, forward, lastWords, nested, twice, windowed } from './fixtures/loops-job.ts'

const modes: [string, EnvironmentConfig][] = [
  ['inline', { mode: 'inline', parallelism: 1 }],
  ['inline, 3 subtasks', { mode: 'inline', parallelism: 3 }],
  ['threads', { parallelism: 2, maxThreads: 2 }],
]

function stepsOf(n: number): number {
  let steps = 0
  for (let at = n; at !== 1; steps++) at = at % 2 === 0 ? at / 2 : 3 * at + 1
  return steps
}

describe.each(modes)('%s', (_, config) => {
  it('collatz', async () => {
    const { outputs } = await collatz.run({ count: 1000 }, config)
    expect(outputs.done.map(({ start, steps }) => [start, steps]).toSorted(([a], [b]) => a - b)).toEqual(
      Array.from({ length: 1000 }, (_, i) => [i + 1, stepsOf(i + 1)]),
    )
  })
})
