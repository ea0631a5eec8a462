import { describe, expect, it } from 'vitest'
import { HISTOGRAM_SLOTS } from '../../operators/contract/histogram.ts'
import { UserMetricsMemory } from './user-metrics-memory.ts'

const place = { node: 7, subtask: 2, operator: 'op' }

describe('memory of user metrics', () => {
  it('shows every reader what any writer has added, in order', () => {
    const memory = UserMetricsMemory.allocate(1 << 16)
    const reader = new UserMetricsMemory(memory.buffer)
    expect(reader.read()).toEqual([])
    const a = memory.add('counter', 'a', place)
    const other = new UserMetricsMemory(memory.buffer)
    const b = other.add('gauge', 'größe 📏'.repeat(10), { ...place, subtask: 0 })
    a[0] = 5
    b.set([1, -0.5])
    expect(reader.read().map(({ cells, ...metric }) => [metric, [...cells]])).toEqual([
      [{ kind: 'counter', name: 'a', node: 7, subtask: 2 }, [5]],
      [{ kind: 'gauge', name: 'größe 📏'.repeat(10), node: 7, subtask: 0 }, [1, -0.5]],
    ])
    memory.add('histogram', 'h', place)
    expect(
      reader
        .read()
        .map(({ name, cells }) => [name, cells.length])
        .at(-1),
    ).toEqual(['h', HISTOGRAM_SLOTS])
    expect(reader.read()).toHaveLength(3)
  })

  it('keeps cells of different metrics on different lines', () => {
    const memory = UserMetricsMemory.allocate(4096)
    const lines = Array.from({ length: 10 }, (_, i) =>
      Math.floor(memory.add('counter', `c${i}`, place).byteOffset / 64),
    )
    expect(new Set(lines).size).toBe(10)
  })

  it('is refused when it is full, naming the limit; what fits still fits', () => {
    const memory = UserMetricsMemory.allocate(64 + 3 * 128 + 63)
    const full = (add: () => unknown) =>
      expect(add).toThrow(
        expect.objectContaining({
          code: 'SAGE_MEMORY',
          operator: 'op',
          subtask: 2,
          message: expect.stringMatching(/^memory\.metricsBytes: .* of the job's 448 bytes /),
        }),
      )
    memory.add('counter', 'a', place)
    full(() => memory.add('histogram', 'h', place))
    memory.add('counter', 'b', place)
    memory.add('gauge', 'c', place)
    full(() => memory.add('counter', 'd', place))
    expect(memory.read().map(({ name }) => name)).toEqual(['a', 'b', 'c'])
  })
})
