import { expect, it } from 'vitest'
import { MapFunction } from '../contract/function.ts'
import { Packet } from '../packet.ts'
import { operatorHarness } from './operator-harness.ts'

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
