import type { FailureHandling } from '../../operators/contract/failure-handling.ts'
import type { GraphEdge, GraphNode, NodeBody, Partitioning } from './node.ts'

/** What of a graph is compared between threads. */
export interface DescribeOptions {
  /**
   * Whether the source text of user functions counts: not where a tool may have transformed one
   * side.
   */
  readonly sourceText: boolean
}

/** The part of a graph that {@link describeGraph} reads. */
export interface DescribableGraph {
  readonly nodes: readonly GraphNode[]
}

/**
 * A graph as text, one line a node, in the order of construction: equal on two threads exactly when
 * both built the same operators, wiring, options and (if asked) functions. Captured values are not
 * part of it.
 */
export function describeGraph(graph: DescribableGraph, options: DescribeOptions): string[] {
  return graph.nodes.map((node) => describeNode(node, options))
}

/**
 * Where two descriptions part, for a `SAGE_GRAPH_MISMATCH` message; undefined when they are equal.
 */
export function firstDifference(
  expected: readonly string[],
  got: readonly string[],
): string | undefined {
  for (let i = 0; i < Math.max(expected.length, got.length); i++) {
    if (expected[i] === got[i]) continue
    return `operator ${i}: expected ${expected[i] ?? 'none'}, got ${got[i] ?? 'none'}`
  }
  return undefined
}

function describeNode(node: GraphNode, options: DescribeOptions): string {
  const parts = [`${node.kind} '${node.name}'`, describeBody(node.body)]
  if (node.uid !== undefined) parts.push(`uid=${JSON.stringify(node.uid)}`)
  if (node.parallelism !== undefined) parts.push(`parallelism=${node.parallelism}`)
  if (node.scales) parts.push('scales')
  if (node.errors !== undefined) parts.push(`errors=${plainText(node.errors)}`)
  if (node.handling !== undefined) parts.push(describeHandling(node.handling, options))
  if (Object.keys(node.options).length > 0) parts.push(`options=${plainText(node.options)}`)
  for (const edge of node.inputs) parts.push(describeEdge(edge, options))
  for (const fn of functionsOf(node.body)) parts.push(describeFunction(fn, options))
  return parts.join(' ')
}

function describeHandling(handling: FailureHandling, options: DescribeOptions): string {
  const { inputs, onError, threshold } = handling
  const handler = onError === undefined ? '' : describeFunction(onError, options)
  return `handling=${plainText({ inputs, threshold })}${handler}`
}

function describeBody(body: NodeBody): string {
  switch (body.type) {
    case 'source':
      return body.factory.single ? 'source' : 'source(partitioned)'
    case 'input':
      return `input(${body.capacity}, ${body.codec.id})`
    case 'future':
      return 'future'
    case 'operator':
      return body.factory.combiner === undefined
        ? body.factory.shape
        : `${body.factory.shape}+combiner`
    case 'output':
      return `output(${body.capacity})`
  }
}

function describeEdge(edge: GraphEdge, options: DescribeOptions): string {
  const flags = `${edge.keyed ? ' keyed' : ''}${edge.exchange ? ' exchange' : ''}`
  const port = edge.port === 'main' ? '' : `.${edge.port}`
  const dealt = [edge.partitioning, ...(edge.keying === undefined ? [] : [edge.keying])]
    .map((partitioning) => describePartitioning(partitioning, options))
    .join('/')
  const pressure = edge.backpressure === undefined ? '' : ` ${plainText(edge.backpressure)}`
  return `<${edge.input}:#${edge.from.id}${port} ${dealt} ${edge.codec.id}${flags}${pressure}`
}

function describePartitioning(partitioning: Partitioning, options: DescribeOptions): string {
  if (partitioning.type !== 'custom') return partitioning.type
  return `custom(${describeFunction(partitioning.partition, options)})`
}

function functionsOf(body: NodeBody): readonly Function[] {
  return 'factory' in body && body.factory !== undefined ? body.factory.functions : []
}

function describeFunction(fn: Function, options: DescribeOptions): string {
  return options.sourceText ? `{${Function.prototype.toString.call(fn)}}` : '{…}'
}

/**
 * Data as text. What cannot be compared between threads (functions, instances of classes) counts by
 * its kind alone.
 */
export function plainText(value: unknown, depth = 0): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'function') return 'function'
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value !== 'object' || value === null) return String(value)
  if (depth > 8) return '…'
  if (Array.isArray(value)) return `[${value.map((item) => plainText(item, depth + 1)).join(', ')}]`
  const prototype: unknown = Object.getPrototypeOf(value)
  if (value instanceof Date) return `Date ${value.getTime()}`
  if (prototype !== Object.prototype && prototype !== null)
    return value.constructor?.name ?? 'object'
  const fields = Object.entries(value).filter(([, field]) => field !== undefined)
  return `{${fields.map(([name, field]) => `${name}: ${plainText(field, depth + 1)}`).join(', ')}}`
}
