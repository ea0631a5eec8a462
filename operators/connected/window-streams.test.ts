import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OutputTag } from '../contract/function.ts'
import type { StreamState } from '../contract/stream-state.ts'
import { type HarnessOptions, operatorHarness } from '../testing/operator-harness.ts'
import type { FiredWindow } from './window-data.ts'
import type { WindowSpec } from './window-frames.ts'
import { type WindowStreamsSpec, windowStreamsFactory } from './window-streams.ts'

const tumbling: WindowSpec = { type: 'sliding', sizeMs: 10, slideMs: 10 }
const sliding: WindowSpec = { type: 'sliding', sizeMs: 15, slideMs: 10 }
const session: WindowSpec = { type: 'session', timeoutMs: 10 }
const late = new OutputTag<number>('late')

/** `10-20: 11 12 | 15` */
const text = (window: FiredWindow) =>
  `${window.startTime}-${window.endTime}: ${[...window].map((list) => list.join(' ')).join(' | ')}`

function harness(
  window: WindowSpec,
  more: Partial<WindowStreamsSpec> = {},
  options?: HarnessOptions,
) {
  const spec = { window, fn: text, inputs: 2, keyed: false, ...more }
  return operatorHarness(windowStreamsFactory(spec), options)
}

const push = (windows: ReturnType<typeof harness>, input: number, ...times: number[]) => {
  for (const timestamp of times) windows.push(timestamp, { timestamp, input })
}

describe('in event time', () => {
  it('a window fires when the watermark reaches its end; empty ones do not', async () => {
    const windows = harness(tumbling)
    push(windows, 0, 11, 9, 12)
    push(windows, 1, 15, 45)
    windows.advanceWatermark(9)
    expect(windows.output).toEqual([])
    windows.advanceWatermark(19)
    expect(windows.output).toEqual(['0-10: 9 | '])
    windows.advanceWatermark(20)
    expect(windows.output.slice(1)).toEqual(['10-20: 11 12 | 15'])
    await windows.end()
    expect(windows.output.slice(2)).toEqual(['40-50:  | 45'])
    expect(windows.packets.map(({ timestamp }) => timestamp / 1e6)).toEqual([9, 19, 49])
  })

  it('late records are those whose windows are all over: counted, and sent aside', async () => {
    const windows = harness(sliding, { late })
    windows.advanceWatermark(20)
    push(windows, 0, 3, 9, 11)
    // 9 is in [0, 15), which is over; 11 is in [10, 25), too.
    expect([windows.dropped, windows.sideOutput(late)]).toEqual([2, [3, 9]])
    await windows.end()
    expect(windows.output).toEqual(['10-25: 11 | '])
  })

  it('sliding windows share what they hold', async () => {
    const windows = harness(sliding)
    push(windows, 0, 0, 6, 12, 21)
    await windows.end()
    expect(windows.output).toEqual([
      '-10-5: 0 | ',
      '0-15: 0 6 12 | ',
      '10-25: 12 21 | ',
      '20-35: 21 | ',
    ])
  })

  it('sessions go on while records of any input come, and those that touch are one', async () => {
    const windows = harness(session)
    push(windows, 0, 5, 30)
    push(windows, 1, 25, 15)
    windows.advanceWatermark(39)
    expect(windows.output).toEqual([])
    windows.advanceWatermark(40)
    expect(windows.output).toEqual(['5-40: 5 30 | 25 15'])
    push(windows, 0, 29, 60)
    expect(windows.dropped).toBe(1)
    await windows.end()
    expect(windows.output.slice(1)).toEqual(['60-70: 60 | '])
  })

  it('records without timestamps among such with them are refused', () => {
    const windows = harness(tumbling)
    push(windows, 0, 5)
    expect(() => windows.push(1, { input: 1 })).toThrow(
      expect.objectContaining({ code: 'SAGE_TIMESTAMP' }),
    )
  })
})

describe('in processing time', () => {
  it('a window fires when the clock reaches its end', async () => {
    const windows = harness(tumbling, {}, { startMs: 5 })
    windows.push('a')
    windows.advanceTime(4)
    windows.push('b', { input: 1 })
    expect(windows.output).toEqual([])
    windows.advanceTime(1)
    expect(windows.output).toEqual(['0-10: a | b'])
    windows.push('c')
    await windows.end()
    expect(windows.output.slice(1)).toEqual(['10-20: c | '])
  })

  it('a session ends when nothing has come for its timeout', () => {
    const windows = harness(session)
    windows.push('a')
    windows.advanceTime(9)
    windows.push('b', { input: 1 })
    windows.advanceTime(9)
    expect(windows.output).toEqual([])
    windows.advanceTime(1)
    expect(windows.output).toEqual(['0-19: a | b'])
  })
})

it('each key has windows of its own, and nothing is kept of those that have fired', async () => {
  const fn = (window: FiredWindow, state: StreamState) =>
    `${window.key} ${text(window)} #${state.increment('windows')}`
  const windows = harness(tumbling, { keyed: true, fn })
  windows.push(1, { key: 'a', timestamp: 1 })
  windows.push(2, { key: 'b', timestamp: 2, input: 1 })
  windows.push(13, { key: 'a', timestamp: 13 })
  windows.advanceWatermark(10)
  expect(windows.packets.map(({ partitionKey, payload }) => [partitionKey, payload])).toEqual([
    ['a', 'a 0-10: 1 |  #1'],
    ['b', 'b 0-10:  | 2 #2'],
  ])
  expect(windows.keyed.store.size).toBe(1)
  await windows.end()
  expect(windows.keyed.store.size).toBe(0)
})

it('open windows are restored from what a checkpoint takes', async () => {
  const before = harness(sliding, { keyed: true })
  before.push(12, { key: 'a', timestamp: 12 })
  const entries = structuredClone([...before.keyed.store.entries()])
  const timers = [...before.keyed.eventTimers.timers()].map(([, at]) => at)
  const after = harness(sliding, { keyed: true })
  after.keyed.store.restore(entries)
  for (const at of timers) after.keyed.eventTimers.register(after.keyed.store.find('a'), at)
  after.push(13, { key: 'a', timestamp: 13, input: 1 })
  await after.end()
  expect(after.output).toEqual(['0-15: 12 | 13', '10-25: 12 | 13'])
})

it('null is no result; a window on which the function throws is left out', async () => {
  const fn = (window: FiredWindow) => {
    if (window.startTime === 10) throw new Error('ten')
    return window.startTime === 0 ? null : text(window)
  }
  const windows = harness(tumbling, { fn }, { errors: 'skip' })
  push(windows, 0, 5, 15, 25)
  await windows.end()
  expect([windows.output, windows.errors]).toEqual([['20-30: 25 | '], 1])
})

it('a promise is refused', async () => {
  const windows = harness(tumbling, { fn: async () => 1 })
  push(windows, 0, 5)
  await expect(windows.end()).rejects.toMatchObject({ code: 'SAGE_PROMISE' })
})

it('every record is in its windows exactly, whatever the order and the pressure', async () => {
  const sizes = fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }))
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 50 }), fc.constantFrom(0, 1))),
      sizes.map(([a, b]) => [Math.max(a, b), Math.min(a, b)]),
      fc.boolean(),
      fc.boolean(),
      async (records, [size, slide], sessions, pressed) => {
        const window: WindowSpec = sessions
          ? { type: 'session', timeoutMs: size }
          : { type: 'sliding', sizeMs: size, slideMs: slide }
        const fn = ({ startTime, endTime, inputs }: FiredWindow) => ({ startTime, endTime, inputs })
        const windows = harness(window, { fn }, { pressed })
        for (const [time, input] of records) windows.push(time, { timestamp: time, input })
        await windows.end()
        const times = records.map(([time]) => time).sort((a, b) => a - b)
        const bounds = sessions ? sessionsOf(times, size) : slidesOf(times, size, slide)
        const found = windows.output as ReturnType<typeof fn>[]
        expect(found.map(({ startTime, endTime }) => [startTime, endTime])).toEqual(bounds)
        for (const { startTime, endTime, inputs } of found) {
          const inside = (input: number) =>
            records.filter(([time, i]) => i === input && time >= startTime && time < endTime)
          for (const input of [0, 1]) {
            expect(inputs[input].toSorted()).toEqual(
              inside(input)
                .map(([time]) => time)
                .toSorted(),
            )
          }
        }
      },
    ),
    { numRuns: 200 },
  )
})

function slidesOf(times: number[], size: number, slide: number): number[][] {
  const starts = new Set<number>()
  for (const time of times)
    for (let k = Math.floor(time / slide); k * slide > time - size; k--) starts.add(k * slide)
  return [...starts].sort((a, b) => a - b).map((start) => [start, start + size])
}

function sessionsOf(times: number[], timeout: number): number[][] {
  const found: number[][] = []
  for (const time of times) {
    const last = found.at(-1)
    if (last !== undefined && time <= last[1]) last[1] = time + timeout
    else found.push([time, time + timeout])
  }
  return found
}
