import type { DeadLetter } from '../../operators/contract/error-policy.ts'
import type { MemoryPlan } from '../graph/memory-plan.ts'
import type { GraphNode } from '../graph/node.ts'
import type { Plan } from '../graph/plan.ts'
import { COUNTER, counterRow } from '../metrics/counters.ts'
import type { Arena } from '../ring/arena.ts'

/** Where a job stands. */
export type JobStatus =
  | 'created'
  | 'running'
  | 'restarting'
  | 'finished'
  | 'stopped'
  | 'cancelled'
  | 'failed'

/** The numbers of one subtask of an operator. */
export interface SubtaskMetrics {
  /** Records that arrived; 0 for sources. */
  readonly recordsIn: number
  /** Records that went on, to any output; what was sent to several consumers counts once. */
  readonly recordsOut: number
  /** Records that failed for good, whatever the policy did with them. */
  readonly errors: number
  readonly retries: number
  /** Records left out without an error: null elements of sources, records for a reader that has left. */
  readonly dropped: number
}

/** The numbers of one operator: sums over its subtasks. */
export interface OperatorMetrics extends SubtaskMetrics {
  readonly name: string
  readonly uid?: string
  /** The method that made it. */
  readonly kind: string
  readonly parallelism: number
  readonly subtasks: readonly SubtaskMetrics[]
}

/** What a job leaves behind. */
export interface JobResult {
  readonly status: JobStatus
  /** From submit to the end, in ms. */
  readonly durationMs: number
  readonly restarts: number
  /** In graph order. */
  readonly operators: readonly OperatorMetrics[]
  /** Records that failed for good under `{ deadLetter: true }` and had no `deadLetters()` stream: at most 10,000. */
  readonly deadLetters: readonly DeadLetter[]
  /** How many more there were. */
  readonly deadLettersDropped: number
}

/** Reads the counters of all operators out of a job's arena. Any thread, any time. */
export function readMetrics(
  nodes: readonly GraphNode[],
  plan: Plan,
  memory: MemoryPlan,
  arena: Arena,
): OperatorMetrics[] {
  const read = (row: number) => counterRow(arena, memory.counterOffset, row)
  return nodes.map((node) => {
    const parallelism = plan.parallelism[node.id]
    const subtasks = Array.from({ length: parallelism }, (_, i) =>
      metricsOf(read(memory.counterRow[node.id] + i)),
    )
    addCombiners(node, plan, memory, subtasks, read)
    // A source to its users, though its records come through a ring.
    if (node.body.type === 'input') for (const subtask of subtasks) subtask.recordsIn = 0
    return {
      name: node.name,
      ...(node.uid === undefined ? {} : { uid: node.uid }),
      kind: node.kind,
      parallelism,
      ...sum(subtasks),
      subtasks,
    }
  })
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

function metricsOf(row: Float64Array): Writable<SubtaskMetrics> {
  return {
    recordsIn: row[COUNTER.recordsIn],
    recordsOut: row[COUNTER.recordsOut],
    errors: row[COUNTER.errors],
    retries: row[COUNTER.retries],
    dropped: row[COUNTER.dropped],
  }
}

/**
 * Where records are pre-reduced before the exchange, the operator's records arrive at its combiners: they count
 * as its own, and the partial results that crossed do not.
 */
function addCombiners(
  node: GraphNode,
  plan: Plan,
  memory: MemoryPlan,
  subtasks: Writable<SubtaskMetrics>[],
  read: (row: number) => Float64Array,
): void {
  const combined = plan.exchanges.filter(
    (exchange) => exchange.to === node && exchange.combiner !== undefined,
  )
  if (combined.length === 0) return
  for (const subtask of subtasks) subtask.recordsIn = 0
  for (const exchange of combined) {
    for (let sender = 0; sender < exchange.senders; sender++) {
      const partial = metricsOf(read(memory.combinerRow[exchange.id]! + sender))
      const subtask = subtasks[sender % subtasks.length]
      subtask.recordsIn += partial.recordsIn
      subtask.errors += partial.errors
      subtask.retries += partial.retries
    }
  }
}

function sum(subtasks: readonly SubtaskMetrics[]): SubtaskMetrics {
  const total = { recordsIn: 0, recordsOut: 0, errors: 0, retries: 0, dropped: 0 }
  for (const subtask of subtasks) {
    for (const field of Object.keys(total) as (keyof SubtaskMetrics)[])
      total[field] += subtask[field]
  }
  return total
}
