import {
  type ResolvedErrorPolicy,
  resolveErrorPolicy,
} from '../../operators/contract/error-policy.ts'
import { MetricRegistry } from '../../operators/contract/metric-registry.ts'
import type {
  Operator,
  OperatorFactory,
  OperatorShape,
  WatermarkGenerator,
} from '../../operators/contract/operator.ts'
import type { PartitionedSource } from '../../operators/contract/source.ts'
import type { GraphEdge, GraphNode } from '../graph/node.ts'
import type { Exchange, Plan } from '../graph/plan.ts'
import { COUNTER } from '../metrics/counters.ts'
import { checked } from './call-results.ts'
import { ChainCollector, type ChainOperator, type Target } from './chain-model.ts'
import { asStreamError, ErrorGate } from './error-gate.ts'
import { ErrorThreshold } from './error-threshold.ts'
import { AsSettled, InOrder } from './flight.ts'
import { type GatedCalls, PromiseGate } from './promise-gate.ts'
import { retryable } from './retryable.ts'
import { TaskContext, type TaskPlace } from './task-context.ts'
import type { OperatorCut } from './task-cut.ts'
import { viewReadingOf } from './view-reading.ts'
import { rowOf, type TaskSite } from './workshop.ts'

/** An operator whose outputs are being connected. */
export interface Draft extends ChainOperator {
  readonly ctx: TaskContext
  readonly targets: Map<string, Target[]>
}

/** Makes the operators of one subtask, with what stands around each: its context, counters, errors and promises. */
export class OperatorBuilder {
  readonly all: Draft[] = []
  /** The operators with state, but for combiners: these keep nothing over a barrier. */
  readonly cuts: OperatorCut[] = []
  readonly registries: MetricRegistry[] = []
  /** By operator: as if a call with `value` had returned `result`. Known once the chain is compiled. */
  readonly after: ((result: unknown, value: unknown) => void)[] = []
  source: PartitionedSource<unknown, unknown> | undefined
  readonly #site: TaskSite
  readonly #wake: () => void
  readonly #indexOf = new Map<number, number>()

  /** @param wake - has the subtask go on */
  constructor(site: TaskSite, wake: () => void) {
    this.#site = site
    this.#wake = wake
  }

  /** Adds the operator of a node. */
  add(node: GraphNode): void {
    const { shop, subtask } = this.#site
    const row = shop.memory.counterRow[node.id] + subtask
    const ctx = this.#context(node)
    this.#indexOf.set(node.id, this.all.length)
    const { body } = node
    if (body.type === 'source') {
      this.source = this.#made(node.name, () => body.factory.create(ctx))
      this.#add('source', { call: () => undefined }, ctx, node, row)
    } else {
      const factory = 'factory' in body ? body.factory : undefined
      this.#addOperator(factory ?? forward, ctx, node, row, isCombined(shop.plan, node))
    }
  }

  /** Adds what combines records before they leave: it runs behind the sender, in the receiver's name. */
  addCombiner(exchange: Exchange, factory: OperatorFactory): number {
    const { shop, subtask } = this.#site
    const row = shop.memory.combinerRow[exchange.id]! + subtask
    return this.#addOperator(factory, this.#context(exchange.to), exchange.to, row)
  }

  /** The index of a node's operator. */
  indexOf(node: GraphNode): number {
    return this.#indexOf.get(node.id)!
  }

  /** Says where an output of an operator leads. */
  target(k: number, port: string, target: Target): void {
    const { targets } = this.all[k]
    targets.set(port, [...(targets.get(port) ?? []), target])
  }

  /** The generators of watermarks among them. */
  generators(): WatermarkGenerator[] {
    return this.all.flatMap(({ operator: { watermarks } }) => watermarks ?? [])
  }

  #context({ id, name, inputs }: GraphNode): TaskContext {
    const { facilities, userMetrics } = this.#site.shop
    const subtask = this.#site.subtask
    const metrics = new MetricRegistry(
      name,
      (kind, metric) => userMetrics.add(kind, metric, { node: id, subtask, operator: name }),
      facilities.logger,
    )
    this.registries.push(metrics)
    const place: TaskPlace = {
      name,
      subtask,
      parallelism: this.#site.chain.parallelism,
      keyed: isKeyed(inputs),
      broadcastInputs: broadcastInputs(inputs),
      maxParallelism: this.#site.shop.maxParallelism,
    }
    return new TaskContext(place, this.#site.state.scope, facilities, this.#wake, metrics)
  }

  #addOperator(
    factory: OperatorFactory,
    ctx: TaskContext,
    node: GraphNode,
    row: number,
    combined = false,
  ): number {
    const out = new ChainCollector()
    const policy = resolveErrorPolicy(node.errors ?? this.#site.shop.defaultErrors)
    const counters = rowOf(this.#site, row)
    const countDropped = (count = 1): void => {
      counters[COUNTER.dropped] += count
    }
    const { scope } = this.#site.state
    const made = this.#made(node.name, () =>
      factory.create({
        ctx,
        scope,
        out,
        keyed: ctx.keyed,
        combined,
        countDropped,
        checkpointed: this.#site.shop.checkpoints !== undefined,
        ...(node.uid !== undefined && { uid: node.uid }),
      }),
    )
    const operator =
      factory.shape === 'process' && !endsJob(policy, node)
        ? retryable(made, this.#site.state.scope)
        : made
    // A combiner keeps nothing over a barrier.
    if (this.#site.chain.nodes.includes(node)) {
      const { keyed, broadcast } = ctx
      this.cuts.push({ node, operator, keyed, broadcast })
    }
    return this.#add(factory.shape, operator, ctx, node, row, out, factory)
  }

  /** Users' constructors run here. */
  #made<T>(name: string, create: () => T): T {
    try {
      return create()
    } catch (error) {
      throw asStreamError(error, name, this.#site.subtask)
    }
  }

  #add(
    shape: OperatorShape | 'source',
    operator: Operator,
    ctx: TaskContext,
    node: GraphNode,
    row: number,
    out = new ChainCollector(),
    factory: Partial<OperatorFactory> = {},
  ): number {
    const k = this.all.length
    const { defaultErrors } = this.#site.shop
    const counters = rowOf(this.#site, row)
    const policy = resolveErrorPolicy(node.errors ?? defaultErrors)
    const errors = this.#errorGate(k, node, policy, counters, out, operator, ctx)
    const awaits = shape === 'sink' || shape === 'async'
    const gate = awaits
      ? this.#promiseGate(k, factory, { name: node.name, policy, counters, errors })
      : undefined
    const holds = shape !== 'async' && policy.retries > 0 && policy.backoffMs > 0
    const reading = viewReadingOf(node)
    const inputs = broadcastInputs(node.inputs)
    this.all.push({
      name: node.name,
      shape,
      operator,
      ctx,
      counters,
      out,
      errors,
      holds,
      gate,
      reading,
      broadcast: inputs.size > 0 ? { inputs, states: ctx.broadcast } : undefined,
      targets: new Map(),
    })
    return k
  }

  #errorGate(
    k: number,
    node: GraphNode,
    policy: ReturnType<typeof resolveErrorPolicy>,
    counters: Float64Array,
    out: ChainCollector,
    operator: Operator,
    ctx: TaskContext,
  ): ErrorGate {
    const { nowMs, deadLetter } = this.#site.shop
    return new ErrorGate({
      name: node.name,
      subtask: this.#site.subtask,
      policy,
      handling: node.handling,
      threshold: node.handling?.threshold && new ErrorThreshold(node.handling.threshold, ctx),
      counters,
      scope: this.#site.state.scope,
      state: this.#site.state,
      nowMs,
      failedAt: () => operator.failedAt?.(),
      invoke: (value, input) => this.#invoke(k, value, input),
      again: (value, input) => this.#again(k, value, input),
      after: (result, value) => this.after[k](result, value),
      deadLetter: (letter) => {
        const gathered = this.all[k].operator.gathered?.() ?? letter.value
        const port = out.ports.get('dead-letters') ?? deadLetter
        port({ ...letter, value: gathered })
      },
    })
  }

  /** Of a sink nothing leaves, so that nothing need wait for what comes before it. */
  #promiseGate(
    k: number,
    factory: Partial<OperatorFactory>,
    parts: Pick<GatedCalls, 'name' | 'policy' | 'counters' | 'errors'>,
  ): PromiseGate {
    const { facilities, nowMs } = this.#site.shop
    const emits = factory.shape === 'async'
    const {
      capacity = 1,
      ordered = true,
      timeoutMs = Number.POSITIVE_INFINITY,
      retries = 0,
    } = factory
    return new PromiseGate({
      ...parts,
      capacity,
      order: emits && ordered ? new InOrder() : new AsSettled(emits),
      timeoutMs,
      retries,
      scope: this.#site.state.scope,
      state: this.#site.state,
      invoke: (value, input) => this.#invoke(k, value, input),
      emit: emits ? (result, value) => this.after[k](result, value) : () => {},
      wake: facilities.wake,
      nowMs,
    })
  }

  /** The call of a retry, with the checks that compiled text makes. */
  #invoke(k: number, value: unknown, input: number): unknown {
    const { shape, operator, ctx, out, broadcast } = this.all[k]
    if (broadcast === undefined) return checked(shape, callOf(operator, input)(value, ctx, out))
    broadcast.states.writable = broadcast.inputs.has(input)
    try {
      return checked(shape, callOf(operator, input)(value, ctx, out))
    } finally {
      broadcast.states.writable = false
    }
  }

  #again(k: number, value: unknown, input: number): unknown {
    const { shape, operator } = this.all[k]
    return operator.again === undefined
      ? this.#invoke(k, value, input)
      : checked(shape, operator.again(value, input))
  }
}

/** Whether partial results come to a node, of a combiner. */
export function isCombined({ exchanges }: Plan, node: GraphNode): boolean {
  return exchanges.some(({ to, combiner }) => to === node && combiner !== undefined)
}

const forward: OperatorFactory = {
  shape: 'forward',
  functions: [],
  create: () => ({ call: () => undefined }),
}

/**
 * Whether keyed state may be kept: records that come to all subtasks stand beside those of a keyed stream, but have no state
 * per key, and may have no key that could pass for one.
 */
function isKeyed(inputs: readonly GraphEdge[]): boolean {
  const byKey = inputs.filter(({ keying }) => keying !== undefined)
  const others = inputs.filter(({ keying }) => keying === undefined)
  return (
    byKey.length > 0 &&
    others.every(({ partitioning, keyed }) => partitioning.type === 'broadcast' && !keyed)
  )
}

function broadcastInputs(inputs: readonly GraphEdge[]): ReadonlySet<number> {
  const broadcast = inputs.filter(({ partitioning }) => partitioning.type === 'broadcast')
  return new Set(broadcast.map(({ input }) => input))
}

/** Whether the first failure ends the job: then nothing that a failed call has emitted is of any account. */
function endsJob({ retries, then }: ResolvedErrorPolicy, { handling }: GraphNode): boolean {
  return retries === 0 && then === 'fail' && handling?.onError === undefined
}

function callOf(operator: Operator, input: number) {
  return typeof operator.call === 'function' ? operator.call : operator.call[input]
}
