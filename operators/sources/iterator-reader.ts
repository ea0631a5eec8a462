import type { RuntimeContext } from '../contract/context.ts'
import { END, PullReader } from './pull-reader.ts'

/** Whether something can be iterated at once. */
export function isIterable(value: unknown): value is Iterable<unknown> {
  if (typeof value === 'string') return true
  if (typeof value !== 'object' || value === null) return false
  return typeof (value as Partial<Iterable<unknown>>)[Symbol.iterator] === 'function'
}

/** Reads an iterator on from its `start`-th element. */
export function iteratorReader(
  iterator: Iterator<unknown>,
  start: number,
  { clock }: RuntimeContext,
): PullReader {
  for (let i = 0; i < start; i++) if (iterator.next().done === true) break
  const pull = (): unknown => {
    const { done, value } = iterator.next()
    return done === true ? END : value
  }
  const close = (): void => {
    iterator.return?.()
  }
  return new PullReader({ method: 'iterable source', clock, pull, async: false, start, close })
}
