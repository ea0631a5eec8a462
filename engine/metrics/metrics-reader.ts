import {
  type MetricCells,
  readUserMetrics,
  sumUserMetrics,
} from '../../operators/contract/user-metrics.ts'
import type { MemoryPlan } from '../graph/memory-plan.ts'
import type { GraphNode } from '../graph/node.ts'
import type { Exchange, Plan } from '../graph/plan.ts'
import type { Arena } from '../ring/arena.ts'
import { ringFill } from '../ring/layout.ts'
import { COUNTER, counterRow, LINK } from './counters.ts'
import type { CommonMetrics, OperatorMetrics, SubtaskMetrics } from './operator-metrics.ts'
import { timeOf } from './task-times.ts'
import type { FoundMetric, UserMetricsMemory } from './user-metrics-memory.ts'

/** Where a job's numbers lie. */
export interface MetricsSite {
  readonly graph: { readonly nodes: readonly GraphNode[] }
  readonly plan: Plan
  readonly memory: MemoryPlan
  readonly arena: Arena
  readonly userMetrics: UserMetricsMemory
}

/** What the main thread's end of a stream or output knows. */
export interface EndCounts {
  /** Records that wait there. */
  readonly queued: number
  /** Records that came after the reader had left, or were lost because the job was started again. */
  readonly dropped?: number
}

type Numbers = Omit<CommonMetrics, 'counters' | 'histograms' | 'events_processed'>
type Writable<T> = { -readonly [K in keyof T]: T[K] extends object ? Writable<T[K]> : T[K] }

/**
 * Reads the numbers of all operators out of a job's memory, in graph order. Any thread, any time; no writer is asked or
 * disturbed.
 *
 * @param nowMs - the shared time up to which states that last are counted
 * @param endOf - the main thread's end of a stream or output, by node id
 */
export function readMetrics(
  site: MetricsSite,
  nowMs: number,
  endOf: (node: number) => EndCounts | undefined = () => undefined,
): OperatorMetrics[] {
  const reader = new MetricsReader(site, nowMs)
  return site.graph.nodes.map((node) => reader.operator(node, endOf(node.id)))
}

class MetricsReader {
  readonly #site: MetricsSite
  readonly #nowMs: number
  readonly #userMetrics: ReadonlyMap<number, readonly FoundMetric[]>

  constructor(site: MetricsSite, nowMs: number) {
    this.#site = site
    this.#nowMs = nowMs
    this.#userMetrics = Map.groupBy(site.userMetrics.read(), ({ node }) => node)
  }

  operator(node: GraphNode, end: EndCounts | undefined): OperatorMetrics {
    const { plan } = this.#site
    const parallelism = plan.parallelism[node.id]
    const user = this.#userMetrics.get(node.id) ?? []
    const numbers = Array.from({ length: parallelism }, (_, i) => this.#subtask(node, i))
    this.#addCombiners(node, numbers)
    this.#addLinks(node, numbers)
    if (end !== undefined) addEnd(node, numbers[0], end)
    // A source to its users, though its records come through a ring.
    if (node.body.type === 'input') numbers[0].recordsIn = 0
    const subtasks = numbers.map(
      (one, subtask): SubtaskMetrics => ({
        ...specified(node, one),
        ...readUserMetrics(user.filter((metric) => metric.subtask % parallelism === subtask)),
      }),
    )
    return {
      name: node.name,
      ...(node.uid === undefined ? {} : { uid: node.uid }),
      kind: node.kind,
      parallelism,
      chain: plan.chainOf[node.id].id,
      ...sum(subtasks, user),
      subtasks,
    }
  }

  #row(row: number): Float64Array {
    return counterRow(this.#site.arena, this.#site.memory.counterOffset, row)
  }

  #subtask({ id }: GraphNode, subtask: number): Writable<Numbers> {
    const { plan, memory } = this.#site
    const counts = this.#row(memory.counterRow[id] + subtask)
    const times = this.#row(memory.timeRow[plan.chainOf[id].id] + subtask)
    const busyMs = timeOf(times, 'busy', this.#nowMs)
    const numbers: Writable<Numbers> = {
      recordsIn: counts[COUNTER.recordsIn],
      recordsOut: counts[COUNTER.recordsOut],
      bytesIn: 0,
      bytesOut: 0,
      errors: 0,
      failed: 0,
      skipped: 0,
      deadLettered: 0,
      retries: 0,
      dropped: counts[COUNTER.dropped],
      pending: 0,
      busyMs,
      idleMs: timeOf(times, 'idle', this.#nowMs),
      backpressuredMs: timeOf(times, 'backpressured', this.#nowMs),
      runnableMs: timeOf(times, 'runnable', this.#nowMs),
      ringFill: { input: 0, output: 0 },
      queue_sizes: { input: 0, output: 0 },
      events_failed: 0,
      processing_time_ms: busyMs,
    }
    addFailures(numbers, counts)
    return numbers
  }

  /**
   * Where records are pre-reduced before the exchange, the operator's records arrive at its combiners: they count
   * as its own, and the partial results that crossed do not.
   */
  #addCombiners(node: GraphNode, subtasks: readonly Writable<Numbers>[]): void {
    const { plan, memory } = this.#site
    const combined = plan.exchanges.filter(
      (exchange) => exchange.to === node && exchange.combiner !== undefined,
    )
    if (combined.length === 0) return
    for (const subtask of subtasks) subtask.recordsIn = 0
    for (const exchange of combined) {
      for (let sender = 0; sender < exchange.senders; sender++) {
        const partial = this.#row(memory.combinerRow[exchange.id]! + sender)
        const subtask = subtasks[sender % subtasks.length]
        subtask.recordsIn += partial[COUNTER.recordsIn]
        addFailures(subtask, partial)
      }
    }
  }

  /** Each ring is an output of its sender and an input of its receiver; at the main thread's ends it has one of the two. */
  #addLinks(node: GraphNode, subtasks: readonly Writable<Numbers>[]): void {
    for (const exchange of this.#site.plan.exchanges) {
      if (exchange.from === node && exchange.fromChain !== undefined)
        this.#eachLink(exchange, (link, sender) => addOutput(subtasks[sender], link))
      if (exchange.to === node && exchange.toChain !== undefined)
        this.#eachLink(exchange, (link, _, receiver) => addInput(subtasks[receiver], link))
    }
  }

  #eachLink(
    { id, senders, receivers, pairwise }: Exchange,
    visit: (link: LinkNumbers, sender: number, receiver: number) => void,
  ): void {
    for (let sender = 0; sender < senders; sender++) {
      if (pairwise) visit(this.#link(id, sender, sender), sender, sender)
      else
        for (let receiver = 0; receiver < receivers; receiver++)
          visit(this.#link(id, sender, receiver), sender, receiver)
    }
  }

  #link(exchange: number, sender: number, receiver: number): LinkNumbers {
    const { memory, arena } = this.#site
    const row = memory.linkRow(exchange, sender, receiver)
    // The receiver's first: what it took the sender had counted before.
    const taken = this.#row(row + 1)
    const recordsTaken = taken[LINK.records]
    const bytesTaken = taken[LINK.bytes]
    const sent = this.#row(row)
    return {
      bytesTaken,
      bytesSent: sent[LINK.bytes],
      dropped: sent[LINK.dropped],
      queued: Math.max(0, sent[LINK.records] - recordsTaken),
      fill: ringFill(arena, memory.ring(exchange, sender, receiver)),
    }
  }
}

interface LinkNumbers {
  readonly bytesSent: number
  readonly dropped: number
  readonly bytesTaken: number
  readonly queued: number
  readonly fill: number
}

function addOutput(subtask: Writable<Numbers>, { bytesSent, queued, fill }: LinkNumbers): void {
  subtask.bytesOut += bytesSent
  subtask.queue_sizes.output += queued
  subtask.ringFill.output = Math.max(subtask.ringFill.output, fill)
}

function addInput(
  subtask: Writable<Numbers>,
  { bytesTaken, dropped, queued, fill }: LinkNumbers,
): void {
  subtask.dropped += dropped
  subtask.bytesIn += bytesTaken
  subtask.queue_sizes.input += queued
  subtask.ringFill.input = Math.max(subtask.ringFill.input, fill)
}

function addEnd({ body }: GraphNode, subtask: Writable<Numbers>, end: EndCounts): void {
  subtask.queue_sizes[body.type === 'input' ? 'input' : 'output'] += end.queued
  subtask.dropped += end.dropped ?? 0
}

function addFailures(numbers: Writable<Numbers>, counts: Float64Array): void {
  const [errors, skipped, deadLettered] = [
    counts[COUNTER.errors],
    counts[COUNTER.skipped],
    counts[COUNTER.deadLettered],
  ]
  numbers.errors += errors
  numbers.events_failed += errors
  numbers.skipped += skipped
  numbers.deadLettered += deadLettered
  numbers.failed += errors - skipped - deadLettered
  numbers.retries += counts[COUNTER.retries]
  numbers.pending += counts[COUNTER.pending]
}

function specified({ body }: GraphNode, numbers: Numbers) {
  const isSource = body.type === 'source' || body.type === 'input'
  const { recordsIn, recordsOut, errors } = numbers
  // A record may fail more than once, on its way to several consumers.
  return { ...numbers, events_processed: isSource ? recordsOut : Math.max(0, recordsIn - errors) }
}

function sum(subtasks: readonly SubtaskMetrics[], user: readonly MetricCells[]) {
  const total = (field: SummedField) => subtasks.reduce((all, one) => all + one[field], 0)
  return {
    ...(Object.fromEntries(SUMMED.map((field) => [field, total(field)])) as Record<
      SummedField,
      number
    >),
    ringFill: {
      input: Math.max(...subtasks.map(({ ringFill }) => ringFill.input)),
      output: Math.max(...subtasks.map(({ ringFill }) => ringFill.output)),
    },
    queue_sizes: {
      input: subtasks.reduce((all, { queue_sizes }) => all + queue_sizes.input, 0),
      output: subtasks.reduce((all, { queue_sizes }) => all + queue_sizes.output, 0),
    },
    ...sumUserMetrics(user),
  }
}

const SUMMED = [
  'recordsIn',
  'recordsOut',
  'bytesIn',
  'bytesOut',
  'errors',
  'failed',
  'skipped',
  'deadLettered',
  'retries',
  'dropped',
  'pending',
  'busyMs',
  'idleMs',
  'backpressuredMs',
  'runnableMs',
  'events_processed',
  'events_failed',
  'processing_time_ms',
] as const

type SummedField = (typeof SUMMED)[number]
