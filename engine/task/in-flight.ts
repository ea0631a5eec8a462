import { StreamError } from '../../codec/errors.ts'
import { type Key, keyGroup, keyHash } from '../../codec/key.ts'
import type { RecordBatch } from '../../codec/record-codec.ts'
import type { GraphEdge, GraphNode, Partitioning } from '../graph/node.ts'

/** Which way into an operator records are on: what a checkpoint knows them by, however the program is fused. */
export interface WayIn {
  readonly node: GraphNode
  /** Index among the node's inputs; -1: the main thread's way into a `createStream`. */
  readonly edge: number
  /** Whether partial results of a combiner travel there, in place of records. */
  readonly combined: boolean
  readonly keyed: boolean
  readonly timestamped: boolean
}

/** A record that was on its way when a checkpoint fell: an item of kind `in-flight`. */
export interface InFlightRecord {
  readonly edge: number
  readonly value: unknown
  readonly key?: unknown
  readonly timestamp?: number
  readonly combined?: boolean
}

/** Records on their way into one operator, in their order. */
export interface InFlight {
  readonly node: GraphNode
  readonly records: Iterable<InFlightRecord>
}

/** Records that a checkpoint has given back: to be worked on before all others. */
export interface RestoredBatch {
  readonly entry: number
  readonly way: WayIn
  readonly batch: RecordBatch
}

/** Records `from` and later of a batch that came by `way`: valid until the batch is filled again. */
export function inFlightOf(way: WayIn, batch: RecordBatch, from = 0): InFlight {
  return { node: way.node, records: recordsOf(way, batch, from) }
}

function* recordsOf(
  { edge, combined, keyed, timestamped }: WayIn,
  { count, values, keys, timestamps }: RecordBatch,
  from: number,
): Iterable<InFlightRecord> {
  for (let i = from; i < count; i++) {
    yield {
      edge,
      value: values[i],
      ...(keyed ? { key: keys[i] } : {}),
      ...(timestamped ? { timestamp: timestamps[i] } : {}),
      ...(combined ? { combined } : {}),
    }
  }
}

/** Where a subtask stands among those of its operator, now and in the program that wrote the checkpoint. */
export interface InFlightShare {
  readonly subtask: number
  readonly parallelism: number
  readonly parallelismBefore: number
  readonly maxParallelism: number
}

/**
 * What of all that was on its way to an operator belongs to one subtask: under the same parallelism what had been sent there; else
 * keyed records go where their keys go, and others are dealt out one after the other.
 *
 * @throws StreamError `SAGE_RESCALE`: broadcast records were on their way, which each subtask has had another part of
 */
export function pickInFlight(
  all: Iterable<{ readonly subtask: number; readonly items: Iterable<InFlightRecord> }>,
  node: GraphNode,
  share: InFlightShare,
): InFlightRecord[] {
  const { subtask, parallelism, parallelismBefore } = share
  const mine: InFlightRecord[] = []
  let n = 0
  for (const { subtask: of, items } of all) {
    for (const record of items) {
      const to = parallelism === parallelismBefore ? of : subtaskOf(node, record, share, n++)
      if (to === subtask) mine.push(record)
    }
  }
  return mine
}

/** Where a record goes that is the n-th of all. */
function subtaskOf(
  node: GraphNode,
  { edge, key }: InFlightRecord,
  { parallelism, parallelismBefore, maxParallelism }: InFlightShare,
  n: number,
): number {
  const type = dealtAnew(node.inputs[edge])
  if (type === 'broadcast') {
    throw new StreamError(
      'SAGE_RESCALE',
      `operator '${node.name}': expected parallelism ${parallelismBefore}, got ${parallelism}: the checkpoint holds ` +
        'broadcast records on their way, which each subtask has had another part of; begin from a savepoint',
    )
  }
  if (type !== 'hash') return n % parallelism
  return Math.floor((keyGroup(keyHash(key as Key), maxParallelism) * parallelism) / maxParallelism)
}

/** How records of an edge are dealt when the parallelism of its receiver has changed; none: the main thread's way in. */
function dealtAnew(edge: GraphEdge | undefined): Partitioning['type'] {
  if (edge?.partitioning.type !== 'forward') return edge?.partitioning.type ?? 'forward'
  return edge.keying?.type ?? 'rebalance'
}
