import type { RecordCodec } from '../../codec/record-codec.ts'
import type { ErrorPolicy } from '../../operators/contract/error-policy.ts'
import type { FailureHandling } from '../../operators/contract/failure-handling.ts'
import type { OperatorFactory, SourceFactory } from '../../operators/contract/operator.ts'

/** How records are dealt to the subtasks of the next operator. */
export type Partitioning =
  | { readonly type: 'forward' }
  | { readonly type: 'rebalance' }
  | { readonly type: 'broadcast' }
  | { readonly type: 'hash' }
  | { readonly type: 'custom'; readonly partition: (key: any, n: number) => number }

/** What becomes of records for an input whose operator does not keep up (`configureBackpressure`). */
export interface Backpressure {
  /**
   * How far records may wait for it beyond the ring, and then: `block` and `buffer` take no more input upstream until there is
   * room; `drop` leaves records out, and counts them.
   */
  readonly strategy: 'block' | 'drop' | 'buffer'
  /** Which records `drop` leaves out: those that come, or those that have waited longest. */
  readonly drop: 'newest' | 'oldest'
  /** Records that may wait, per sending and receiving subtask. */
  readonly bufferSize: number
  /** How long a full buffer may block before the job fails with `SAGE_TIMEOUT`. Infinity for `drop`. */
  readonly timeoutMs: number
}

/** The output of a node that an edge reads: its main output, a side output (`tag:<id>`), or its dead letters. */
export type Port = 'main' | 'dead-letters' | `tag:${string}`

/** One input of a node. */
export interface GraphEdge {
  readonly from: GraphNode
  readonly port: Port
  readonly partitioning: Partitioning
  /** Which input of the receiving operator this is: co-operators tell their inputs apart by it. */
  readonly input: number
  /** How records travel if this edge crosses threads. */
  readonly codec: RecordCodec
  /** Whether each record's key travels along. */
  readonly keyed: boolean
  /** Whether the sender's user asked for an exchange here (keyBy, rebalance, output): checked even where fused away. */
  readonly exchange: boolean
  /**
   * How a stream that was dealt by key further up is dealt again where this edge is `forward` and its two ends
   * differ in parallelism; undefined for streams that are not keyed: those go round robin.
   */
  readonly keying: Partitioning | undefined
  /** Where it is set, records wait between the two operators: the edge is never fused. */
  readonly backpressure?: Backpressure | undefined
}

/** What a node does. */
export type NodeBody =
  | { readonly type: 'source'; readonly factory: SourceFactory }
  /** Fed from the main thread (`createStream`). */
  | {
      readonly type: 'input'
      readonly capacity: number
      readonly codec: RecordCodec
      /** Whether what no checkpoint holds is fed again after a restart. */
      readonly replay?: boolean
    }
  /** The beginning of a feedback edge (`fromFuture`); `fillFuture` gives it its input. */
  | { readonly type: 'future' }
  | { readonly type: 'operator'; readonly factory: OperatorFactory }
  /** Read on the main thread (`output`, `print`). With a factory, the main thread gets the factory's results. */
  | { readonly type: 'output'; readonly capacity: number; readonly factory?: OperatorFactory }

/**
 * One operator of the logical graph. Frozen; `parallelism` (until submit) and the `inputs` of a future (once)
 * are read through accessors, because `Graph` may still set them.
 */
export interface GraphNode {
  /** Position in the order of construction: equal on every thread that builds the same graph. */
  readonly id: number
  /** The method that made it: `map`, `filter`, `fromCollection`, … */
  readonly kind: string
  /** Unique in the graph. */
  readonly name: string
  readonly uid: string | undefined
  readonly body: NodeBody
  readonly inputs: readonly GraphEdge[]
  readonly errors: ErrorPolicy | undefined
  /** Set on connected streams (`onError`, `setErrorThreshold`): stands above `errors`. */
  readonly handling: FailureHandling | undefined
  /** Explicit parallelism, or undefined: derived by the plan (API 2). */
  readonly parallelism: number | undefined
  /** Takes the environment's parallelism when none is explicit (partitioned sources, first operator behind a keyBy or rebalance). */
  readonly scales: boolean
  /** Options that belong to the graph's fingerprint. */
  readonly options: Readonly<Record<string, unknown>>
}
