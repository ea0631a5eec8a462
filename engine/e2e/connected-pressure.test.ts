import { describe, expect, it } from 'vitest'
import type { BackpressureOptions, EnvironmentConfig } from '../index.ts'
import { COUNT, pressed } from './fixtures/connected-pressure-job.ts'

const memory = { ringBytes: 4096 }
const modes: [string, EnvironmentConfig][] = [
  ['inline', { mode: 'inline', memory }],
  ['threads', { maxThreads: 2, memory }],
]

describe.each(modes)('%s', (_, config) => {
  const run = async (options: BackpressureOptions) => {
    const { operators, outputs } = await pressed.run(options, config)
    const { recordsIn, dropped } = operators.find(({ name }) => name === 'taken')!
    return { values: outputs.values, recordsIn, dropped }
  }

  it.each([
    { strategy: 'block' },
    { strategy: 'buffer', bufferSize: 500, timeout: '10m' },
  ] as const)('$strategy loses nothing', async (options) => {
    const { values, recordsIn, dropped } = await run(options)
    expect([values.length, recordsIn, dropped]).toEqual([COUNT + 10, COUNT + 10, 0])
  })

  it.each([
    { strategy: 'drop', bufferSize: 100 },
    { strategy: 'drop', drop: 'oldest', bufferSize: 100, timeout: 0 },
  ] as const)(
    '$strategy $drop leaves records out, counts them, and keeps the order',
    async (options) => {
      const { values, recordsIn, dropped } = await run(options)
      expect(recordsIn + dropped).toBe(COUNT + 10)
      expect(values.length).toBe(recordsIn)
      // Inline, the source is through before anything has been taken.
      if (config === modes[0][1]) expect(dropped).toBeGreaterThan(0)
      const left = values.filter((n) => n > 0)
      expect(left).toEqual(left.toSorted((a, b) => a - b))
      if ('drop' in options) expect(left.at(-1)).toBe(COUNT - 1)
    },
  )

  it('a full buffer that nobody empties fails the job when its time is over', async () => {
    const options = { strategy: 'buffer', bufferSize: 10, timeout: '20ms' } as const
    const job = await pressed.submit(options, config)
    // Nobody reads `values`: it fills up, and so does everything above it.
    await expect(job.finished).rejects.toMatchObject({
      code: 'SAGE_TIMEOUT',
      message: expect.stringContaining('configureBackpressure'),
      operator: 'left',
    })
  })
})
