import type { GraphNode } from './node.ts'

/**
 * What checkpoints know an operator by: its uid. Without one, its place in the graph, which another version of the program
 * may give to another operator.
 */
export function stateId({ uid, kind, id }: Pick<GraphNode, 'uid' | 'kind' | 'id'>): string {
  return uid ?? `#${id}:${kind}`
}
