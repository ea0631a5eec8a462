import type { InputChannel } from '../channel/input-channel.ts'
import type { WayIn } from './in-flight.ts'

/** One ring into a task, and the way into the chain that its records take. */
export interface TaskInput {
  readonly channel: InputChannel
  readonly entry: number
  /** Whether the main thread sends. */
  readonly fromMain: boolean
  readonly way: WayIn
  /** Whether its records are read where they lie. */
  readonly inPlace: boolean
  /** Whether its frames carry timestamps and watermarks. */
  readonly timestamped: boolean
  /** Whether its records come from the task's own feedback loop: round again, or on their way through it. */
  readonly loop: 'round' | 'within' | undefined
}
