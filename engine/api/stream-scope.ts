import type { RecordCodec } from '../../codec/record-codec.ts'
import type { PatternOutputs } from '../../operators/pattern/pattern-operator.ts'
import type { Graph } from '../graph/graph.ts'
import type { Backpressure, GraphEdge, GraphNode, Partitioning, Port } from '../graph/node.ts'

/** Under which a stream keeps where it stands; for this folder only. */
export const CURSOR: unique symbol = Symbol('cursor')

/** Under which connected streams keep their inputs, in order; for this folder only. */
export const CURSORS: unique symbol = Symbol('cursors')

/** What all streams of one environment share: the graph, and who makes further streams. */
export interface StreamScope {
  readonly graph: Graph
  /** A stream that reads from `cursor`: keyed if the cursor is. */
  stream(cursor: Cursor): any
  /** The matches of a pattern, whose further outputs may still be named. */
  matches(cursor: Cursor, pattern: PatternSettings): any
  /** Connected streams: keyed if all cursors are. The settings are those of the connected streams they come from. */
  connected(cursors: readonly Cursor[], settings?: object): any
}

/** What of a pattern may be set until the job is submitted. */
export interface PatternSettings {
  readonly outputs: PatternOutputs
  /** Options of its node for the comparison of graphs. */
  readonly compared: Record<string, unknown>
}

/** How a keyed stream is dealt out. */
export type Keying = Extract<Partitioning, { type: 'hash' | 'custom' }>

/**
 * Where a stream stands in the graph, and how the next operator will read from there. Never
 * changes.
 */
export interface Cursor {
  readonly scope: StreamScope
  readonly node: GraphNode
  readonly port: Port
  readonly codec: RecordCodec
  /** How the next edge deals records out. */
  readonly partitioning: Partitioning
  /** Whether records have keys (`ctx.key`), which is more than being a `KeyedStream`. */
  readonly keyed: boolean
  /** Set for a `KeyedStream`. */
  readonly keying: Keying | undefined
  /** Whether the next operator takes the environment's parallelism. */
  readonly scales: boolean
  readonly exchange: boolean
  /** How the next edge lets records wait; undefined: as rings do. */
  readonly backpressure?: Backpressure | undefined
}

/** The cursor at the main output of a node, plain forward. */
export function cursorAt(
  scope: StreamScope,
  node: GraphNode,
  codec: RecordCodec,
  key: Pick<Cursor, 'keyed' | 'keying'> = { keyed: false, keying: undefined },
): Cursor {
  return {
    scope,
    node,
    port: 'main',
    codec,
    partitioning: { type: 'forward' },
    keyed: key.keyed,
    keying: key.keying,
    scales: false,
    exchange: false,
  }
}

/** The edge by which an operator reads from `cursor` as its input number `input`. */
export function edgeFrom(cursor: Cursor, input: number): GraphEdge {
  const { node: from, port, partitioning, codec, keyed, keying, exchange, backpressure } = cursor
  const dealt = { partitioning, keyed, exchange, keying, backpressure }
  return Object.freeze({ from, port, input, codec, ...dealt })
}

/** Whether two keyed streams bring equal keys to equal subtasks. */
export function sameKeying(a: Keying, b: Keying): boolean {
  if (a.type === 'custom' && b.type === 'custom') return a.partition === b.partition
  return a.type === b.type
}
