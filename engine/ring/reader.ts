import { StreamError } from '../../codec/errors.ts'
import type { Arena } from './arena.ts'
import {
  BLOCKED_OFFSET,
  DATA_OFFSET,
  HEAD_OFFSET,
  HEADER_BYTES,
  KIND_MESSAGE,
  KIND_OFFSET,
  KIND_PAD,
  LENGTH_OFFSET,
  maxMessageBytes,
  messageStride,
  ringCapacity,
  TAIL_OFFSET,
} from './layout.ts'

/** What `peek` returns when nothing is published. No length is negative. */
export const EMPTY = -1

/**
 * The consumer's half of a ring: one thread, at most one reader per ring. It never waits.
 *
 * ```
 * const length = reader.peek()             // EMPTY: nothing there
 * … read `length` bytes from byte `reader.position` of the arena …
 * if (reader.release()) doorbell.ring()    // of the producer, which asked for it
 * ```
 *
 * **EMPTY is a fact.** It is said only after a load of the *real* tail. A consumer that has
 * announced that it parks, and then finds every ring empty, may wait for the bell that it read
 * before:
 *
 *     producer                                consumer
 *     P1  store tail                          C1  store parked = 1
 *     P2  load parked                         C2  load tail
 *
 * All four are sequentially consistent, so they stand in one order that both threads agree on. If
 * C2 does not see P1's tail it stands before P1, so C1 stands before P2: the producer loads 1 and
 * wakes the consumer. If P2 loads 0 it stands before C1, so P1 stands before C2: the consumer sees
 * the message. At least one of the two happens, whatever the timing. The other direction is told in
 * `writer.ts`.
 */
export class RingReader {
  /** Bytes of the ring's data part. */
  readonly capacityBytes: number
  /**
   * Byte position in the arena of the message that `peek` found: a multiple of 8, until `release`.
   */
  position = 0

  private readonly arena: Arena
  private readonly headWord: number
  private readonly tailWord: number
  private readonly blockedWord: number
  private readonly data: number
  private readonly mask: number
  private readonly lengthMax: number
  /** The consumer owns the head: its copy is the truth, the shared word follows at each release. */
  private head: number
  /**
   * The tail as last loaded. The real one is this or later: what is there can only be
   * underestimated.
   */
  private tail: number
  /**
   * Length and stride of the message that is held between `peek` and `release`; stride 0 = none.
   */
  private length = EMPTY
  private stride = 0

  /**
   * The ring that `initRing` made at `offset`. A second reader may follow a first, never beside it.
   */
  constructor(arena: Arena, offset: number) {
    const capacity = ringCapacity(arena, offset)
    this.arena = arena
    this.capacityBytes = capacity
    this.lengthMax = maxMessageBytes(capacity)
    this.mask = capacity - 1
    this.data = offset + DATA_OFFSET
    this.headWord = (offset + HEAD_OFFSET) >> 2
    this.tailWord = (offset + TAIL_OFFSET) >> 2
    this.blockedWord = (offset + BLOCKED_OFFSET) >> 2
    this.head = Atomics.load(arena.i32, this.headWord)
    this.tail = this.head
  }

  /** Bytes that the producer has published and this side has not released. Loads the real tail. */
  get usedBytes(): number {
    this.tail = Atomics.load(this.arena.i32, this.tailWord)
    return (this.tail - this.head) | 0
  }

  /** Up to where the producer has published. Loads the real tail. Modulo 2^32, as all positions. */
  get publishedTo(): number {
    this.tail = Atomics.load(this.arena.i32, this.tailWord)
    return this.tail
  }

  /** Up to where this side has released. */
  get releasedTo(): number {
    return this.head
  }

  /**
   * The length of the oldest message, whose bytes lie at `position`; or EMPTY.
   * Until `release` it says the same again, and the producer leaves those bytes alone.
   */
  peek(): number {
    if (this.stride !== 0) return this.length
    if (this.head === this.tail) {
      // Makes visible: header and payload of every message before this tail, and their pads.
      this.tail = Atomics.load(this.arena.i32, this.tailWord)
      if (this.head === this.tail) return EMPTY
    }
    let at = this.data + (this.head & this.mask)
    if (this.arena.i32[(at + KIND_OFFSET) >> 2] === KIND_PAD) {
      this.skipPad(at)
      at = this.data
    }
    this.hold(at)
    return this.length
  }

  /**
   * Gives the bytes of the message that `peek` found back to the producer.
   * True: the producer waits for room, and there is enough of it; the caller must ring its
   * doorbell.
   */
  release(): boolean {
    if (this.stride === 0) {
      throw new StreamError('SAGE_MEMORY', 'expected a peek that found a message before a release')
    }
    this.head = (this.head + this.stride) | 0
    this.stride = 0
    // Makes visible: that this side has read all it wanted below this head; the producer may
    // overwrite.
    Atomics.store(this.arena.i32, this.headWord, this.head)
    // Above half full the flag is left alone: waking a producer for every message costs more than
    // the message. At half or below any claim succeeds (layout.ts).
    if (this.isOverHalf()) return false
    if (Atomics.load(this.arena.i32, this.blockedWord) === 0) return false
    // The cached tail sees less in the ring than there is. A blocked producer's tail stands still.
    this.tail = Atomics.load(this.arena.i32, this.tailWord)
    if (this.isOverHalf()) return false
    // Cleared before the caller rings: a flag that is set again after this is looked at again.
    Atomics.store(this.arena.i32, this.blockedWord, 0)
    return true
  }

  private isOverHalf(): boolean {
    return ((this.tail - this.head) | 0) > this.capacityBytes >> 1
  }

  /** A pad has no life of its own: it is released with the message behind it. */
  private skipPad(at: number): void {
    const rest = this.arena.i32[(at + LENGTH_OFFSET) >> 2] + HEADER_BYTES
    if (at + rest !== this.data + this.capacityBytes) throw corrupt('a pad to the end', at, rest)
    this.head = (this.head + rest) | 0
  }

  /** Checks what the writer promised before it published, and remembers it. */
  private hold(at: number): void {
    const { i32 } = this.arena
    const length = i32[(at + LENGTH_OFFSET) >> 2]
    if (i32[(at + KIND_OFFSET) >> 2] !== KIND_MESSAGE || length < 0 || length > this.lengthMax) {
      throw corrupt('a message header', at, length)
    }
    this.length = length
    this.stride = messageStride(length)
    this.position = at + HEADER_BYTES
  }
}

function corrupt(expected: string, at: number, length: number): StreamError {
  return new StreamError(
    'SAGE_FRAME_CORRUPT',
    `expected ${expected} in the ring at byte ${at}, got length ${length}`,
  )
}
