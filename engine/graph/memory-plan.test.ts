import { describe, expect, it } from 'vitest'
import { TestEnvironment } from '../api/fixtures/test-environment.ts'
import type { BaseEnvironment } from '../index.ts'
import { DOORBELL_BYTES } from '../ring/doorbell.ts'
import { maxMessageBytes, ringBytes } from '../ring/layout.ts'
import { COUNTER_ROW_BYTES, type MemorySettings, planMemory } from './memory-plan.ts'
import { planGraph } from './plan.ts'

const MIB = 2 ** 20

function memoryOf(
  build: (env: BaseEnvironment) => void,
  parallelism: number,
  settings: Partial<MemorySettings> = {},
) {
  const env = new TestEnvironment('memory')
  build(env)
  const plan = planGraph(env.graph, {
    parallelism,
    maxParallelism: 128,
    maxThreads: 2,
    mode: 'threads',
  })
  return {
    plan,
    memory: planMemory(plan, { ringBytes: undefined, totalRingBytes: 512 * MIB, ...settings }),
  }
}

/** A source of n subtasks, all to all, pairwise to another chain by way of a union, and one output. */
const graph = (env: BaseEnvironment) => {
  const source = env.fromGenerator(1, (i) => i)
  source
    .keyBy((i) => i)
    .foldFinal(
      'f',
      () => 0,
      (a) => a,
      { merge: (a) => a },
    )
    .union(source as any)
    .output('out')
}

describe('a memory plan', () => {
  it('lays out doorbells, counters and rings one behind the other, without an overlap', () => {
    const { plan, memory } = memoryOf(graph, 3, { ringBytes: 4096 })
    expect(memory.mainDoorbell).toBe(plan.threads * DOORBELL_BYTES)
    const regions: [begin: number, end: number][] = Array.from(
      { length: plan.threads + 1 },
      (_, thread) => [memory.doorbell(thread), memory.doorbell(thread) + DOORBELL_BYTES],
    )
    regions.push([
      memory.counterOffset,
      memory.counterOffset + memory.counterRows * COUNTER_ROW_BYTES,
    ])
    for (const { id, senders, receivers, pairwise } of plan.exchanges) {
      for (let sender = 0; sender < senders; sender++) {
        for (let receiver = 0; receiver < receivers; receiver++) {
          if (pairwise && sender !== receiver) continue
          const at = memory.ring(id, sender, receiver)
          expect(at % 64).toBe(0)
          regions.push([at, at + ringBytes(4096)])
        }
      }
    }
    expect(regions.length).toBe(plan.threads + 2 + memory.ringCount)
    regions.sort(([a], [b]) => a - b)
    regions.reduce(([, end], next) => {
      expect(next[0]).toBeGreaterThanOrEqual(end)
      return next
    })
    expect(memory.totalBytes).toBeGreaterThanOrEqual(regions.at(-1)![1])
  })

  it('has a counter row for each subtask of each operator, combiner and chain, and two for each ring', () => {
    const { plan, memory } = memoryOf(graph, 3)
    const combined = plan.exchanges.filter(({ combiner }) => combiner !== undefined)
    expect(combined.length).toBe(1)
    const rows = [
      ...memory.counterRow.flatMap((row, node) =>
        Array.from({ length: plan.parallelism[node] }, (_, i) => row + i),
      ),
      ...combined.flatMap(({ id, senders }) =>
        Array.from({ length: senders }, (_, i) => memory.combinerRow[id]! + i),
      ),
      ...plan.chains.flatMap(({ id, parallelism }) =>
        Array.from({ length: parallelism }, (_, i) => memory.timeRow[id] + i),
      ),
      ...plan.exchanges
        .flatMap(({ id, senders, receivers, pairwise }) =>
          Array.from({ length: senders }, (_, sender) => sender).flatMap((sender) =>
            Array.from({ length: receivers }, (_, receiver) => receiver)
              .filter((receiver) => !pairwise || sender === receiver)
              .map((receiver) => memory.linkRow(id, sender, receiver)),
          ),
        )
        .flatMap((row) => [row, row + 1]),
    ]
    expect(rows.sort((a, b) => a - b)).toEqual(
      Array.from({ length: memory.counterRows }, (_, i) => i),
    )
  })

  it('takes 256 KiB a ring, less where that is too much in all, and frames that fit', () => {
    expect(memoryOf(graph, 2).memory).toMatchObject({
      ringCapacity: 256 * 1024,
      frameBytes: 32 * 1024,
    })
    const { memory } = memoryOf(graph, 10, { totalRingBytes: 2 * MIB })
    expect(memory.ringCapacity).toBe(8 * 1024)
    expect(memory.frameBytes).toBe(maxMessageBytes(8 * 1024))
    expect(memory.ringCount * ringBytes(memory.ringCapacity)).toBeLessThanOrEqual(2 * MIB)
    expect(memory.ringCount * ringBytes(2 * memory.ringCapacity)).toBeGreaterThan(2 * MIB)
  })

  it('keeps to ringBytes, and refuses what does not fit, naming both numbers', () => {
    expect(memoryOf(graph, 2, { ringBytes: 4096 }).memory.ringCapacity).toBe(4096)
    const tooMuch = (settings: Partial<MemorySettings>) => () => memoryOf(graph, 10, settings)
    expect(tooMuch({ ringBytes: MIB, totalRingBytes: 2 * MIB })).toThrow(
      expect.objectContaining({
        code: 'SAGE_MEMORY',
        message: expect.stringMatching(
          /expected at least \d+ bytes for \d+ rings of 1048576 bytes, got 2097152/,
        ),
      }),
    )
    expect(tooMuch({ totalRingBytes: 4096 })).toThrow(
      expect.objectContaining({ code: 'SAGE_MEMORY' }),
    )
  })

  it('of a job without rings is counters and bells', () => {
    const { memory } = memoryOf((env) => void env.fromCollection([1]).sink(() => {}), 1)
    expect([memory.ringCount, memory.totalBytes]).toEqual([
      0,
      2 * DOORBELL_BYTES + 3 * COUNTER_ROW_BYTES,
    ])
  })
})
