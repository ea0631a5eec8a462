import type { CallService, Clock, RuntimeContext } from '../../operators/contract/context.ts'
import type { Logger } from '../../operators/contract/logger.ts'
import type { RecordScope } from '../../operators/contract/operator.ts'

/** What all contexts of one thread share. */
export interface ThreadFacilities {
  readonly jobName: string
  readonly logger: Logger
  readonly clock: Clock
  readonly services: {
    get(name: string): any
    readonly call: CallService
  }
  /** Wakes this thread's loop. */
  wake(): void
}

/** The context of one operator on one subtask: reads the record at hand from its chain's scope. */
export class TaskContext implements RuntimeContext {
  readonly name: string
  readonly subtask: number
  readonly parallelism: number
  readonly #scope: RecordScope
  readonly #thread: ThreadFacilities
  readonly #wake: () => void

  constructor(
    place: { readonly name: string; readonly subtask: number; readonly parallelism: number },
    scope: RecordScope,
    thread: ThreadFacilities,
    wake: () => void,
  ) {
    this.name = place.name
    this.subtask = place.subtask
    this.parallelism = place.parallelism
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

  get logger(): Logger {
    return this.#thread.logger
  }

  get clock(): Clock {
    return this.#thread.clock
  }

  wake(): void {
    this.#wake()
  }

  service<T = any>(name: string): T {
    return this.#thread.services.get(name) as T
  }

  get callService(): CallService {
    return this.#thread.services.call
  }
}
