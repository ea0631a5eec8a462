import type { DeadLetter, ErrorPolicy } from '../../operators/contract/error-policy.ts'
import type { MemoryPlan } from '../graph/memory-plan.ts'
import type { GraphNode } from '../graph/node.ts'
import type { Chain, Plan } from '../graph/plan.ts'
import { counterRow } from '../metrics/counters.ts'
import type { UserMetricsMemory } from '../metrics/user-metrics-memory.ts'
import type { Arena } from '../ring/arena.ts'
import type { ChainState } from './chain-model.ts'
import type { PartitionClaim } from './source-driver.ts'
import type { ThreadFacilities } from './task-context.ts'
import type { CheckpointTaker } from './task-cut.ts'

/** What a thread has at hand to build its tasks from. */
export interface Workshop {
  /** Unique per job and thread: names compiled chains. */
  readonly id: string
  readonly plan: Plan
  readonly memory: MemoryPlan
  readonly arena: Arena
  readonly userMetrics: UserMetricsMemory
  readonly thread: number
  readonly facilities: ThreadFacilities
  readonly defaultErrors: ErrorPolicy
  readonly maxParallelism: number
  readonly strict: boolean
  /** How a subtask of a source gets its next partition. */
  claim(node: GraphNode, subtask: number): PartitionClaim
  /** Takes a record that failed for good and has no `deadLetters()` stream. */
  deadLetter(letter: DeadLetter): void
  /** Monotonic milliseconds. */
  nowMs(): number
  /** Takes what the subtasks of this thread hand over at barriers; undefined: the job takes no checkpoints. */
  readonly checkpoints: CheckpointTaker | undefined
  /** Whether a checkpoint gives back records that were on their way to this node. */
  givesBack(node: GraphNode): boolean
}

/** The subtask that is being built. */
export interface TaskSite {
  readonly shop: Workshop
  readonly chain: Chain
  readonly subtask: number
  readonly state: ChainState
}

/** A row of the thread's counters. */
export function rowOf({ shop: { arena, memory } }: TaskSite, row: number): Float64Array {
  return counterRow(arena, memory.counterOffset, row)
}
