/**
 * The memory of a ring: a document first. `writer.ts` and `reader.ts` import names, never numbers.
 *
 * A ring carries messages of any length from one thread to one other thread. It is a region of an
 * arena: 64-byte aligned, `ringBytes(capacity)` long, three parts.
 *
 * ```
 *   offset   0         4                                                       128
 *            +---------+---------+------------------------------------------------+
 *            | head    | blocked |  unused                                        |  consumer's
 *   128      +---------+---------+------------------------------------------------+
 *            | tail    | capacity|  unused                                        |  producer's
 *   256      +---------+---------+------------------------------------------------+
 *            | data: `capacity` bytes, a power of two                             |
 *   256 + capacity  --------------------------------------------------------------+
 * ```
 *
 *   head      position of the oldest byte not yet released. Written by the consumer only.
 *   blocked   1 = the producer found the ring full and wants to be woken. Set by the producer only,
 *             cleared by the consumer only. It lies on the consumer's line because the consumer
 *             reads it at releases, the producer touches it only when it is out of room.
 *   tail      position behind the newest published byte. Written by the producer only.
 *   capacity  written once by `initRing`, before any thread knows of the ring.
 *
 * head and tail are 128 bytes apart: a line is 64 bytes, but x86 fetches lines in pairs and some
 * ARM lines are 128 bytes. So neither side's store takes away the line that the other writes.
 *
 * **Positions** count bytes since the ring began, modulo 2^32, kept as int32. With a capacity that
 * is a power of two and at most 2^30:
 *
 *   index  = position & (capacity - 1)        right across the wrap, since 2^32 is a multiple of it
 *   used   = (tail - head) | 0                right across the wrap, since 0 <= used <= 2^30 < 2^31
 *   empty <=> used = 0,  full <=> used = capacity: the two differ, so no byte is kept free
 *
 * **A message** in the data part begins at a multiple of 8 and never crosses the data's end:
 *
 * ```
 *    0               4               8                            8 + length       stride
 *    +---------------+---------------+----------------------------+----------------+
 *    | length  int32 | kind    int32 | payload                    | 0 to 7 unused  |
 *    +---------------+---------------+----------------------------+----------------+
 *      length  of the payload, 0 allowed; of a pad: of all that follows its header
 *      kind    1 = message, 2 = pad: skip to the data's begin, a message lies there
 *      stride  8 + length rounded up to 8: where the next header lies
 * ```
 *
 * Strides and the capacity are multiples of 8, so the rest before the data's end is 0 or at least 8
 * bytes: a pad's header always fits. A pad is published together with the message behind it, never
 * alone.
 *
 * **The largest message** has stride capacity / 4. The worst claim is that stride plus a pad 8
 * bytes short of it: capacity / 2 - 8. Hence *a ring that is at most half full takes any message*,
 * which is what lets the consumer wake a blocked producer at half instead of at every release.
 */
import { describe, StreamError } from '../../codec/errors.ts'
import type { Arena } from './arena.ts'

/** Distance of words that different threads write. */
export const LINE_BYTES = 128

/** A ring's region begins at a multiple of this. */
export const RING_ALIGNMENT = 64

/** Byte offsets of the control words within a ring's region. */
export const HEAD_OFFSET = 0
export const BLOCKED_OFFSET = 4
export const TAIL_OFFSET = LINE_BYTES
export const CAPACITY_OFFSET = LINE_BYTES + 4
export const DATA_OFFSET = 2 * LINE_BYTES

/** The least and the largest capacity of a ring, in bytes. */
export const CAPACITY_MIN = 4096
export const CAPACITY_MAX = 2 ** 30

/** A message's header, and byte offsets within it. */
export const HEADER_BYTES = 8
export const LENGTH_OFFSET = 0
export const KIND_OFFSET = 4

/** Values of a header's kind. Neither is 0: memory that nobody wrote is no message. */
export const KIND_MESSAGE = 1
export const KIND_PAD = 2

/**
 * What a message of `length` bytes takes in the data part: its header and itself, rounded up to 8.
 */
export function messageStride(length: number): number {
  return (length + HEADER_BYTES + 7) & ~7
}

/** What a ring of this capacity takes in the arena. The capacity is checked. */
export function ringBytes(capacityBytes: number): number {
  checkCapacity(capacityBytes)
  return DATA_OFFSET + capacityBytes
}

/** The longest payload that a ring of this capacity carries: a quarter of it, less the header. */
export function maxMessageBytes(capacityBytes: number): number {
  checkCapacity(capacityBytes)
  return capacityBytes / 4 - HEADER_BYTES
}

/**
 * Makes an empty ring of the region at `offset`. Call it before another thread knows of the region.
 * `position` is where head and tail begin to count: any multiple of 8; tests start close to a wrap.
 */
export function initRing(arena: Arena, offset: number, capacityBytes: number, position = 0): void {
  const end = offset + ringBytes(capacityBytes)
  checkOffset(arena, offset, end)
  if (position % 8 !== 0) {
    throw new StreamError('SAGE_MEMORY', `expected a position in steps of 8, got ${position}`)
  }
  const { i32 } = arena
  i32[(offset + CAPACITY_OFFSET) >> 2] = capacityBytes
  i32[(offset + BLOCKED_OFFSET) >> 2] = 0
  i32[(offset + HEAD_OFFSET) >> 2] = position | 0
  i32[(offset + TAIL_OFFSET) >> 2] = position | 0
}

/**
 * The capacity of the ring at `offset`, which {@link initRing} made. Throws where there is none.
 */
export function ringCapacity(arena: Arena, offset: number): number {
  checkOffset(arena, offset, offset + DATA_OFFSET)
  const capacityBytes = arena.i32[(offset + CAPACITY_OFFSET) >> 2]
  checkOffset(arena, offset, offset + ringBytes(capacityBytes))
  return capacityBytes
}

/**
 * How full the ring at `offset` is, 0 to 1, as any thread may see it: while both ends move, about so.
 */
export function ringFill(arena: Arena, offset: number): number {
  const capacity = arena.i32[(offset + CAPACITY_OFFSET) >> 2]
  const head = Atomics.load(arena.i32, (offset + HEAD_OFFSET) >> 2)
  const tail = Atomics.load(arena.i32, (offset + TAIL_OFFSET) >> 2)
  // The head may have moved before the tail was loaded: more than the capacity was never used.
  return Math.min(capacity, (tail - head) | 0) / capacity
}

function checkCapacity(capacityBytes: number): void {
  const isPowerOfTwo =
    Number.isInteger(capacityBytes) && (capacityBytes & (capacityBytes - 1)) === 0
  if (isPowerOfTwo && capacityBytes >= CAPACITY_MIN && capacityBytes <= CAPACITY_MAX) return
  throw new StreamError(
    'SAGE_MEMORY',
    `expected a ring capacity that is a power of two from ${CAPACITY_MIN} to ${CAPACITY_MAX} ` +
      `bytes, got ${describe(capacityBytes)}`,
  )
}

function checkOffset(arena: Arena, offset: number, end: number): void {
  if (offset % RING_ALIGNMENT === 0 && offset >= 0 && end <= arena.buffer.byteLength) return
  throw new StreamError(
    'SAGE_MEMORY',
    `expected a ring at a multiple of ${RING_ALIGNMENT} within ${arena.buffer.byteLength} bytes, ` +
      `got offset ${describe(offset)}, end ${end}`,
  )
}
