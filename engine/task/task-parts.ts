import type { Clock } from '../../operators/contract/context.ts'
import type { WatermarkGenerator } from '../../operators/contract/operator.ts'
import type { OutputPort } from '../channel/output-port.ts'
import type { TaskMetrics } from '../metrics/task-metrics.ts'
import type { ChainOperator, ChainState, CompiledChain } from './chain-model.ts'
import type { ChainTime } from './chain-time.ts'
import type { FeedbackLoop } from './feedback-loop.ts'
import type { WayIn } from './in-flight.ts'
import type { SourceDriver } from './source-driver.ts'
import type { CheckpointTaker, TaskCut } from './task-cut.ts'
import type { TaskInput } from './task-input.ts'

/** What a step has done: moved records, found nothing to do, or come to its end. */
export type Progress = 'worked' | 'idle' | 'ended'

/** Everything a task is made of. */
export interface TaskParts {
  readonly name: string
  readonly subtask: number
  readonly chain: CompiledChain
  readonly state: ChainState
  readonly time: ChainTime
  /** Whether watermarks come in or are made here: without, time passes only at the end. */
  readonly timed: boolean
  /** Those of the operators that assign timestamps. */
  readonly generators: readonly WatermarkGenerator[]
  /** The job's. */
  readonly clock: Clock
  readonly operators: readonly ChainOperator[]
  readonly inputs: readonly TaskInput[]
  /** For a task that reads a source: entry 0 of its chain. */
  readonly source: SourceDriver | undefined
  readonly outputs: readonly OutputPort[]
  /** For a task in a feedback loop. */
  readonly loop: FeedbackLoop | undefined
  /** Takes part in checkpoints; undefined: the job takes none. */
  readonly checkpoints: CheckpointTaker | undefined
  /** What it hands over at a barrier, but for what is in flight. */
  cut(): Omit<TaskCut, 'inFlight'>
  /** Entries of the chain for records that a checkpoint gives back. */
  readonly restored: readonly { readonly way: WayIn; readonly entry: number }[]
  readonly metrics: TaskMetrics
  /** Monotonic milliseconds. */
  nowMs(): number
  wake(): void
}
