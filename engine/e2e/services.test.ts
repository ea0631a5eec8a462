import { describe, expect, it } from 'vitest'
import type { EnvironmentConfig } from '../index.ts'
import { bridged, broken, calls, numbering } from './fixtures/services-job.ts'

const modes: [string, EnvironmentConfig][] = [
  ['inline', { mode: 'inline', parallelism: 2 }],
  ['threads', { parallelism: 3, maxThreads: 2 }],
]

describe.each(modes)('services of job scope, %s', (_, config) => {
  it('are one for all subtasks, open before the first call', async () => {
    const { outputs } = await numbering.run(200, config)
    const numbers = outputs.numbered.flatMap((one) => one.numbers).sort((a, b) => a - b)
    expect(numbers).toEqual(Array.from({ length: 400 }, (_, i) => 100 + i))
    expect(new Set(outputs.numbered.map(({ subtask }) => subtask)).size).toBe(config.parallelism)
    expect(outputs.life).toEqual([['open']])
  })

  it('answer calls of every kind; arguments and results are copies', async () => {
    const lines: unknown[][] = []
    const write = (...line: unknown[]) => void lines.push(line)
    const logger = { debug: write, info: write, warning: write, error: write }
    const { outputs } = await calls.run(['process', 'async', 'nested', 'says', 'change'], {
      ...config,
      logger,
    })
    expect(outputs.answered).toEqual([{ a: [1n, new Date(5)] }, 7, 'AB', true, [[1, 0], [1]]])
    expect(lines).toEqual([['calls says', 'hello']])
  })

  it.each([
    ['fails', 'SAGE_SERVICE', 'Service call failed: echo.fails: no such thing'],
    ['missing', 'SAGE_SERVICE', "expected a method 'missing'"],
    ['unknown', 'SAGE_SERVICE', "'none' is not registered; registered: 'numbers', 'echo', 'local'"],
    ['tooFar', 'SAGE_SERVICE', "one of scope 'job' reaches only such"],
    ['unclonable', 'SAGE_SERVICE', 'Service call failed: echo.unclonable: () => 1'],
    ['argument', 'SAGE_SERVICE', 'Service call failed: echo.process: () => 1'],
    ['timeout', 'SAGE_TIMEOUT', 'expected hasty.never to answer within 10 ms'],
    ['timeout of a worker’s', 'SAGE_TIMEOUT', 'expected impatient.slow to answer within 10 ms'],
  ])('%s is %s', async (name, code, message) => {
    const { outputs } = await calls.run([name, 'async'], config)
    expect(outputs.answered).toEqual([7])
    expect(outputs.failed).toHaveLength(1)
    const error = outputs.failed[0].error as Error
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) })
    if (name === 'fails') expect(error.cause).toBeInstanceOf(TypeError)
  })

  it('can be the bridge between two pipelines (reference case 108)', async () => {
    const { outputs, status } = await bridged.run(undefined, config)
    expect(outputs.answers).toEqual([2, 4, { status: 'shutdown_requested' }])
    expect(status).toBe('finished')
  })

  it.each(['open', 'close'] as const)('fail the job when they fail to %s', async (when) => {
    await expect(broken.run(when, config)).rejects.toMatchObject({
      code: 'SAGE_SERVICE',
      message: expect.stringContaining(`broken.${when}`),
      cause: { name: 'RangeError' },
    })
  })
})
