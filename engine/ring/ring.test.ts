import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Arena, createArena } from './arena.ts'
import { initRing, maxMessageBytes, ringBytes } from './layout.ts'
import { EMPTY, RingReader } from './reader.ts'
import { FULL, RingWriter } from './writer.ts'

const CAPACITY = 4096
const MAX = maxMessageBytes(CAPACITY)
const OFFSET = 128
const CANARY = 0xa5

interface Ring {
  readonly arena: Arena
  readonly writer: RingWriter
  readonly reader: RingReader
}

/** A ring between canaries, whose positions begin at `position`. */
function ring(position = 0): Ring {
  const arena = createArena(OFFSET + ringBytes(CAPACITY) + 128)
  arena.u8.fill(CANARY)
  initRing(arena, OFFSET, CAPACITY, position)
  return { arena, writer: new RingWriter(arena, OFFSET), reader: new RingReader(arena, OFFSET) }
}

function message(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) bytes[i] = seed * 31 + i * 7
  return bytes
}

function write({ writer }: Ring, bytes: Uint8Array): boolean {
  return writer.tryWrite(bytes, 0, bytes.length)
}

/** The oldest message, copied and released; undefined when there is none. */
function read({ arena, reader }: Ring): Uint8Array | undefined {
  const length = reader.peek()
  if (length === EMPTY) return undefined
  const bytes = arena.u8.slice(reader.position, reader.position + length)
  reader.release()
  return bytes
}

function expectCanaries({ arena }: Ring): void {
  const end = OFFSET + ringBytes(CAPACITY)
  expect(arena.u8.subarray(0, OFFSET).every((byte) => byte === CANARY)).toBe(true)
  expect(arena.u8.subarray(end).every((byte) => byte === CANARY)).toBe(true)
}

/** Reads one message and compares it; `toEqual` alone takes a millisecond for a large one. */
function expectRead(r: Ring, sent: Uint8Array | undefined): void {
  const got = read(r)
  if (got === undefined || sent === undefined || !Buffer.from(got).equals(sent))
    expect(got).toEqual(sent)
}

describe('ring', () => {
  it('is empty at first', () => {
    const r = ring()
    expect(r.reader.peek()).toBe(EMPTY)
    expect(r.writer.usedBytes).toBe(0)
  })

  it('carries every length, byte for byte', () => {
    const r = ring()
    for (let length = 0; length <= MAX; length++) {
      const sent = message(length, length)
      expect(write(r, sent)).toBe(true)
      expectRead(r, sent)
    }
    expect(r.writer.usedBytes).toBe(0)
    expectCanaries(r)
  })

  it('copies a part of the source only', () => {
    const r = ring()
    expect(r.writer.tryWrite(message(100, 1), 3, 93)).toBe(true)
    expectRead(r, message(100, 1).subarray(3, 93))
  })

  it('shows the same message until it is released', () => {
    const r = ring()
    write(r, message(5, 1))
    write(r, message(6, 2))
    expect([r.reader.peek(), r.reader.peek(), r.reader.position % 8]).toEqual([5, 5, 0])
    expect(r.reader.usedBytes).toBe(32)
    r.reader.release()
    expect(r.reader.peek()).toBe(6)
    expect(r.reader.usedBytes).toBe(16)
  })

  it('takes what fills it to the last byte, then refuses', () => {
    const r = ring()
    for (let i = 0; i < 4; i++) expect(write(r, message(MAX, i))).toBe(true)
    expect(r.writer.usedBytes).toBe(CAPACITY)
    expect(write(r, message(0, 9))).toBe(false)
    expect(r.writer.claim(0)).toBe(FULL)
    for (let i = 0; i < 4; i++) expectRead(r, message(MAX, i))
    expect(read(r)).toBeUndefined()
    expectCanaries(r)
  })

  it('pads the end when a message would cross it', () => {
    const r = ring()
    for (let i = 0; i < 3; i++) write(r, message(MAX, i))
    write(r, message(504, 3))
    for (let i = 0; i < 3; i++) read(r)
    expect(write(r, message(600, 4))).toBe(true)
    expect(r.writer.usedBytes).toBe(512 + 512 + 608)
    expectRead(r, message(504, 3))
    expect(r.reader.peek()).toBe(600)
    expect(r.reader.position).toBe(OFFSET + 256 + 8)
    expectRead(r, message(600, 4))
    expect(r.writer.usedBytes).toBe(0)
    expectCanaries(r)
  })

  it('takes any message when at most half full, wherever it stands', () => {
    for (let start = 0; start < CAPACITY; start += 8) {
      const r = ring(start)
      expect(write(r, message(MAX, 1))).toBe(true)
      expect(write(r, message(MAX, 2))).toBe(true)
      expectRead(r, message(MAX, 1))
      expectRead(r, message(MAX, 2))
    }
  })

  it('commits less than was claimed, and forgets a claim that was not committed', () => {
    const r = ring()
    const first = r.writer.claim(200)
    r.arena.u8.fill(1, first, first + 200)
    expect(r.reader.peek()).toBe(EMPTY)
    expect(r.writer.claim(MAX)).toBe(first)
    r.arena.u8.fill(2, first, first + 9)
    r.writer.commit(9)
    expectRead(r, new Uint8Array(9).fill(2))
    expect(r.writer.usedBytes).toBe(0)
  })

  it.each([
    ['2^31', 2 ** 31],
    ['2^32', 2 ** 32],
  ])('goes across position %s', (_, wrap) => {
    for (let before = 0; before <= 2 * CAPACITY; before += 520) {
      const r = ring(wrap - before)
      for (let i = 0; i < 40; i++) {
        const pair = [message((i * 97) % MAX, i), message((i * 53) % MAX, i + 1)]
        for (const sent of pair) expect(write(r, sent)).toBe(true)
        for (const sent of pair) expectRead(r, sent)
      }
      expectCanaries(r)
    }
  })

  it('goes on where a former writer and reader stopped', () => {
    const r = ring(2 ** 32 - 64)
    for (let i = 0; i < 3; i++) write(r, message(100, i))
    expectRead(r, message(100, 0))
    const next: Ring = {
      arena: r.arena,
      writer: new RingWriter(r.arena, OFFSET),
      reader: new RingReader(r.arena, OFFSET),
    }
    write(next, message(7, 3))
    expect([read(next), read(next), read(next), read(next)]).toEqual([
      message(100, 1),
      message(100, 2),
      message(7, 3),
      undefined,
    ])
  })

  it('refuses lengths and calls that break the contract', () => {
    const { writer, reader } = ring()
    const tooLong = `expected a message of 0 to ${MAX} bytes, got length ${MAX + 1}`
    expect(() => writer.claim(MAX + 1)).toThrow(tooLong)
    expect(() => writer.claim(-1)).toThrow('got length -1')
    expect(() => writer.claim(Number.NaN)).toThrow('got length NaN')
    expect(() => writer.commit(0)).toThrow('expected a claim before a commit')
    writer.claim(8)
    expect(() => writer.commit(9)).toThrow('expected a message of 0 to 8 bytes, got length 9')
    for (let i = 0; i < 4; i++) writer.tryWrite(message(MAX, i), 0, MAX)
    expect(writer.claim(8)).toBe(FULL)
    expect(() => writer.commit(8)).toThrow('expected a claim before a commit')
    expect(() => reader.release()).toThrow('expected a peek that found a message before a release')
  })

  it('does not believe damaged memory', () => {
    const data = (OFFSET + 256) >> 2
    const kind = ring()
    write(kind, message(8, 1))
    kind.arena.i32[data + 1] = 7
    expect(() => kind.reader.peek()).toThrow('expected a message header in the ring')
    const length = ring()
    write(length, message(8, 1))
    length.arena.i32[data] = MAX + 1
    expect(() => length.reader.peek()).toThrow(`got length ${MAX + 1}`)
    const pad = ring()
    write(pad, message(8, 1))
    pad.arena.i32[data + 1] = 2
    expect(() => pad.reader.peek()).toThrow('expected a pad to the end in the ring')
    const head = ring()
    head.arena.i32[OFFSET >> 2] = 8
    expect(() => head.writer.usedBytes).toThrow('expected a head at most 4096 bytes behind')
  })

  it('behaves as a queue of bounded bytes', () => {
    const step = fc.oneof(
      fc.record({
        write: fc.oneof(fc.integer({ min: 0, max: MAX }), fc.integer({ min: 0, max: 64 })),
      }),
      fc.constant('read' as const),
    )
    const start = fc.constantFrom(0, 8, 4088, 2 ** 31 - 2048, 2 ** 32 - 1024)
    const property = fc.property(start, fc.array(step, { maxLength: 200 }), (position, steps) => {
      const r = ring(position)
      const queue: Uint8Array[] = []
      for (const [index, action] of steps.entries()) {
        if (action === 'read') expectRead(r, queue.shift())
        else if (write(r, message(action.write, index))) queue.push(message(action.write, index))
        else expect(r.writer.usedBytes).toBeGreaterThan(CAPACITY / 2)
      }
      for (const sent of queue) expectRead(r, sent)
      expect(read(r)).toBeUndefined()
      expectCanaries(r)
    })
    fc.assert(property, { numRuns: 300 })
  })
})

describe('a producer out of room', () => {
  /** Four messages of a quarter each, and a producer that was refused a fifth. */
  function full(): Ring {
    const r = ring()
    for (let i = 0; i < 4; i++) write(r, message(MAX, i))
    expect(write(r, message(1, 9))).toBe(false)
    return r
  }

  function release({ reader }: Ring): boolean {
    reader.peek()
    return reader.release()
  }

  it('is woken once, by the release that leaves the ring half full', () => {
    const r = full()
    expect([release(r), release(r), release(r), release(r)]).toEqual([false, true, false, false])
  })

  it('is woken again when it was refused again', () => {
    const r = full()
    release(r)
    expect(release(r)).toBe(true)
    while (write(r, message(MAX, 5)));
    expect([release(r), release(r)]).toEqual([false, true])
  })

  it('is not woken when it never was refused', () => {
    const r = ring()
    for (let i = 0; i < 4; i++) write(r, message(MAX, i))
    expect([release(r), release(r), release(r), release(r)]).toEqual([false, false, false, false])
  })

  it('finds the room that was made after it last looked', () => {
    const r = ring()
    for (let i = 0; i < 4; i++) write(r, message(MAX, i))
    expect(release(r)).toBe(false)
    expect(write(r, message(MAX, 4))).toBe(true)
  })
})
