import { expect, it } from 'vitest'
import type { RuntimeContext } from '../contract/context.ts'
import { MapFunction } from '../contract/function.ts'
import type { OperatorFactory } from '../contract/operator.ts'
import { Packet } from '../contract/packet.ts'
import { type OperatorHarness, operatorHarness } from './operator-harness.ts'

it('shows the context of the record at hand, and none between records', () => {
  const seen: unknown[] = []
  class See extends MapFunction {
    execute() {
      const { key, timestamp, name, subtask, parallelism } = this.ctx
      seen.push([key, this.ctx.getKey(), timestamp, name, subtask, parallelism])
      throw new Error('broken')
    }
  }
  const harness = operatorHarness(See, { parallelism: 3, subtask: 2, errors: 'skip' })
  harness.push(1, { key: 'k', timestamp: 7 })
  harness.push(2)
  expect(seen).toEqual([
    ['k', 'k', 7, 'See', 2, 3],
    [undefined, undefined, undefined, 'See', 2, 3],
  ])
  expect([harness.ctx.key, harness.ctx.timestamp]).toEqual([undefined, undefined])
})

it('fails with the place and the cause', () => {
  const cause = new TypeError('no such field')
  const harness = operatorHarness(
    () => {
      throw cause
    },
    { name: 'parse', subtask: 1 },
  )
  expect(() => harness.push(1)).toThrow(
    expect.objectContaining({ code: 'SAGE_USER_ERROR', operator: 'parse', subtask: 1, cause }),
  )
  expect(harness.errors).toBe(1)
})

it('passes a packet’s own key, input and timestamp on', () => {
  const harness = operatorHarness((value: number) => value + 1)
  harness.push(new Packet(1, 2, ['k'], 'custom', 5e6))
  expect(harness.packets).toEqual([new Packet(2, 2, ['k'], 'custom', 5e6)])
})

it('refuses a key that is none', () => {
  const harness = operatorHarness((value: number) => value)
  expect(() => harness.push(1, { key: {} })).toThrow(expect.objectContaining({ code: 'SAGE_KEY' }))
})

it('has no services', async () => {
  const { ctx } = operatorHarness((value: number) => value)
  const refused = expect.objectContaining({ code: 'SAGE_SERVICE' })
  expect(() => ctx.service('db')).toThrow(refused)
  expect(() => ctx.callService('db')).toThrow(refused)
  await expect(ctx.callService.async('db')).rejects.toEqual(refused)
})

it('closes also when the end fails', async () => {
  let closed = false
  class Broken extends MapFunction {
    execute() {}
    override close() {
      closed = true
    }
  }
  const harness = operatorHarness({
    shape: 'map',
    functions: [],
    create: () => {
      const instance = new Broken()
      return {
        call: () => undefined,
        close: () => instance.close(),
        // biome-ignore lint/correctness/useYield: it fails before it has anything to yield
        *finish() {
          throw new Error('no end')
        },
      }
    },
  })
  await expect(harness.end()).rejects.toThrow('no end')
  expect(closed).toBe(true)
})

it('refuses what is no operator', () => {
  expect(() => operatorHarness(42)).toThrow(
    expect.objectContaining({ code: 'SAGE_OPTION', message: expect.stringContaining('got 42') }),
  )
})

it('holds every second record back, and asks for the next when there is room', async () => {
  const begun: string[] = []
  const harness: OperatorHarness = operatorHarness(
    {
      shape: 'process',
      functions: [],
      create: ({ scope, ctx }) => ({
        call: (value, _, out) => {
          for (let i = 0; i < 3; i++) out.collect(value + i)
          begun.push(`${harness.output.length}`)
        },
        *finish() {
          for (const value of [7, 8, 9]) {
            begun.push(`${harness.output.length} ${ctx.key}`)
            if (value === 7) scope.key = 'k'
            yield value
          }
        },
      }),
    } satisfies OperatorFactory,
    { pressed: true },
  )
  harness.push(0, { key: 'p' })
  expect(harness.output).toEqual([0, 1, 2])
  harness.push(10)
  expect(begun).toEqual(['1', '3'])
  await harness.end()
  expect(harness.output).toEqual([0, 1, 2, 10, 11, 12, 7, 8, 9])
  expect(begun.slice(2)).toEqual(['6 undefined', '7 k', '8 undefined'])
  expect(harness.packets.slice(-3).map((packet) => packet.partitionKey)).toEqual([
    'k',
    'k',
    undefined,
  ])
})

it('moves the time on', () => {
  const harness = operatorHarness((_: unknown, ctx: RuntimeContext) => ctx.clock.now(), {
    startMs: 500,
  })
  harness.push('a')
  harness.advanceTime('2s')
  harness.push('b')
  harness.advanceTime(1)
  harness.push('c')
  expect(harness.output).toEqual([500, 2_500, 2_501])
  expect(() => harness.advanceTime(-1)).toThrow(expect.objectContaining({ code: 'SAGE_OPTION' }))
})
