import type { MetricRegistry } from '../../operators/contract/metric-registry.ts'
import { TaskTimes } from './task-times.ts'

/** What a subtask tells of itself beside the counts of its operators. */
export class TaskMetrics {
  readonly times: TaskTimes
  readonly #registries: readonly MetricRegistry[]

  /** @param registries - the users' metrics, by operator */
  constructor(timeRow: Float64Array, registries: readonly MetricRegistry[]) {
    this.times = new TaskTimes(timeRow)
    this.#registries = registries
  }

  /** Whether there are users' gauges that have to be asked for their values. */
  get samples(): boolean {
    return this.#registries.some((registry) => registry.samples)
  }

  /** Asks the users' gauges for their values. Never throws. */
  sample(): void {
    for (const registry of this.#registries) if (registry.samples) registry.sample()
  }
}
