import type { CallService, Clock, RuntimeContext } from '../../operators/contract/context.ts'
import type { Logger } from '../../operators/contract/logger.ts'
import type { MetricGroup } from '../../operators/contract/metrics.ts'
import type { RecordScope } from '../../operators/contract/operator.ts'
import type {
  BroadcastState,
  ListState,
  MapState,
  StateOptions,
  Timers,
  ValueState,
} from '../../operators/contract/state.ts'
import type { StreamState } from '../../operators/contract/stream-state.ts'
import { BroadcastStates } from '../../operators/state/broadcast-states.ts'
import { KeyedState } from '../../operators/state/keyed-state.ts'

/** What all contexts of one thread share. */
export interface ThreadFacilities {
  readonly jobName: string
  readonly logger: Logger
  readonly clock: Clock
  readonly services: {
    get(name: string): any
    readonly call: CallService
  }
  /** The store of this name, shared by all threads of the job. */
  shared(name: string): StreamState
  /** Wakes this thread's loop. */
  wake(): void
}

/** Which operator on which subtask. */
export interface TaskPlace {
  readonly name: string
  readonly subtask: number
  readonly parallelism: number
  /** Whether its records are dealt by their keys. */
  readonly keyed: boolean
  /** Those of its inputs whose records come to all subtasks. */
  readonly broadcastInputs: ReadonlySet<number>
  readonly maxParallelism: number
}

/** The context of one operator on one subtask: reads the record at hand from its chain's scope. */
export class TaskContext implements RuntimeContext {
  readonly name: string
  readonly subtask: number
  readonly parallelism: number
  /** What this operator keeps per key. Not for users: `state`, `listState`, `mapState` and `timers` are. */
  readonly keyed: KeyedState
  /** What it keeps as all its subtasks do. */
  readonly broadcast: BroadcastStates
  readonly metrics: MetricGroup
  readonly #scope: RecordScope
  readonly #thread: ThreadFacilities
  readonly #wake: () => void

  constructor(
    place: TaskPlace,
    scope: RecordScope,
    thread: ThreadFacilities,
    wake: () => void,
    metrics: MetricGroup,
  ) {
    const { name, keyed, maxParallelism } = place
    this.keyed = new KeyedState({ name, keyed, maxParallelism, clock: thread.clock }, scope)
    this.broadcast = new BroadcastStates(name, place.broadcastInputs.size > 0)
    this.name = place.name
    this.subtask = place.subtask
    this.parallelism = place.parallelism
    this.metrics = metrics
    this.#scope = scope
    this.#thread = thread
    this.#wake = wake
  }

  get jobName(): string {
    return this.#thread.jobName
  }

  get key(): any {
    return this.#scope.key
  }

  getKey(): any {
    return this.#scope.key
  }

  get timestamp(): number | undefined {
    const { timestamp } = this.#scope
    return Number.isNaN(timestamp) ? undefined : timestamp
  }

  get watermark(): number {
    return this.#scope.watermark
  }

  state<S>(name: string, init: () => S, options?: StateOptions): ValueState<S> {
    return this.keyed.state(name, init, options)
  }

  listState<T>(name: string, options?: StateOptions): ListState<T> {
    return this.keyed.listState(name, options)
  }

  mapState<MK, V>(name: string, options?: StateOptions): MapState<MK, V> {
    return this.keyed.mapState(name, options)
  }

  broadcastState<MK, V>(name: string): BroadcastState<MK, V> {
    return this.broadcast.state(name)
  }

  get timers(): Timers {
    return this.keyed.timers
  }

  get logger(): Logger {
    return this.#thread.logger
  }

  get clock(): Clock {
    return this.#thread.clock
  }

  wake(): void {
    this.#wake()
  }

  shared(name = 'default'): StreamState {
    return this.#thread.shared(name)
  }

  service<T = any>(name: string): T {
    return this.#thread.services.get(name) as T
  }

  get callService(): CallService {
    return this.#thread.services.call
  }
}
