import type { KeyedBackend, Operator } from '../../operators/contract/operator.ts'
import type { BroadcastStates } from '../../operators/state/broadcast-states.ts'
import type { GraphNode } from '../graph/node.ts'
import type { InFlight } from './in-flight.ts'
import type { SourcePositions } from './source-driver.ts'
import type { TimedNode } from './timed-node.ts'

/** One operator of a subtask, as a checkpoint sees it. */
export interface OperatorCut {
  readonly node: GraphNode
  readonly operator: Operator
  readonly keyed: KeyedBackend
  readonly broadcast: BroadcastStates
}

/**
 * What a subtask hands over where a checkpoint cuts its input in two: live objects, which show the effect of all that lay
 * before the barrier and of nothing behind it until the call that hands them over returns.
 */
export interface TaskCut {
  /** Which chain the subtask runs: its index in the plan. */
  readonly chain: number
  readonly subtask: number
  readonly parallelism: number
  readonly operators: readonly OperatorCut[]
  /** Those that event time passes. */
  readonly timed: readonly TimedNode[]
  /** How far the source has been read, where the subtask reads one. */
  readonly source: { readonly node: GraphNode; readonly positions: SourcePositions } | undefined
  /** Records of each `createStream`, by node id, that the subtask has had. */
  readonly pushed: ReadonlyMap<number, number>
  /** What has come in and has not been worked on: nothing, where barriers have waited for it. */
  inFlight(): Iterable<InFlight>
}

/** Takes what the subtasks of a thread hand over. */
export interface CheckpointTaker {
  /**
   * A subtask has come to the barrier of `epoch`. Until the call has returned, and its promise, if any, has settled, the
   * subtask does nothing; then its barriers go downstream. A rejection ends the job.
   */
  take(epoch: number, cut: TaskCut): Promise<void> | undefined
  /**
   * Whether a subtask that has passed the barrier of `epoch` on has to stand still behind it: what all subtasks share has
   * one cut only if none of them is ahead of another. The thread's loop is woken when that changes.
   */
  holds(epoch: number): boolean
  /** Whether that checkpoint does not wait for what is in flight, but holds it, or did before it was complete or given up. */
  unaligned(epoch: number): boolean
  /** Whether it is under way. */
  takes(epoch: number): boolean
  /**
   * A subtask has come to its end, and takes no part in later checkpoints: this is its share in all of them. It ends when
   * `released` is called: when a checkpoint that holds this share is complete.
   */
  takeLast(cut: TaskCut, released: () => void): void
}
