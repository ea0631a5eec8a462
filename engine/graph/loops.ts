import type { GraphEdge, GraphNode } from './node.ts'

/**
 * The feedback loops of a graph. Nodes from each of which the other can be reached are in one loop: nested loops, and those
 * that share an operator, are one, since records may go from any part of it to any other. Only an edge that fills a future
 * may close a loop.
 */
export interface Loops {
  readonly count: number
  /** By node id: its loop, counted from 0; undefined: it is in none. */
  readonly of: readonly (number | undefined)[]
  /**
   * By node id: whether all its records come from the beginnings of loops. Its event time is what has come round; where its
   * records meet those of ordinary inputs, it has no say about the time.
   */
  readonly follows: readonly boolean[]
  /** The nodes, each behind those that it reads from, but for feedback edges: in the order of construction where that is one. */
  readonly order: readonly GraphNode[]
  /** Whether `edge`, an input of `to`, closes a loop. */
  isFeedback(edge: GraphEdge, to: GraphNode): boolean
}

/** Finds the loops of a graph. Pure. */
export function findLoops(nodes: readonly GraphNode[]): Loops {
  const { count, of } = group(nodes)
  const isFeedback = ({ from }: GraphEdge, to: GraphNode): boolean =>
    to.body.type === 'future' && of[to.id] !== undefined && of[from.id] === of[to.id]
  const order = ordered(nodes, isFeedback)
  const follows: boolean[] = []
  for (const node of order) {
    const ordinary = node.inputs.filter((edge) => !isFeedback(edge, node))
    const begins = ordinary.length < node.inputs.length
    follows[node.id] =
      begins || (ordinary.length > 0 && ordinary.every(({ from }) => follows[from.id]))
  }
  return { count, of, follows, order, isFeedback }
}

function group(nodes: readonly GraphNode[]): Pick<Loops, 'count' | 'of'> {
  const readers: GraphNode[][] = nodes.map(() => [])
  for (const node of nodes) for (const { from } of node.inputs) readers[from.id].push(node)
  const of: (number | undefined)[] = nodes.map(() => undefined)
  let count = 0
  for (const future of nodes) {
    if (future.body.type !== 'future' || of[future.id] !== undefined) continue
    const below = reached(future, (node) => readers[node.id])
    if (!below.has(future)) continue
    const above = reached(future, (node) => node.inputs.map(({ from }) => from))
    for (const { id } of nodes.filter((node) => below.has(node) && above.has(node))) of[id] = count
    count++
  }
  return { count, of }
}

/** All nodes that can be reached from one by at least one edge. */
function reached(
  from: GraphNode,
  next: (node: GraphNode) => readonly GraphNode[],
): ReadonlySet<GraphNode> {
  const found = new Set<GraphNode>()
  const open = [...next(from)]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (found.has(node)) continue
    found.add(node)
    open.push(...next(node))
  }
  return found
}

function ordered(nodes: readonly GraphNode[], isFeedback: Loops['isFeedback']): GraphNode[] {
  const order: GraphNode[] = []
  const seen = new Set<GraphNode>()
  const visit = (node: GraphNode): void => {
    if (seen.has(node)) return
    seen.add(node)
    for (const edge of node.inputs) if (!isFeedback(edge, node)) visit(edge.from)
    order.push(node)
  }
  for (const node of nodes) visit(node)
  return order
}
