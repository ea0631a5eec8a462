import { type Duration, durationMs } from '../../codec/duration.ts'
import { describe, StreamError } from '../../codec/errors.ts'
import { generalCodec } from '../../codec/general-codec.ts'
import { OutputTag } from '../../operators/contract/function.ts'
import { intervalJoinFactory } from '../../operators/multi/interval-join.ts'
import { hasTimestamps } from '../graph/timestamps.ts'
import { append, requireOneEnvironment } from './append.ts'
import { type OptionRule, operatorOptions } from './arguments.ts'
import { commonKey, notKeyed } from './keying.ts'
import { type Cursor, cursorAt } from './stream-scope.ts'

const tag: OptionRule = (value, where) => {
  if (value instanceof OutputTag) return
  throw new StreamError('SAGE_OPTION', `${where}: expected an OutputTag, got ${describe(value)}`)
}
const span: OptionRule = (value, where) => void durationMs(value as Duration, where)

/** Adds the operator of `left.intervalJoin(right, options)`. */
export function joinIntervals(left: Cursor, right: Cursor, options: unknown) {
  const cursors = [left, right]
  const {
    before = 0,
    after = 0,
    lateOutput,
    ...checked
  } = operatorOptions('intervalJoin', options, { before: span, after: span, lateOutput: tag })
  requireOneEnvironment('intervalJoin', cursors)
  const key = commonKey('intervalJoin', cursors)
  if (right.keying === undefined) throw notKeyed('intervalJoin', right)
  const untimed = cursors.find(({ node }) => !hasTimestamps(node))
  if (untimed !== undefined) {
    throw new StreamError(
      'SAGE_OPTION',
      'intervalJoin: expected timestamps on both streams (assignTimestamps above them), ' +
        `got '${untimed.node.name}' without`,
    )
  }
  const beforeMs = durationMs(before as Duration, 'intervalJoin.before')
  const afterMs = durationMs(after as Duration, 'intervalJoin.after')
  const late = lateOutput as OutputTag<unknown> | undefined
  const node = append(cursors, {
    kind: 'intervalJoin',
    options: checked,
    body: { type: 'operator', factory: intervalJoinFactory(beforeMs, afterMs, late) },
    compared: { beforeMs, afterMs, late: late?.id },
  })
  return left.scope.stream(cursorAt(left.scope, node, generalCodec, key))
}
