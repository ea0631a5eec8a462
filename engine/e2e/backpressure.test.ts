import { describe, expect, it, test } from 'vitest'
import { allToAll, held, oneLarge } from './fixtures/backpressure-job.ts'

const RING = 4096
const FRAME = RING / 4 - 8
const memory = { ringBytes: RING }
const modes = ['inline', 'threads'] as const

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i)

describe.each(modes)('rings of 4 KiB, %s', (mode) => {
  test.each([
    ['small records', 5_000, [16]],
    ['records around the size of a frame', 800, [FRAME - 8, FRAME, FRAME + 8, 2 * FRAME, RING]],
    ['records to 1 MiB', 40, [16, 1 << 20, 5_000, 100_000]],
  ])('three exchanges of all with all in a row: %s', async (_, count, lengths) => {
    const { outputs, status } = await allToAll.run(
      { count, lengths, hops: 3 },
      { mode, memory, parallelism: 4, maxThreads: 2 },
    )
    expect(status).toBe('finished')
    expect(outputs.numbers.sort((a, b) => a - b)).toEqual(upTo(count))
  })
})

it('a record of 64 MiB crosses threads', async () => {
  const bytes = 1 << 26
  const { outputs } = await oneLarge.run({ bytes }, { parallelism: 2 })
  expect(outputs.read).toEqual([[bytes, true]])
})

describe.each(modes)('a reader that has stopped, %s', (mode) => {
  it('holds the source back: no more is in flight than rings and frames hold', async () => {
    const [count, length, width] = [20_000, 200, 2]
    const job = await held.submit(
      { count, length, width },
      { mode, memory, parallelism: width, maxThreads: 2 },
    )
    const made = () => job.metrics()[0].recordsOut
    // Still while the event loop and the threads go round: nobody takes what lies in the rings.
    for (let still = 0, last = -1; still < 50; still = made() === last ? still + 1 : 0) {
      last = made()
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    const rings = width + width * width + width
    // Of each ring: itself, the frame that it has refused with the record that filled it, and a frame
    // that its reader has taken and could not pass on.
    expect(made() * length).toBeLessThanOrEqual(rings * (RING + FRAME + length + FRAME))
    expect(made()).toBeGreaterThan(0)
    const seen = await job.io.out.toArray()
    expect(seen.map((text) => Number.parseInt(text, 10)).sort((a, b) => a - b)).toEqual(upTo(count))
    expect((await job.finished).status).toBe('finished')
  })
})
