import { afterEach, describe, expect, it, vi } from 'vitest'
import { type Arena, createArena } from './arena.ts'
import { Doorbell } from './doorbell.ts'
import { initRing, ringBytes } from './layout.ts'
import { RingReader } from './reader.ts'
import { RingWriter } from './writer.ts'

/**
 * Records the order of stores. Each atomic operation is a fence: plain stores before it may be seen
 * in any order, but all before it. So a recording lists the atomic operations and, between them,
 * the set of words that plain stores have changed since the one before, found by comparing memory.
 * The seam is `Atomics` itself: the code under test pays nothing for it.
 */
function record(arena: Arena, act: () => void): string[] {
  const log: string[] = []
  const before = arena.i32.slice()
  const plainStores = () => {
    const changed: string[] = []
    for (let word = 0; word < before.length; word++) {
      if (arena.i32[word] === before[word]) continue
      changed.push(wordName(word))
      before[word] = arena.i32[word]
    }
    if (changed.length > 0) log.push(`plain ${changed.join(' ')}`)
  }
  for (const name of ['load', 'store', 'add', 'notify'] as const) {
    const real = Atomics[name] as unknown as (...args: unknown[]) => number
    vi.spyOn(Atomics, name).mockImplementation(((
      memory: never,
      word: number,
      ...rest: number[]
    ) => {
      plainStores()
      const result = real(memory, word, ...rest)
      before[word] = arena.i32[word]
      const value = name === 'load' ? result : rest.length > 0 ? rest[0] : ''
      log.push(`${name} ${wordName(word)} ${value}`.trimEnd())
      return result
    }) as never)
  }
  act()
  plainStores()
  vi.restoreAllMocks()
  return log
}

const names: Record<number, string> = {
  0: 'head',
  1: 'blocked',
  32: 'tail',
  1088: 'bell',
  1089: 'parked',
}
const DATA = 64
const BELL = ringBytes(4096)

function wordName(word: number): string {
  return names[word] ?? `data[${word - DATA}]`
}

function setUp() {
  const arena = createArena(BELL + 128)
  initRing(arena, 0, 4096)
  const writer = new RingWriter(arena, 0)
  return { arena, writer, reader: new RingReader(arena, 0), bell: new Doorbell(arena, BELL) }
}

const words = (...values: number[]) => new Uint8Array(Int32Array.from(values).buffer)
const quarter = new Uint8Array(1016).fill(1)

afterEach(() => void vi.restoreAllMocks())

describe('order of stores', () => {
  it('writes payload and header before it publishes the tail', () => {
    const { arena, writer } = setUp()
    const log = record(arena, () => void writer.tryWrite(words(11, 12, 13), 0, 12))
    expect(log).toEqual(['plain data[0] data[1] data[2] data[3] data[4]', 'store tail 24'])
  })

  it('publishes a pad with the message behind it, by one store', () => {
    const { arena, writer, reader } = setUp()
    for (let i = 0; i < 3; i++) writer.tryWrite(quarter, 0, 1016)
    writer.tryWrite(quarter, 0, 1008)
    for (let i = 0; i < 3; i++) {
      reader.peek()
      reader.release()
    }
    const log = record(arena, () => void writer.tryWrite(words(21, 22, 23, 24), 0, 16))
    // Words 1022 and 1023 hold the pad's header; its length is 0, which the memory already held.
    expect(log).toEqual([
      'load head 3072',
      'plain data[0] data[2] data[3] data[4] data[5] data[1023]',
      'store tail 4120',
    ])
  })

  it('announces that it is blocked before it loads the real head for the last time', () => {
    const { arena, writer } = setUp()
    for (let i = 0; i < 4; i++) writer.tryWrite(quarter, 0, 1016)
    const first = record(arena, () => void writer.tryWrite(quarter, 0, 8))
    expect(first).toEqual(['load head 0', 'load blocked 0', 'store blocked 1', 'load head 0'])
    const again = record(arena, () => void writer.tryWrite(quarter, 0, 8))
    expect(again).toEqual(['load head 0', 'load blocked 1', 'load head 0'])
  })

  it('publishes the head before it asks whether the producer waits, and clears the flag', () => {
    const { arena, writer, reader } = setUp()
    for (let i = 0; i < 4; i++) writer.tryWrite(quarter, 0, 1016)
    writer.tryWrite(quarter, 0, 8)
    const release = () => {
      reader.peek()
      reader.release()
    }
    expect(record(arena, release)).toEqual(['load tail 4096', 'store head 1024'])
    expect(record(arena, release)).toEqual([
      'store head 2048',
      'load blocked 1',
      'load tail 4096',
      'store blocked 0',
    ])
    expect(record(arena, release)).toEqual(['store head 3072', 'load blocked 0'])
  })

  it('says empty only after a load of the real tail, each time', () => {
    const { arena, reader } = setUp()
    const twice = () => void [reader.peek(), reader.peek()]
    expect(record(arena, twice)).toEqual(['load tail 0', 'load tail 0'])
  })

  it('loads the tail once for many messages', () => {
    const { arena, writer, reader } = setUp()
    for (let i = 0; i < 3; i++) writer.tryWrite(words(i), 0, 4)
    const drain = () => {
      while (reader.peek() >= 0) reader.release()
    }
    const releases = [16, 32, 48].flatMap((head) => [`store head ${head}`, 'load blocked 0'])
    expect(record(arena, drain)).toEqual(['load tail 48', ...releases, 'load tail 48'])
  })

  it('rings first and then asks whether anyone sleeps', () => {
    const { arena, bell } = setUp()
    expect(record(arena, () => bell.ring())).toEqual(['add bell 1', 'load parked 0'])
    bell.announce()
    const log = record(arena, () => bell.ring())
    expect(log).toEqual(['add bell 1', 'load parked 1', 'notify bell'])
  })
})
