import { describe, StreamError } from './errors.ts'

type Unit = 'ms' | 's' | 'm' | 'h' | 'd'

/** A span of time: milliseconds as a number (`Infinity` allowed), or text such as `'250ms'`, `'10s'`, `'5m'` (minutes), `'2h'`, `'1d'`. */
export type Duration = number | `${number}${Unit}`

const unitMs: Readonly<Record<Unit, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}
const pattern = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/

/** Checks computed text: `duration(process.env.WAIT ?? '10s')`. Throws `SAGE_OPTION`. */
export function duration(text: string): Duration {
  durationMs(text as Duration, 'duration')
  return text as Duration
}

/** A duration in milliseconds. Throws `SAGE_OPTION` naming `what` for anything that is no duration. */
export function durationMs(value: Duration, what: string): number {
  if (typeof value === 'number' && value >= 0) return value
  const match = typeof value === 'string' ? pattern.exec(value) : null
  if (match !== null) return Number(match[1]) * unitMs[match[2] as Unit]
  throw new StreamError(
    'SAGE_OPTION',
    `${what}: expected a duration, milliseconds >= 0 or text like '250ms', '10s', '5m', '2h', '1d', got ${describe(value)}`,
  )
}
