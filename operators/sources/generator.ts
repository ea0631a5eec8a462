import { describe, StreamError } from '../../codec/errors.ts'
import type { RuntimeContext } from '../contract/context.ts'
import { requireLambda } from '../contract/function-form.ts'
import type { SourceFactory } from '../contract/operator.ts'
import { RangeReader } from './range-reader.ts'

/**
 * The records `fn(0)` … `fn(count - 1)`, in one range of indexes per subtask; positions are
 * indexes. A job that resumes keeps the ranges that it began with. `Infinity` makes one range that never ends.
 */
export function generatorSource(count: unknown, fn: unknown): SourceFactory {
  requireLambda(fn, 'fromGenerator')
  if (!isCount(count)) {
    throw new StreamError(
      'SAGE_OPTION',
      `fromGenerator: expected a count that is an integer >= 0 or Infinity, got ${describe(count)}`,
    )
  }
  return {
    single: false,
    bounded: true,
    sharesRecords: false,
    functions: [fn],
    create: (ctx) => ({
      partitions: (known = []) =>
        known.length === 0 ? ranges(count, ctx.parallelism) : completed(known, count),
      open: (range, position) => rangeReader(range, position as number | undefined, fn, ctx),
    }),
  }
}

function isCount(count: unknown): count is number {
  return count === Infinity || (Number.isSafeInteger(count) && (count as number) >= 0)
}

/**
 * Names of ranges, `from-to` without `to` itself: equal in length but for one, none of them empty.
 */
function ranges(count: number, parallelism: number): string[] {
  if (count === Infinity) return ['0-Infinity']
  const names: string[] = []
  for (let i = 0; i < parallelism; i++) {
    const from = Math.floor((count / parallelism) * i)
    const to = i === parallelism - 1 ? count : Math.floor((count / parallelism) * (i + 1))
    if (to > from) names.push(`${from}-${to}`)
  }
  return names
}

/** The ranges of a job that resumes, whatever its parallelism was, and those between them that it had not come to. */
function completed(known: readonly string[], count: number): string[] {
  const names: string[] = []
  let reached = 0
  const sorted = known.map(boundsOf).sort(([a], [b]) => a - b)
  for (const [from, to] of sorted) {
    if (from > reached) names.push(`${reached}-${from}`)
    names.push(`${from}-${to}`)
    reached = to
  }
  if (reached < count) names.push(`${reached}-${count}`)
  return names
}

function boundsOf(range: string): [from: number, to: number] {
  const [from, to] = range.split('-').map(Number)
  return [from, to]
}

function rangeReader(
  range: string,
  position: number | undefined,
  fn: (index: number) => unknown,
  { clock }: RuntimeContext,
): RangeReader {
  const [from, to] = boundsOf(range)
  return new RangeReader(fn, position ?? from, to, clock)
}
