import { type Duration, durationMs } from '../../codec/duration.ts'
import { describe, StreamError } from '../../codec/errors.ts'
import type { Window } from './window.ts'

/**
 * Says which windows a record belongs to. The package's own: {@link tumbling}, {@link sliding}, {@link session},
 * {@link tumblingCount}, {@link slidingCount}, {@link globalWindow}. For one of your own, extend it or give an object with
 * these members.
 *
 * ```ts
 * class Shifts extends WindowAssigner<Order> {
 *   assign(order: Order, timestamp: number) {
 *     const start = startOfShift(order.plant, timestamp)
 *     return [{ start, end: start + 8 * 3_600_000 }]
 *   }
 * }
 * ```
 */
export abstract class WindowAssigner<T = any> {
  /**
   * The windows of a record, each `[start, end)` with `start < end`; an end of `Infinity` is the end of input. Called once
   * per record; for equal records and times it must give equal windows. A record that gets none is dropped as a
   * late one is.
   *
   * @param timestamp - the record's, in ms since the epoch; the job's clock where no timestamps are assigned
   */
  abstract assign(value: T, timestamp: number): Iterable<Window>

  /** Whether windows of one key that overlap or touch become one, as sessions do. Default false. */
  declare readonly merges?: boolean
}

/** Windows of one length, one every `slide`: they overlap, or follow one another where the slide is the length. */
export class AlignedWindows extends WindowAssigner {
  readonly size: number
  readonly slide: number
  readonly offset: number

  constructor(size: number, slide: number, offset: number) {
    super()
    this.size = size
    this.slide = slide
    this.offset = offset
  }

  assign(_: unknown, timestamp: number): Window[] {
    const { size, slide, offset } = this
    const windows: Window[] = []
    let start = Math.floor((timestamp - offset) / slide) * slide + offset
    for (; start + size > timestamp; start -= slide) windows.push({ start, end: start + size })
    return windows.reverse()
  }
}

/** One window for as long as records come less than `gap` apart. */
export class SessionWindows extends WindowAssigner {
  override readonly merges = true
  readonly gap: number

  constructor(gap: number) {
    super()
    this.gap = gap
  }

  assign(_: unknown, timestamp: number): Window[] {
    return [{ start: timestamp, end: timestamp + this.gap }]
  }
}

/** Windows by the number of a key's records. */
export class CountWindows extends WindowAssigner {
  readonly size: number
  readonly slide: number

  constructor(size: number, slide: number) {
    super()
    this.size = size
    this.slide = slide
  }

  assign(): Window[] {
    return [EVERYTHING]
  }
}

/** One window for all records of a key. */
export class GlobalWindow extends WindowAssigner {
  assign(): Window[] {
    return [EVERYTHING]
  }
}

/** The window of all records. */
export const EVERYTHING: Window = Object.freeze({
  start: Number.NEGATIVE_INFINITY,
  end: Number.POSITIVE_INFINITY,
})

/**
 * Windows of `size`, one behind the other: `[n * size + offset, (n + 1) * size + offset)`. An offset moves their beginning
 * away from the epoch, e.g. `tumbling('1d', '-8h')` for days that begin at 16:00 UTC the day before.
 *
 * @param offset - a duration, also a negative one as a number of ms. Default 0
 * @throws StreamError `SAGE_OPTION` unless both are whole numbers of ms and `size` is > 0
 */
export function tumbling(size: Duration, offset: Duration | `-${Duration}` = 0): WindowAssigner {
  const sizeMs = lengthMs(size, 'tumbling size')
  return new AlignedWindows(sizeMs, sizeMs, offsetMs(offset, 'tumbling offset'))
}

/**
 * Windows of `size` that begin every `slide`: a record belongs to about `size / slide` of them. They share what they have
 * in common, so more of them cost hardly more per record.
 *
 * @param offset - moves their beginning away from the epoch. Default 0
 * @throws StreamError `SAGE_OPTION` unless all are whole numbers of ms and 0 < `slide` <= `size`: records between windows
 *   that are further apart would be lost
 */
export function sliding(
  size: Duration,
  slide: Duration,
  offset: Duration | `-${Duration}` = 0,
): WindowAssigner {
  const sizeMs = lengthMs(size, 'sliding size')
  const slideMs = lengthMs(slide, 'sliding slide')
  requireOverlap('sliding', sizeMs, slideMs)
  return new AlignedWindows(sizeMs, slideMs, offsetMs(offset, 'sliding offset'))
}

/**
 * Sessions: a window lasts until no record of its key has come for `gap`, `[first, last + gap)`. Sessions exactly one gap
 * apart merge, unless the watermark has reached the end of the first, which has fired then.
 *
 * @throws StreamError `SAGE_OPTION` unless `gap` is a whole number of ms > 0
 */
export function session(gap: Duration): WindowAssigner {
  return new SessionWindows(lengthMs(gap, 'session gap'))
}

/**
 * Windows of `n` records of a key. The rest at the end of input, fewer than `n`, gives no window (Flink's rule) and is
 * counted as dropped.
 *
 * @throws StreamError `SAGE_OPTION` unless `n` is an integer >= 1
 */
export function tumblingCount(n: number): WindowAssigner {
  return new CountWindows(countOf(n, 'tumblingCount n'), n)
}

/**
 * Every `slide` records of a key, a window of its last `n` (fewer at its beginning).
 *
 * @throws StreamError `SAGE_OPTION` unless both are integers and 1 <= `slide` <= `n`
 */
export function slidingCount(n: number, slide: number): WindowAssigner {
  countOf(n, 'slidingCount n')
  requireOverlap('slidingCount', n, countOf(slide, 'slidingCount slide'))
  return new CountWindows(n, slide)
}

/**
 * One window for all records of a key. It fires at the end of input, and before it where a trigger says so:
 * `.window(globalWindow()).trigger(triggers.count(100))`.
 */
export function globalWindow(): WindowAssigner {
  return new GlobalWindow()
}

function lengthMs(value: Duration, what: string): number {
  const ms = durationMs(value, what)
  if (Number.isSafeInteger(ms) && ms > 0) return ms
  throw new StreamError(
    'SAGE_OPTION',
    `${what}: expected a whole number of milliseconds > 0, got ${describe(value)}`,
  )
}

function offsetMs(value: unknown, what: string): number {
  const negative = typeof value === 'string' && value.startsWith('-')
  const text = negative ? (value as string).slice(1) : value
  const ms = typeof text === 'number' ? text : durationMs(text as Duration, what)
  if (Number.isSafeInteger(ms)) return negative ? -ms : ms
  throw new StreamError(
    'SAGE_OPTION',
    `${what}: expected a whole number of milliseconds, got ${describe(value)}`,
  )
}

function countOf(value: number, what: string): number {
  if (Number.isSafeInteger(value) && value >= 1) return value
  throw new StreamError('SAGE_OPTION', `${what}: expected an integer >= 1, got ${describe(value)}`)
}

function requireOverlap(method: string, size: number, slide: number): void {
  if (slide <= size) return
  throw new StreamError(
    'SAGE_OPTION',
    `${method}: expected a slide of at most the size, ${size}, got ${slide}: ` +
      'records between the windows would belong to none',
  )
}

/** Refuses what is no assigner: `SAGE_OPTION`. */
export function requireAssigner(value: unknown): asserts value is WindowAssigner {
  const assigns =
    typeof value === 'object' &&
    value !== null &&
    typeof (value as WindowAssigner).assign === 'function'
  if (assigns) return
  throw new StreamError(
    'SAGE_OPTION',
    'window: expected an assigner, tumbling(size), sliding(size, slide), session(gap), tumblingCount(n), ' +
      `slidingCount(n, slide), globalWindow() or a WindowAssigner with assign(value, timestamp), got ${describe(value)}`,
  )
}
