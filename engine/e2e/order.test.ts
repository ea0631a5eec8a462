import { describe, expect, it } from 'vitest'
import { byKey, dealt, type Step, untouched } from './fixtures/order-job.ts'

const memory = { ringBytes: 4096 }

/** Numbers by what `group` says, in the order of their arrival. */
function arrivals(steps: readonly Step[], group: (step: Step) => unknown): number[][] {
  return [...Map.groupBy(steps, (step) => JSON.stringify(group(step))).values()].map((list) =>
    list.map(({ n }) => n),
  )
}

const isRising = (numbers: readonly number[]) =>
  numbers.every((n, i) => i === 0 || numbers[i - 1] < n)

describe.each(['inline', 'threads'] as const)('order, %s', (mode) => {
  it('per key holds where the parallelism of a keyed stream changes, and a key has one home', async () => {
    const widths = [3, 1, 5, 2, 2]
    const { outputs } = await byKey.run(
      { count: 4_000, widths },
      { mode, memory, parallelism: 3, maxThreads: 2 },
    )
    expect(outputs.steps.length).toBe(4_000)
    const keys = arrivals(outputs.steps, ({ key }) => key)
    expect(keys.length).toBe(13)
    expect(keys.filter((numbers) => !isRising(numbers))).toEqual([])
    const homes = new Set(outputs.steps.map(({ key, by }) => `${key}: ${by}`))
    expect(homes.size).toBe(13)
    expect(new Set(outputs.steps.map(({ by }) => by[2])).size).toBeGreaterThan(1)
  })

  it('of a source with one partition holds until something deals it out', async () => {
    const { outputs } = await untouched.run(
      { count: 5_000 },
      { mode, memory, parallelism: 4, maxThreads: 2 },
    )
    const expected = Array.from({ length: 5_000 }, (_, n) => n)
      .filter((n) => n % 3 !== 0)
      .flatMap((n) => [n, -n])
    expect(outputs.numbers).toEqual(expected)
  })

  it('holds from each sender to each receiver, dealt round robin from subtask 0', async () => {
    const { outputs } = await dealt.run(
      { count: 3_000 },
      { mode, memory, parallelism: 3, maxThreads: 2 },
    )
    const pairs = arrivals(outputs.steps, ({ by }) => by)
    expect(pairs.length).toBe(9)
    expect(pairs.filter((numbers) => !isRising(numbers))).toEqual([])
    // Sender s has the range from s * 1000: its i-th record goes to subtask i % 3.
    expect(outputs.steps.filter(({ n, by: [, to] }) => (n % 1_000) % 3 !== to)).toEqual([])
  })
})
