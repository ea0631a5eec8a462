import { StreamError } from '../../codec/errors.ts'
import type { JoinEmitMode, JoinInsertMode } from '../../operators/stateful/join-table.ts'
import { requireOneEnvironment } from './append.ts'
import { type OptionRules, oneOf } from './arguments.ts'
import { cursorOf } from './basic-stream.ts'
import { commonKey, notKeyed } from './keying.ts'
import type { Cursor } from './stream-scope.ts'

/** Rules of the options that say how keyed streams are joined. */
export const joinModeRules: OptionRules = {
  insertMode: oneOf(['first', 'last', 'product'] satisfies JoinInsertMode[]),
  emitMode: oneOf(['complete', 'final', 'running'] satisfies JoinEmitMode[]),
}

/** The sides of a join of keyed streams: the receiver, then the others, all keyed, in one environment and by one strategy. */
export function joinSides(method: string, first: Cursor, others: unknown): readonly Cursor[] {
  const list: readonly unknown[] = Array.isArray(others) ? others : [others]
  if (list.length === 0) {
    throw new StreamError(
      'SAGE_OPTION',
      `${method}: expected a keyed stream, or an array of at least one, got []`,
    )
  }
  const sides = [first, ...list.map((other) => cursorOf(other, method))]
  requireOneEnvironment(method, sides)
  const unkeyed = sides.find((cursor) => cursor.keying === undefined)
  if (unkeyed !== undefined) throw notKeyed(method, unkeyed)
  commonKey(method, sides)
  return sides
}
