import type { GraphNode } from '../graph/node.ts'
import type { ChainEntry, ChainOperator, ViewReading } from './chain-model.ts'

const READERS: ReadonlySet<string> = new Set(['map', 'flatMap', 'process', 'sink'])
const PASSERS: ReadonlySet<string> = new Set([
  'filter',
  'inspect',
  'keyBy',
  'branch',
  'union',
  'output',
])

/**
 * How a node reads views; undefined where it must get records of its own: unknown operators, and function classes with
 * `static keepsRecords = true`.
 */
export function viewReadingOf({ kind, body, options }: GraphNode): ViewReading | undefined {
  if (kind === 'withSchema') return options.read === 'view' ? 'passes' : 'reads'
  const functions = 'factory' in body ? (body.factory?.functions ?? []) : []
  if (functions.some((fn) => (fn as { keepsRecords?: unknown }).keepsRecords === true))
    return undefined
  if (PASSERS.has(kind)) return 'passes'
  return READERS.has(kind) ? 'reads' : undefined
}

/** By operator of a chain: whether what arrives there may be a view. */
export function viewedOperators(
  operators: readonly ChainOperator[],
  entries: readonly ChainEntry[],
): boolean[] {
  const viewed = operators.map((_, k) =>
    entries.some((entry) => entry.to === k && entry.views !== undefined),
  )
  // Operators stand in topological order.
  operators.forEach(({ reading, targets }, k) => {
    const passed = viewed[k] && reading === 'passes'
    for (const target of [...targets.values()].flat()) {
      if (target.type !== 'call' || operators[target.to].reading === undefined) continue
      if (passed || target.guard !== undefined) viewed[target.to] = true
    }
  })
  return viewed
}
