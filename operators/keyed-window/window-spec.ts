import { type Duration, durationMs } from '../../codec/duration.ts'
import { describe, StreamError } from '../../codec/errors.ts'
import { requireLambda } from '../contract/function-form.ts'
import { AlignedWindower } from './aligned-windower.ts'
import { KeyClock } from './key-clock.ts'
import { SessionWindower } from './session-windower.ts'
import type { Windower } from './windower.ts'

/**
 * What time it is for a key, as in Bytewax.
 *
 * - `event`: `timestamp(record)` is its time (ms since the epoch, finite and >= 0, else `SAGE_TIMESTAMP`). Each *key* has a
 *   watermark: the highest timestamp - `wait`, which from then on advances with the job's clock. A record behind
 *   it is late, whether its window is open or not. With `wait: 0` the watermark runs with the wall clock: the same timestamp a
 *   millisecond later is late. With `wait: Infinity` nothing is late, and windows close at the end of input.
 * - `system`: records are of the time at which they come, by the job's clock. None is late.
 */
export type WindowClock<T = any> =
  | {
      readonly type: 'event'
      /** When a record happened, in ms since the epoch. */
      readonly timestamp: (value: T) => number
      readonly wait: Duration
    }
  | { readonly type: 'system' }

/**
 * Which windows there are, as in Bytewax. `alignTo` (ms since the epoch) is where window 0 begins; default 0.
 *
 * - `tumbling`: window i is [alignTo + i * length, alignTo + (i + 1) * length). Lengths are finite and > 0.
 * - `sliding`: window i is [alignTo + i * offset, alignTo + i * offset + length); `offset` is at most `length`.
 * - `session`: records at most `gap` apart, with ids 0, 1, 2, … per key. Something of every key is kept for ever.
 */
export type WindowerSpec =
  | { readonly type: 'tumbling'; readonly length: Duration; readonly alignTo?: number }
  | {
      readonly type: 'sliding'
      readonly length: Duration
      readonly offset: Duration
      readonly alignTo?: number
    }
  | { readonly type: 'session'; readonly gap: Duration }

/** The windows of a key: what time it is, and which windows there are. */
export interface KeyedWindow<T = any> {
  readonly clock: WindowClock<T>
  readonly windower: WindowerSpec
}

/** A `KeyedWindow` that was checked. */
export interface ResolvedWindow {
  /** Undefined: the job's clock tells. */
  readonly timestampOf: ((record: unknown) => unknown) | undefined
  readonly clock: KeyClock
  makeWindower(): Windower
  /** What counts in the comparison of graphs. */
  readonly compared: Readonly<Record<string, unknown>>
}

/** Checks `{ clock, windower }`. Throws `SAGE_OPTION` for what is none. */
export function resolveWindow(given: unknown, method: string): ResolvedWindow {
  const { clock, windower } = fieldsOf(given, method, ['clock', 'windower'])
  const time = resolveClock(clock, `${method} clock`)
  const windows = resolveWindower(windower, `${method} windower`)
  return {
    timestampOf: time.timestampOf,
    clock: new KeyClock(time.waitMs),
    makeWindower: windows.make,
    compared: { clock: time.compared, windower: windows.compared },
  }
}

function resolveClock(given: unknown, where: string) {
  const type = typeOf(given, where, ['event', 'system'])
  if (type === 'system') {
    fieldsOf(given, where, ['type'])
    return { timestampOf: undefined, waitMs: 0, compared: { type } }
  }
  const { timestamp, wait } = fieldsOf(given, where, ['type', 'timestamp', 'wait'])
  requireLambda(timestamp, `${where}.timestamp`)
  const waitMs = durationMs(wait as Duration, `${where}.wait`)
  return { timestampOf: timestamp, waitMs, compared: { type, waitMs } }
}

function resolveWindower(given: unknown, where: string) {
  const type = typeOf(given, where, ['tumbling', 'sliding', 'session'])
  if (type === 'session') {
    const gapMs = durationMs(
      fieldsOf(given, where, ['type', 'gap']).gap as Duration,
      `${where}.gap`,
    )
    return { make: () => new SessionWindower(gapMs), compared: { type, gapMs } }
  }
  const names = ['type', 'length', ...(type === 'sliding' ? ['offset'] : []), 'alignTo']
  const { length, offset = length, alignTo = 0 } = fieldsOf(given, where, names)
  const lengthMs = requireLength(length, `${where}.length`)
  const offsetMs = requireLength(offset, `${where}.offset`)
  if (offsetMs > lengthMs) {
    throw refused(`${where}.offset`, `at most the length, ${lengthMs} ms`, offset)
  }
  if (!Number.isFinite(alignTo)) {
    throw refused(`${where}.alignTo`, 'milliseconds since the epoch', alignTo)
  }
  return {
    make: () => new AlignedWindower(lengthMs, offsetMs, alignTo as number),
    compared: { type, lengthMs, offsetMs, alignTo },
  }
}

function requireLength(given: unknown, where: string): number {
  const ms = durationMs(given as Duration, where)
  if (ms > 0 && ms < Number.POSITIVE_INFINITY) return ms
  throw refused(where, 'a finite duration > 0', given)
}

function typeOf(given: unknown, where: string, types: readonly string[]): string {
  const type = (given as { type?: unknown } | null | undefined)?.type
  if (types.includes(type as string)) return type as string
  const expected = `{ type: ${types.map((one) => `'${one}'`).join(' | ')}, … }`
  throw refused(where, expected, given)
}

/** The fields of an object that has no others. */
function fieldsOf(given: unknown, where: string, names: readonly string[]) {
  const expected = `{ ${names.join(', ')} }`
  if (typeof given !== 'object' || given === null) throw refused(where, expected, given)
  const stranger = Object.keys(given).find((name) => !names.includes(name))
  if (stranger !== undefined) throw refused(where, expected, stranger)
  return given as Readonly<Record<string, unknown>>
}

function refused(where: string, expected: string, got: unknown): StreamError {
  return new StreamError('SAGE_OPTION', `${where}: expected ${expected}, got ${describe(got)}`)
}
