import { StreamError } from '../../codec/errors.ts'
import type { OperatorFactory } from '../../operators/contract/operator.ts'
import { assignThreads } from './assign-threads.ts'
import { findLoops, type Loops } from './loops.ts'
import type { GraphEdge, GraphNode, Partitioning } from './node.ts'
import { stamps } from './timestamps.ts'

/** What the plan reads of a graph. */
export interface PlannableGraph {
  readonly nodes: readonly GraphNode[]
  /** The explicit parallelism of a node, after any `setParallelism`. */
  parallelismOf(node: GraphNode): number | undefined
}

/** What the plan reads of a configuration. */
export interface PlanSettings {
  readonly parallelism: number
  readonly maxParallelism: number
  readonly maxThreads: number
  readonly mode: 'threads' | 'inline'
}

/** Neighbours fused into one function: one task for each of its subtasks. */
export interface Chain {
  readonly id: number
  readonly parallelism: number
  /** Each behind those that it reads from: the first reads from other chains, or from a source. */
  readonly nodes: readonly GraphNode[]
  /** Index of the thread of each subtask. */
  readonly threads: readonly number[]
  /** The feedback loop that all of its operators are in; undefined: none is in one. */
  readonly loop: number | undefined
}

/** A row of rings: from every subtask of one chain, or from the main thread, to those of another, or to the main thread. */
export interface Exchange {
  readonly id: number
  /** The edge it carries; undefined between the main thread and a stream or output. */
  readonly edge: GraphEdge | undefined
  /** The node that sends; for a `createStream`, that node, whose records the main thread sends. */
  readonly from: GraphNode
  readonly to: GraphNode
  /** Undefined: the main thread. */
  readonly fromChain: Chain | undefined
  readonly toChain: Chain | undefined
  readonly senders: number
  readonly receivers: number
  /** Subtask i sends to subtask i only. */
  readonly pairwise: boolean
  readonly partitioning: Partitioning
  /** Pre-reduces on the sending side; partial results travel in place of records. */
  readonly combiner: OperatorFactory | undefined
  /** Whether it closes a feedback loop. */
  readonly feedback: boolean
}

/** The physical form of a graph: equal on every thread that computes it from equal graphs and settings. */
export interface Plan {
  readonly chains: readonly Chain[]
  readonly exchanges: readonly Exchange[]
  readonly threads: number
  /** Parallelism by node id. */
  readonly parallelism: readonly number[]
  /** Chain by node id. */
  readonly chainOf: readonly Chain[]
  /** By node id: whether its records have timestamps, and watermarks between them. */
  readonly timestamped: readonly boolean[]
  /** By node id: whether its records may be derived from an `ask`. */
  readonly asked: readonly boolean[]
  /** Edges inside a chain, by the id of the sending node. */
  readonly fused: ReadonlyMap<number, readonly FusedEdge[]>
  /** The graph's feedback loops. */
  readonly loops: Loops
}

/** An edge that became a call. */
export interface FusedEdge {
  readonly edge: GraphEdge
  readonly to: GraphNode
}

/**
 * Logical to physical: how parallel each operator is, which neighbours run fused, where records cross
 * threads, and which thread runs what. Pure.
 *
 * An edge is fused when its records stay in their subtask (forward, or any partitioning from one
 * subtask to one) and all inputs of the receiver come fused from one chain: so a diamond runs as
 * one function, while two sources that meet stay tasks of their own. Streams of which each has watermarks of its own
 * meet over rings, too: in one function a record can carry but one. So do what is in a feedback loop and what is not.
 */
export function planGraph(graph: PlannableGraph, settings: PlanSettings): Plan {
  const loops = findLoops(graph.nodes)
  const parallelism = deriveParallelism(graph, settings)
  const groups = groupChains(loops, parallelism, timeDomains(loops))
  const widths = groups.map((nodes) => parallelism[nodes[0].id])
  const { threads, byChain } = assignThreads(
    widths,
    settings.mode === 'inline' ? 1 : settings.maxThreads,
  )
  const chains = groups.map(
    (nodes, id): Chain => ({
      id,
      parallelism: widths[id],
      nodes,
      threads: byChain[id],
      loop: loops.of[nodes[0].id],
    }),
  )
  const chainOf: Chain[] = []
  for (const chain of chains) for (const node of chain.nodes) chainOf[node.id] = chain
  const { fused, exchanges } = splitEdges(graph.nodes, chainOf, loops)
  return {
    chains,
    exchanges,
    threads,
    parallelism,
    chainOf,
    fused,
    loops,
    timestamped: inherited(loops, stamps),
    asked: inherited(loops, ({ body }) => body.type === 'input'),
  }
}

/** By node id: whether `has` holds for the node or for one upstream of it. */
function inherited({ order }: Loops, has: (node: GraphNode) => boolean): boolean[] {
  const found = order.map(() => false)
  const look = (node: GraphNode): boolean =>
    has(node) || node.inputs.some(({ from }) => found[from.id])
  // What comes round a loop is found by looking again.
  for (let size = -1, before = -2; size !== before; ) {
    before = size
    for (const node of order) found[node.id] = look(node)
    size = found.filter(Boolean).length
  }
  return found
}

/** By node id: the node whose watermarks hold behind it; nodes that wait for several have a time of their own. */
function timeDomains({ order, isFeedback }: Loops): number[] {
  const domains: number[] = []
  for (const node of order) {
    const stamping = node.body.type === 'operator' && node.body.factory.shape === 'timestamp'
    const ordinary = node.inputs.filter((edge) => !isFeedback(edge, node))
    const incoming = new Set(ordinary.map(({ from }) => domains[from.id]))
    domains[node.id] = stamping || incoming.size !== 1 ? node.id : [...incoming][0]
  }
  return domains
}

function deriveParallelism(graph: PlannableGraph, settings: PlanSettings): number[] {
  const parallelism: number[] = []
  const asked = new Set<GraphNode>()
  /** Undefined: it depends on one that is being asked, round a loop. */
  const widthOf = (node: GraphNode): number | undefined => {
    const known = parallelism[node.id]
    if (known !== undefined || asked.has(node)) return known
    asked.add(node)
    const explicit = isSerial(node) ? 1 : (graph.parallelismOf(node) ?? ownWidth(node, settings))
    const width = explicit ?? inputWidth(node, widthOf) ?? 1
    if (width > settings.maxParallelism) {
      throw new StreamError(
        'SAGE_PARALLELISM',
        `parallelism: expected at most maxParallelism (${settings.maxParallelism}), got ${width}`,
        { operator: node.name },
      )
    }
    parallelism[node.id] = width
    return width
  }
  for (const node of graph.nodes) widthOf(node)
  return parallelism
}

/** Ends at the main thread have one subtask, whatever is asked for; so have operators that must see all records. */
function isSerial({ body }: GraphNode): boolean {
  if (body.type === 'operator') return body.factory.serial === true
  return body.type === 'output' || body.type === 'input'
}

function ownWidth(node: GraphNode, settings: PlanSettings): number | undefined {
  if (node.body.type === 'source') return node.body.factory.single ? 1 : settings.parallelism
  return node.scales ? settings.parallelism : undefined
}

/** That of the first input that has one without this node. */
function inputWidth(
  { inputs }: GraphNode,
  widthOf: (node: GraphNode) => number | undefined,
): number | undefined {
  for (const { from } of inputs) {
    const width = widthOf(from)
    if (width !== undefined) return width
  }
  return undefined
}

function groupChains(
  { order, of }: Loops,
  parallelism: readonly number[],
  domains: readonly number[],
): GraphNode[][] {
  const groups: GraphNode[][] = []
  const groupOf: GraphNode[][] = []
  for (const node of order) {
    const oneTime = new Set(node.inputs.map(({ from }) => domains[from.id])).size === 1
    // A chain is in a loop as a whole: it ends with the loop.
    const oneLoop = node.inputs.every(({ from }) => of[from.id] === of[node.id])
    const home = (oneTime && oneLoop ? homeOf(node, groupOf, parallelism) : undefined) ?? []
    if (home.length === 0) groups.push(home)
    home.push(node)
    groupOf[node.id] = home
  }
  return groups
}

function homeOf(
  node: GraphNode,
  groupOf: readonly GraphNode[][],
  parallelism: readonly number[],
): GraphNode[] | undefined {
  const first = node.inputs[0]
  const home = first === undefined ? undefined : groupOf[first.from.id]
  if (home === undefined) return undefined
  return node.inputs.every(
    (edge) => groupOf[edge.from.id] === home && isFusable(edge, node, parallelism),
  )
    ? home
    : undefined
}

function isFusable(edge: GraphEdge, to: GraphNode, parallelism: readonly number[]): boolean {
  if (edge.backpressure !== undefined) return false
  const from = parallelism[edge.from.id]
  if (from !== parallelism[to.id]) return false
  return from === 1 || edge.partitioning.type === 'forward'
}

function splitEdges(nodes: readonly GraphNode[], chainOf: readonly Chain[], loops: Loops) {
  const fused = new Map<number, FusedEdge[]>()
  const exchanges: Exchange[] = []
  const addExchange = (exchange: Omit<Exchange, 'id'>) =>
    exchanges.push({ id: exchanges.length, ...exchange })
  for (const node of nodes) {
    if (node.body.type === 'input') addExchange(fromMain(node, chainOf[node.id]))
    if (node.body.type === 'output') addExchange(toMain(node, chainOf[node.id]))
    for (const edge of node.inputs) {
      if (chainOf[edge.from.id] !== chainOf[node.id])
        addExchange(between(edge, node, chainOf, loops))
      else fused.set(edge.from.id, [...(fused.get(edge.from.id) ?? []), { edge, to: node }])
    }
  }
  return { fused, exchanges }
}

function between(
  edge: GraphEdge,
  to: GraphNode,
  chainOf: readonly Chain[],
  loops: Loops,
): Omit<Exchange, 'id'> {
  const fromChain = chainOf[edge.from.id]
  const toChain = chainOf[to.id]
  const pairwise =
    edge.partitioning.type === 'forward' && fromChain.parallelism === toChain.parallelism
  return {
    edge,
    from: edge.from,
    to,
    fromChain,
    toChain,
    pairwise,
    senders: fromChain.parallelism,
    receivers: toChain.parallelism,
    partitioning: pairwise ? edge.partitioning : dealing(edge),
    combiner: combinerOf(to, chainOf),
    feedback: loops.isFeedback(edge, to),
  }
}

/** A forward edge to another parallelism: keyed streams are dealt by their key again, others round robin. */
function dealing(edge: GraphEdge): Partitioning {
  if (edge.partitioning.type !== 'forward') return edge.partitioning
  return edge.keying ?? { type: 'rebalance' }
}

/** An operator gets partial results from all of its inputs, or from none. */
function combinerOf(to: GraphNode, chainOf: readonly Chain[]): OperatorFactory | undefined {
  const dealtByKey = to.inputs.every(
    ({ from, partitioning: { type } }) =>
      chainOf[from.id] !== chainOf[to.id] && (type === 'hash' || type === 'custom'),
  )
  return dealtByKey && to.body.type === 'operator' ? to.body.factory.combiner : undefined
}

function fromMain(node: GraphNode, toChain: Chain): Omit<Exchange, 'id'> {
  return {
    edge: undefined,
    from: node,
    to: node,
    fromChain: undefined,
    toChain,
    senders: 1,
    receivers: 1,
    pairwise: true,
    partitioning: { type: 'forward' },
    combiner: undefined,
    feedback: false,
  }
}

function toMain(node: GraphNode, fromChain: Chain): Omit<Exchange, 'id'> {
  return {
    edge: undefined,
    from: node,
    to: node,
    fromChain,
    toChain: undefined,
    senders: 1,
    receivers: 1,
    pairwise: true,
    partitioning: { type: 'forward' },
    combiner: undefined,
    feedback: false,
  }
}
