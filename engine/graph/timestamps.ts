import type { GraphNode } from './node.ts'

/** Whether the node gives its records timestamps. */
export function stamps({ body }: GraphNode): boolean {
  if (body.type !== 'source' && body.type !== 'operator') return false
  return body.factory.stamps === true
}

/** Whether the records of a node have timestamps: the node gives them, or one upstream of it does. */
export function hasTimestamps(node: GraphNode, seen = new Set<GraphNode>()): boolean {
  if (seen.has(node)) return false
  seen.add(node)
  return stamps(node) || node.inputs.some(({ from }) => hasTimestamps(from, seen))
}
