import { describe, StreamError } from '../../codec/errors.ts'
import { keyByFactory } from '../../operators/basic/key-by.ts'
import { functionName, requireLambda } from '../../operators/contract/function-form.ts'
import type { Partitioning } from '../graph/node.ts'
import { append } from './append.ts'
import { allowAny, functionArguments, operatorOptions } from './arguments.ts'
import type { KeyByStrategy } from './options.ts'
import { type Cursor, cursorAt, type Keying, sameKeying } from './stream-scope.ts'

const strategies: readonly KeyByStrategy[] = ['hash', 'round_robin', 'broadcast', 'custom']

/** Adds the operator of a `keyBy`; what follows reads its records as the strategy deals them. */
export function keyCursor(
  cursor: Cursor,
  fn: unknown,
  strategy: unknown = 'hash',
  given?: unknown,
): Cursor {
  const rules = { partition: requireLambda, options: allowAny }
  const options = operatorOptions('keyBy', given, rules)
  functionArguments('keyBy', fn, [])
  const partitioning = partitioningOf(strategy, options.partition)
  const node = append([cursor], {
    kind: 'keyBy',
    name: functionName(fn, 'keyBy'),
    options,
    body: { type: 'operator', factory: keyByFactory(fn, options.options) },
    compared: { strategy, ...(options.options === undefined ? {} : { options: options.options }) },
  })
  const keying = isKeying(partitioning) ? partitioning : undefined
  const at = cursorAt(cursor.scope, node, cursor.codec, { keyed: true, keying })
  return { ...at, partitioning, scales: true, exchange: true }
}

function partitioningOf(strategy: unknown, partition: unknown): Partitioning {
  if (!strategies.includes(strategy as KeyByStrategy)) {
    const known = strategies.map((name) => `'${name}'`).join(', ')
    throw new StreamError(
      'SAGE_OPTION',
      `keyBy: expected strategy ${known}, got ${describe(strategy)}`,
    )
  }
  if ((strategy === 'custom') !== (partition !== undefined)) {
    throw new StreamError(
      'SAGE_OPTION',
      strategy === 'custom'
        ? "keyBy.partition: expected a function (key, n) => index with strategy 'custom', " +
            'got undefined'
        : `keyBy.partition: expected none with strategy '${strategy}', got ${describe(partition)}`,
    )
  }
  if (strategy === 'custom')
    return { type: 'custom', partition: partition as (key: any, n: number) => number }
  return { type: strategy === 'round_robin' ? 'rebalance' : (strategy as 'hash' | 'broadcast') }
}

function isKeying(partitioning: Partitioning): partitioning is Keying {
  return partitioning.type === 'hash' || partitioning.type === 'custom'
}

/**
 * What streams that meet have in common. Throws `SAGE_STRATEGY` where keyed ones differ in how they
 * are dealt.
 */
export function commonKey(
  method: string,
  cursors: readonly Cursor[],
): Pick<Cursor, 'keyed' | 'keying'> {
  const byKey = cursors.filter((cursor) => cursor.keying !== undefined)
  const keying = byKey[0]?.keying
  const other = byKey.find((cursor) => !sameKeying(keying!, cursor.keying!))
  if (other !== undefined) {
    throw new StreamError(
      'SAGE_STRATEGY',
      `${method}: expected keyed streams of one strategy and partition function, ` +
        `got ${picture(byKey[0])} and ${picture(other)}`,
    )
  }
  const all = byKey.length === cursors.length
  return { keyed: cursors.every((cursor) => cursor.keyed), keying: all ? keying : undefined }
}

function picture(cursor: Cursor): string {
  return `'${cursor.node.name}' (${cursor.keying!.type})`
}

/** `SAGE_NOT_KEYED` for a stream that is not keyed where it must be. */
export function notKeyed(method: string, cursor: Cursor): StreamError {
  return new StreamError(
    'SAGE_NOT_KEYED',
    `${method}: expected a keyed stream (keyBy with strategy 'hash' or 'custom' above it), ` +
      `got '${cursor.node.name}', which is not keyed`,
  )
}
