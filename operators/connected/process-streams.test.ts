import { describe, expect, it } from 'vitest'
import { MAX_BATCH } from '../basic/process-batch.ts'
import type { StreamState } from '../contract/stream-state.ts'
import { type HarnessOptions, operatorHarness } from '../testing/operator-harness.ts'
import type { Alignment } from './alignment.ts'
import { processStreamsFactory } from './process-streams.ts'
import type { StreamReader } from './stream-readers.ts'

type Streams = readonly StreamReader<any>[]

/** What each call sees: `left: 1 2 | right: 3`. */
const seeing = (streams: Streams) => [
  streams.map((stream) => `${stream.name}: ${[...stream].join(' ')}`).join(' | '),
]

function harness(
  fn: (streams: Streams, state: StreamState) => unknown,
  more: { keyed?: boolean; alignment?: Alignment; maxBatch?: number } = {},
  options: HarnessOptions = {},
) {
  const names = ['left', 'right']
  return operatorHarness(processStreamsFactory({ fn, names, keyed: false, ...more }), options)
}

describe('micro-batches', () => {
  it('show what was at hand together, input by input, and one more at the end', async () => {
    const process = harness(seeing)
    process.push(1)
    process.push(3, { input: 1 })
    process.push(2)
    expect(process.output).toEqual([])
    process.endOfBatch()
    process.endOfBatch()
    process.push(4, { input: 1 })
    await process.end()
    expect(process.output).toEqual([
      'left: 1 2 | right: 3',
      'left:  | right: 4',
      'left:  | right: ',
    ])
  })

  it('sees at most maxBatch records of each input', () => {
    const process = harness(seeing, { maxBatch: 2 })
    for (let i = 0; i < 5; i++) process.push(i)
    process.push(5, { input: 1 })
    process.endOfBatch()
    expect(process.output).toEqual([
      'left: 0 1 | right: ',
      'left: 2 3 | right: ',
      'left: 4 | right: 5',
    ])
  })

  it('hold at most so many records of each input', async () => {
    const sizes = (streams: Streams) => [streams.map((stream) => [...stream].length)]
    const process = harness(sizes)
    for (let i = 0; i < MAX_BATCH + 1; i++) process.push(i)
    expect(process.output).toEqual([[MAX_BATCH, 0]])
    await process.end()
    expect(process.output).toEqual([
      [MAX_BATCH, 0],
      [1, 0],
      [0, 0],
    ])
  })

  it('leave what was not read to the next call', async () => {
    const one = (streams: Streams) => [streams.map((stream) => stream.read() ?? '-').join('')]
    const process = harness(one)
    for (const n of [1, 2, 3]) process.push(n)
    process.push(7, { input: 1 })
    process.endOfBatch()
    process.endOfBatch()
    expect(process.output).toEqual(['17'])
    process.push(8, { input: 1 })
    process.endOfBatch()
    await process.end()
    expect(process.output).toEqual(['17', '28', '3-'])
  })

  it('read lazily, and not beyond their call', async () => {
    let kept: StreamReader<any> | undefined
    const process = harness(function* ([left]) {
      kept = left
      while (left.hasData()) yield left.read()
    })
    process.push(1)
    process.push(2)
    process.endOfBatch()
    expect(process.output).toEqual([1, 2])
    process.push(3)
    expect([kept?.hasData(), kept?.read()]).toEqual([false, undefined])
    await process.end()
    expect(process.output).toEqual([1, 2, 3])
  })

  it('share the default state, and leave nothings out', async () => {
    const process = harness(([left], state) =>
      [...left].map((n) => (n > state.get('m', 0) ? n : null)),
    )
    process.ctx.shared().set('m', 2)
    for (const n of [1, 2, 3]) process.push(n)
    await process.end()
    expect(process.output).toEqual([3])
  })

  it('give results the time of the latest record read, and none that is late', async () => {
    const process = harness((streams) => [streams.map((stream) => stream.read())])
    process.push('a', { timestamp: 100 })
    process.push('b', { timestamp: 90, input: 1 })
    process.push('c', { timestamp: 95 })
    process.endOfBatch()
    process.advanceWatermark(200)
    process.push('d', { timestamp: 210, input: 1 })
    process.endOfBatch()
    await process.end()
    const times = process.packets.map(({ timestamp }) => timestamp / 1e6)
    expect(process.output).toEqual([
      ['a', 'b'],
      ['c', 'd'],
      [undefined, undefined],
    ])
    expect(times).toEqual([100, 210, 200])
  })

  it.each([
    [() => 5, 'SAGE_NOT_ITERABLE', 'expected an iterable of records, got 5'],
    [async () => [], 'SAGE_PROMISE', 'process: expected a value'],
  ])('refuse %s', (fn, code, message) => {
    const process = harness(fn)
    process.push(1)
    expect(() => process.endOfBatch()).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    )
  })

  it('that fail emit nothing; what they had read is gone, the rest comes again', async () => {
    const process = harness(
      function* ([left]) {
        for (const n of left) {
          if (n === 2) throw new Error('two')
          yield n
        }
      },
      {},
      { errors: 'skip' },
    )
    for (const n of [1, 2, 3, 4]) process.push(n)
    process.endOfBatch()
    expect([process.output, process.errors]).toEqual([[3, 4], 1])
    await process.end()
    expect([process.output, process.errors]).toEqual([[3, 4], 1])
  })
})

describe('by key', () => {
  it('a call sees one key, whose results have it; keys with unread records are called at the end', async () => {
    const pairs = ([left, right]: Streams) =>
      left.hasData() && right.hasData() ? [`${left.read()}${right.read()}`] : []
    const process = harness(pairs, { keyed: true }, { pressed: true })
    process.push(1, { key: 'a' })
    process.push(2, { key: 'b', input: 1 })
    process.push(3, { key: 'a', input: 1 })
    process.push(4, { key: 'b', input: 1 })
    process.endOfBatch()
    process.push(5, { key: 'b' })
    process.push(6, { key: 'c' })
    process.endOfBatch()
    await process.end()
    expect(process.packets.map(({ partitionKey, payload }) => [partitionKey, payload])).toEqual([
      ['a', '13'],
      ['b', '52'],
    ])
  })

  it('keeps nothing of keys whose records were read, and restores the others', async () => {
    const rows: string[] = []
    const spec = {
      fn: ([left, right]: Streams) => {
        if (right.hasData()) rows.push(`${[...left].join('+')}:${[...right].join('+')}`)
        return []
      },
      names: ['left', 'right'],
      keyed: true,
    }
    const before = operatorHarness(processStreamsFactory(spec))
    before.push(1, { key: 'a' })
    before.push(2, { key: 'b' })
    before.push(3, { key: 'a', input: 1 })
    before.endOfBatch()
    expect(before.keyed.store.size).toBe(1)
    const entries = structuredClone([...before.keyed.store.entries()])
    const after = operatorHarness(processStreamsFactory(spec))
    after.keyed.store.restore(entries)
    after.push(4, { key: 'b', input: 1 })
    after.endOfBatch()
    expect(rows).toEqual(['1:3', '2:4'])
    expect(after.keyed.store.size).toBe(0)
  })
})

describe('aligned by timestamp', () => {
  const alignment: Alignment = { type: 'timestamp', toleranceMs: 10 }
  const push = (process: ReturnType<typeof harness>, input: number, ...times: number[]) => {
    for (const timestamp of times) process.push(timestamp, { timestamp, input })
  }

  it('batches hold what is within the tolerance of the oldest record, once time has passed that', async () => {
    const process = harness(seeing, { alignment })
    push(process, 0, 100, 105, 111, 130)
    push(process, 1, 110, 102, 141)
    process.endOfBatch()
    process.advanceWatermark(110)
    expect(process.output).toEqual([])
    process.advanceWatermark(111)
    expect(process.output).toEqual(['left: 100 105 | right: 102 110'])
    await process.end()
    expect(process.output.slice(1)).toEqual([
      'left: 111 | right: ',
      'left: 130 | right: ',
      'left:  | right: 141',
      'left:  | right: ',
    ])
  })

  it('batches are whole, and what they leave unread comes first in the next one', async () => {
    const fn = ([left]: Streams) => [[left.read(), left.hasData()]]
    const process = harness(fn, { alignment })
    push(process, 0, 1, 2, 100)
    process.advanceWatermark(50)
    expect(process.output).toEqual([[1, true]])
    await process.end()
    expect(process.output.slice(1)).toEqual([
      [2, true],
      [100, false],
    ])
  })

  it('a late record has a batch of its own', async () => {
    const process = harness(seeing, { alignment })
    process.advanceWatermark(100)
    push(process, 0, 5)
    process.advanceWatermark(101)
    expect(process.output).toEqual(['left: 5 | right: '])
  })

  it('refuses records without a timestamp, and keeps nothing of them', () => {
    const process = harness(seeing, { alignment, keyed: true }, { errors: 'skip' })
    process.push(1, { key: 'a' })
    expect([process.errors, process.keyed.store.size]).toEqual([1, 0])
    expect(process.logs.at(-1)?.message).toContain('synchronize: expected records with timestamps')
  })
})

describe('aligned by markers', () => {
  const isMarker = (value: unknown) => value === '#'

  it.each([
    [
      false,
      ['left: 1 2 | right: 3', 'left: 4 | right: ', 'left: 5 | right: 6', 'left:  | right: '],
    ],
    [
      true,
      [
        'left: 1 2 # | right: 3 #',
        'left: 4 # | right: #',
        'left: 5 # | right: 6',
        'left:  | right: ',
      ],
    ],
  ])('batches end with a marker in every input; kept: %s', async (keepMarkers, expected) => {
    const process = harness(seeing, { alignment: { type: 'event', isMarker, keepMarkers } })
    for (const value of [1, 2, '#', 4, '#', 5, '#']) process.push(value)
    expect(process.output).toEqual([])
    for (const value of [3, '#', '#', 6]) process.push(value, { input: 1 })
    process.endOfBatch()
    expect(process.output).toEqual(expected.slice(0, 2))
    await process.end()
    expect(process.output).toEqual(expected)
  })

  it('empty rounds are no calls', () => {
    const process = harness(seeing, { alignment: { type: 'event', isMarker, keepMarkers: false } })
    for (const input of [0, 1, 0, 1]) process.push('#', { input })
    expect(process.output).toEqual([])
  })

  it('a marker function that throws leaves the inputs as they were', async () => {
    const fails = (value: unknown) => {
      if (value === 'bad') throw new Error('bad')
      return value === '#'
    }
    const alignment: Alignment = { type: 'event', isMarker: fails, keepMarkers: false }
    const process = harness(seeing, { alignment }, { errors: 'skip' })
    for (const value of [1, 'bad', 2, '#']) process.push(value)
    for (const value of [3, '#']) process.push(value, { input: 1 })
    expect([process.output, process.errors]).toEqual([['left: 1 2 | right: 3'], 1])
  })
})
