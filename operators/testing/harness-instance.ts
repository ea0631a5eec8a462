import { cloneValue } from '../../codec/value.ts'
import type { RuntimeContext } from '../contract/context.ts'
import type { Collector } from '../contract/function.ts'
import { METRIC_SLOTS, MetricRegistry } from '../contract/metric-registry.ts'
import type { MetricKind } from '../contract/metrics.ts'
import type {
  Operator,
  OperatorContext,
  OperatorFactory,
  RecordScope,
} from '../contract/operator.ts'
import type { MetricCells } from '../contract/user-metrics.ts'
import { type BroadcastSnapshot, BroadcastStates } from '../state/broadcast-states.ts'
import { type KeyedSnapshot, KeyedState } from '../state/keyed-state.ts'
import { redistributed } from '../state/redistribute.ts'
import {
  harnessContext,
  type LogLine,
  MAX_PARALLELISM,
  recordingLogger,
} from './harness-context.ts'
import type { ManualClock } from './manual-clock.ts'

/** All that an operator keeps on one subtask: plain data, and a copy. */
export interface OperatorSnapshot {
  readonly keyed: KeyedSnapshot | undefined
  readonly broadcast: BroadcastSnapshot
  /** What its own `snapshot` gave: the fields of a `StatefulFunction`. */
  readonly operator: unknown
}

/** Where an operator under test runs, and what it shares with those made after it. */
export interface InstanceSetting {
  readonly factory: OperatorFactory
  readonly name: string
  readonly subtask: number
  readonly parallelism: number
  readonly scope: RecordScope
  readonly out: Collector
  readonly clock: ManualClock
  readonly logs: LogLine[]
  readonly combined: boolean
  readonly countDropped: OperatorContext['countDropped']
  /** Whether any input is broadcast. */
  readonly broadcast: boolean
}

/** One instance of an operator under test, with nothing kept and not yet opened. */
export class OperatorInstance {
  readonly operator: Operator
  readonly ctx: RuntimeContext
  readonly broadcast: BroadcastStates
  readonly registry: MetricRegistry
  readonly metrics: MetricCells[] = []
  /** What the operator keeps per key. */
  readonly keyed: KeyedState
  readonly #setting: InstanceSetting

  constructor(setting: InstanceSetting) {
    const { factory, name, subtask, parallelism, scope, out, clock, combined } = setting
    const { countDropped } = setting
    const logger = recordingLogger(setting.logs)
    const allocate = (kind: MetricKind, metric: string): Float64Array => {
      const cells = new Float64Array(METRIC_SLOTS[kind])
      this.metrics.push({ kind, name: metric, cells })
      return cells
    }
    const keyed = new KeyedState(
      { name, keyed: true, maxParallelism: MAX_PARALLELISM, clock },
      scope,
    )
    this.#setting = setting
    this.keyed = keyed
    this.broadcast = new BroadcastStates(name, setting.broadcast)
    this.registry = new MetricRegistry(name, allocate, logger)
    const place = { name, subtask, parallelism }
    this.ctx = harnessContext(place, scope, logger, clock, keyed, this.registry, this.broadcast)
    this.operator = factory.create({
      ctx: this.ctx,
      scope,
      out,
      keyed,
      combined,
      countDropped,
      checkpointed: false,
    })
  }

  snapshot(): OperatorSnapshot {
    return cloneValue({
      keyed: this.keyed.snapshot(),
      broadcast: this.broadcast.snapshot(),
      operator: this.operator.snapshot?.(),
    })
  }

  /** Takes what is its own of the snapshots of all subtasks of before. */
  restore(snapshots: readonly OperatorSnapshot[]): void {
    const { factory, name, subtask, parallelism } = this.#setting
    const all = cloneValue(snapshots)
    const owns = (group: number) => Math.floor((group * parallelism) / MAX_PARALLELISM) === subtask
    for (const { keyed } of all) if (keyed !== undefined) this.keyed.restore(keyed, owns)
    this.broadcast.restore(all[0].broadcast)
    const states = all.map(({ operator }) => operator)
    const own = redistributed(factory, name, states, parallelism)[subtask]
    if (own !== undefined) this.operator.restore?.(own)
  }
}
