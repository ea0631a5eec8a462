import { expect, it } from 'vitest'
import { examples } from './fixtures/stateful-function-job.ts'

it.each(['inline', 'threads'] as const)('the specification’s examples, %s', async (mode) => {
  const { outputs } = await examples.run(undefined, { mode, parallelism: 2 })
  expect(outputs.counted).toEqual([
    'Processed 1 items: a',
    'Processed 2 items: b',
    'Processed 3 items: c',
  ])
  expect(outputs.windows).toEqual([
    [0, 2, 4],
    [5, 7],
  ])
  expect(outputs.second).toEqual(['b'])
  expect(outputs.soFar).toEqual(['a', 'a', 'b', 'a', 'b', 'c'])
  expect(outputs.last).toEqual([0, 1, 2])
})
