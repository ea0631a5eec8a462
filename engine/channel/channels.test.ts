import { createHash } from 'node:crypto'
import { describe, expect, it, test } from 'vitest'
import { columns } from '../../codec/fixtures/columns.ts'
import { newBatch } from '../../codec/record-codec.ts'
import { LINK } from '../metrics/counters.ts'
import { Link } from './fixtures/link.ts'
import type { Polled } from './input-channel.ts'

const put = (link: Link, ...values: unknown[]) => {
  for (const value of values) link.output.append(value, columns())
}

/** Compares fast where vitest would compare a million elements. */
const digest = (record: unknown) =>
  createHash('sha1')
    .update(record as string | Uint8Array)
    .digest('hex')

describe('what is sent is read', () => {
  it('only once it is flushed, in order', () => {
    const link = new Link()
    put(link, 1, 'two', { three: [3] })
    expect([link.output.gathered, link.read()]).toEqual([
      3,
      { values: [], keys: [], polled: 'empty' },
    ])
    link.output.flush()
    expect(link.output.gathered).toBe(0)
    expect(link.input.ready).toBe(true)
    expect(link.read().values).toEqual([1, 'two', { three: [3] }])
    expect(link.input.ready).toBe(false)
  })

  it('with its keys', () => {
    const link = new Link({ keyed: true })
    link.output.append('a', columns([1, 'x']))
    link.output.append('b', columns(7n))
    link.output.flush()
    expect(link.read()).toMatchObject({ values: ['a', 'b'], keys: [[1, 'x'], 7n] })
  })

  it('by itself when a frame is full', () => {
    const link = new Link()
    for (let i = 0; i < 40; i++) put(link, `${i} ${'x'.repeat(100)}`)
    expect(link.output.gathered).toBeLessThan(12)
    expect(link.read().values.length).toBeGreaterThan(27)
  })

  it('flushing nothing sends nothing', () => {
    const link = new Link()
    link.output.flush()
    expect(link.ring.usedBytes).toBe(0)
  })
})

describe('a full ring', () => {
  /** Sends numbered records until the ring refuses some, then a few more. */
  function pressed(extra: number) {
    const link = new Link()
    let sent = 0
    const send = () => put(link, `${sent++} ${'x'.repeat(200)}`)
    while (!link.output.pressed) send()
    for (let i = 0; i < extra; i++) send()
    link.output.flush()
    return { link, sent }
  }

  test.each([0, 1, 50])(
    'refuses; what is refused keeps its order, and %i more behind it',
    (extra) => {
      const { link, sent } = pressed(extra)
      expect(link.output.pressed).toBe(true)
      const numbers = link.carry().map((text) => Number.parseInt(text as string, 10))
      expect(numbers).toEqual(Array.from({ length: sent }, (_, i) => i))
      expect(link.output.pressed).toBe(false)
    },
  )

  it('asks its reader to ring when there is room', () => {
    const { link } = pressed(0)
    const before = link.senderBell.read()
    link.senderBell.announce()
    link.read()
    expect(link.senderBell.read()).not.toBe(before)
  })

  it('holds back the stop frame too', () => {
    const { link, sent } = pressed(0)
    link.output.end()
    expect(link.output.pressed).toBe(true)
    expect(link.input.ended).toBe(false)
    expect(link.carry().length).toBe(sent)
    expect([link.input.ended, link.read().polled]).toEqual([true, 'ended'])
  })
})

describe('a full ring with a buffer that drops', () => {
  /** Sends 500 records, which the ring has no room for, with a watermark behind each tenth; then the end. */
  function dropping(drop: 'newest' | 'oldest', bufferSize: number) {
    const link = new Link({
      backpressure: { strategy: 'drop', drop, bufferSize, timeoutMs: Number.POSITIVE_INFINITY },
    })
    for (let i = 0; i < 500; i++) {
      put(link, `${i} ${'x'.repeat(200)}`)
      if (i % 10 === 9) {
        link.output.flush()
        link.output.advance(i)
      }
      expect(link.output.pressed).toBe(false)
    }
    link.output.end()
    const numbers = link.carry().map((text) => Number.parseInt(text as string, 10))
    expect(link.input.ended).toBe(true)
    expect(link.sent[LINK.records]).toBe(numbers.length)
    expect(link.sent[LINK.dropped]).toBe(500 - numbers.length)
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
    return { numbers, watermark: link.input.watermark }
  }

  test.each([1, 16, 100])('of %i records leaves out the newest', (bufferSize) => {
    const { numbers, watermark } = dropping('newest', bufferSize)
    expect(numbers).toEqual(numbers.map((_, i) => i))
    expect(watermark).toBe(499)
  })

  test.each([1, 16, 100])('of %i records leaves out the oldest', (bufferSize) => {
    const { numbers, watermark } = dropping('oldest', bufferSize)
    const waited = numbers.slice(-bufferSize + Math.floor(bufferSize / 16))
    expect(waited.at(-1)).toBe(499)
    expect(waited).toEqual(waited.map((_, i) => 500 - waited.length + i))
    // In front of them are those that the ring took at once.
    expect(numbers[0]).toBe(0)
    expect(watermark).toBe(499)
  })

  it('keeps what separates checkpoints, and one watermark of many', () => {
    const link = new Link({
      backpressure: {
        strategy: 'drop',
        drop: 'oldest',
        bufferSize: 1,
        timeoutMs: Number.POSITIVE_INFINITY,
      },
    })
    for (let epoch = 1; epoch <= 3; epoch++) {
      for (let i = 0; i < 100; i++) {
        put(link, 'x'.repeat(200))
        link.output.advance(epoch * 1000 + i)
      }
      link.output.barrier(epoch)
      for (let i = 100; i < 100_000; i++) link.output.advance(epoch * 1000 + i / 1000)
    }
    link.output.end()
    const polled: Polled[] = []
    const batch = newBatch()
    while (polled.at(-1) !== 'ended') {
      link.output.drain()
      polled.push(link.input.poll(batch))
    }
    expect(polled.filter((one) => one === 'barrier')).toHaveLength(3)
    expect(polled.filter((one) => one === 'time').length).toBeLessThan(60)
    expect(link.input.watermark).toBe(3099.999)
  })
})

it('a channel that closes a loop is never pressed; what waits is told, and keeps its order', () => {
  let waiting = 0
  const spill = {
    put: (bytes: number) => void (waiting += bytes),
    sent: (bytes: number) => void (waiting -= bytes),
  }
  const link = new Link({ spill })
  for (let i = 0; i < 5000; i++) {
    put(link, `${i} ${'x'.repeat(100)}`)
    expect(link.output.pressed).toBe(false)
  }
  link.output.flush()
  expect(link.output.waiting).toBe(true)
  expect(waiting).toBeGreaterThan(400_000)
  const numbers = link.carry().map((text) => Number.parseInt(text as string, 10))
  expect(numbers).toEqual(Array.from({ length: 5000 }, (_, i) => i))
  expect([link.output.waiting, waiting]).toEqual([false, 0])
})

it('what closes a loop and is taken before its turn is told until its turn comes', () => {
  let waiting = 0
  const spill = {
    put: (bytes: number) => void (waiting += bytes),
    sent: (bytes: number) => void (waiting -= bytes),
  }
  const link = new Link({ spill })
  const texts = Array.from({ length: 100 }, (_, i) => `${i} ${'x'.repeat(100)}`)
  put(link, ...texts)
  link.output.barrier(1)
  while (!link.input.hasTaken(1, false)) {
    link.input.takeAhead(1, false)
    link.output.drain()
  }
  expect(link.output.waiting).toBe(false)
  expect(waiting).toBeGreaterThan(10_000)
  expect(link.read().values).toEqual(texts)
  expect(waiting).toBe(0)
})

describe('records larger than a frame', () => {
  test.each([1_000, 1_016, 1_017, 4_096, 100_000, 1 << 20])(
    '%i bytes, between small ones, through 4 KiB',
    (length) => {
      const link = new Link()
      const text = Array.from({ length }, (_, i) => String.fromCharCode(97 + (i % 26))).join('')
      const records = [
        'before',
        text,
        'between',
        new Uint8Array(length).fill(length % 251),
        'behind',
      ]
      put(link, ...records)
      link.output.end()
      expect(link.carry().map(digest)).toEqual(records.map(digest))
      expect(link.input.ended).toBe(true)
    },
  )

  it('64 MiB, once', () => {
    const link = new Link({ capacity: 1 << 20 })
    const bytes = new Uint8Array(1 << 26)
    for (let i = 0; i < bytes.length; i += 4097) bytes[i] = i % 255
    put(link, bytes)
    link.output.flush()
    const [read] = link.carry() as [Uint8Array]
    expect(Buffer.compare(read, bytes)).toBe(0)
  })
})

it('a record that cannot be carried is refused, and those beside it are not harmed', () => {
  const link = new Link()
  put(link, 'before')
  expect(() => put(link, { deep: [() => 1] })).toThrow(
    expect.objectContaining({ code: 'SAGE_CODEC_UNSUPPORTED' }),
  )
  put(link, 'behind')
  link.output.flush()
  expect(link.read().values).toEqual(['before', 'behind'])
})

it('read records own their memory: later frames do not change them', () => {
  const link = new Link()
  put(link, { bytes: new Uint8Array([1, 2, 3]), text: 'first' })
  link.output.flush()
  const [first] = link.read().values
  for (let i = 0; i < 200; i++) {
    put(link, { bytes: new Uint8Array(60).fill(255), text: 'x'.repeat(60) })
    link.output.flush()
    link.read()
  }
  expect(first).toEqual({ bytes: new Uint8Array([1, 2, 3]), text: 'first' })
})
