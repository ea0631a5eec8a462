import type { GraphNode } from './node.ts'

/** Sources whose input has an end by its nature. */
const ENDING: ReadonlySet<string> = new Set([
  'fromCollection',
  'fromBatch',
  'fromFile',
  'fromGenerator',
])

/** Whether the records of a node may never end: a source that feeds it is pushed into, or asked for ever. */
export function mayBeEndless(node: GraphNode, seen = new Set<GraphNode>()): boolean {
  if (seen.has(node)) return false
  seen.add(node)
  if (node.body.type === 'input') return true
  if (node.body.type === 'source') return !ENDING.has(node.kind)
  return node.inputs.some(({ from }) => mayBeEndless(from, seen))
}
