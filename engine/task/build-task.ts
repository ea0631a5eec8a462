import type { RecordCodec } from '../../codec/record-codec.ts'
import {
  type DeadLetter,
  type ErrorPolicy,
  type ResolvedErrorPolicy,
  resolveErrorPolicy,
} from '../../operators/contract/error-policy.ts'
import { MetricRegistry } from '../../operators/contract/metric-registry.ts'
import {
  emptyScope,
  type Operator,
  type OperatorFactory,
  type OperatorShape,
  type WatermarkGenerator,
} from '../../operators/contract/operator.ts'
import type { PartitionedSource } from '../../operators/contract/source.ts'
import { codecOf, frameOptions } from '../channel/exchange-frames.ts'
import { InputChannel } from '../channel/input-channel.ts'
import { OutputChannel } from '../channel/output-channel.ts'
import { OutputPort, routingTable } from '../channel/output-port.ts'
import type { MemoryPlan } from '../graph/memory-plan.ts'
import type { GraphEdge, GraphNode } from '../graph/node.ts'
import type { Chain, Exchange, Plan } from '../graph/plan.ts'
import { COUNTER, counterRow } from '../metrics/counters.ts'
import { TaskMetrics } from '../metrics/task-metrics.ts'
import type { UserMetricsMemory } from '../metrics/user-metrics-memory.ts'
import type { Arena } from '../ring/arena.ts'
import { Doorbell } from '../ring/doorbell.ts'
import { RingReader } from '../ring/reader.ts'
import { RingWriter } from '../ring/writer.ts'
import { checked } from './call-results.ts'
import { compileChain } from './chain-compiler.ts'
import {
  ChainCollector,
  type ChainEntry,
  type ChainOperator,
  type ChainState,
  type EntryViews,
  type Target,
} from './chain-model.ts'
import { ChainTime } from './chain-time.ts'
import { asStreamError, ErrorGate } from './error-gate.ts'
import { ErrorThreshold } from './error-threshold.ts'
import { FeedbackLoop } from './feedback-loop.ts'
import { AsSettled, InOrder } from './flight.ts'
import type { WayIn } from './in-flight.ts'
import { LoopMember } from './loop-member.ts'
import { LoopWords } from './loop-words.ts'
import { type GatedCalls, PromiseGate } from './promise-gate.ts'
import { retryable } from './retryable.ts'
import { type PartitionClaim, SourceDriver } from './source-driver.ts'
import { Task } from './task.ts'
import { TaskContext, type TaskPlace, type ThreadFacilities } from './task-context.ts'
import type { CheckpointTaker, OperatorCut, TaskCut } from './task-cut.ts'
import type { TaskInput } from './task-input.ts'
import { TimedNode } from './timed-node.ts'
import { viewReadingOf } from './view-reading.ts'

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

/** Builds one subtask of a chain: its operators, its ends of the rings, and the function they compile into. */
export function buildTask(shop: Workshop, chain: Chain, subtask: number): Task {
  return new TaskBuilder(shop, chain, subtask).build()
}

interface Draft extends ChainOperator {
  readonly ctx: TaskContext
  readonly targets: Map<string, Target[]>
}

class TaskBuilder {
  readonly #shop: Workshop
  readonly #chain: Chain
  readonly #subtask: number
  readonly #state: ChainState
  readonly #member: LoopMember | undefined
  readonly #operators: Draft[] = []
  /** The operators with state, but for combiners: these keep nothing over a barrier. */
  readonly #cuts: OperatorCut[] = []
  readonly #timed: TimedNode[] = []
  readonly #indexOf = new Map<number, number>()
  readonly #after: ((result: unknown, value: unknown) => void)[] = []
  readonly #outputs: OutputPort[] = []
  /** Those that lead to other subtasks of its loop. */
  readonly #loopOutputs: OutputPort[] = []
  readonly #entries: ChainEntry[] = []
  readonly #inputs: (TaskInput & { readonly follows: boolean })[] = []
  readonly #restored: { way: WayIn; entry: number }[] = []
  /** What the main thread pushes into, by node id. */
  readonly #pushed = new Map<number, InputChannel>()
  readonly #registries: MetricRegistry[] = []
  #source: SourceDriver | undefined
  #partitioned: PartitionedSource<unknown, unknown> | undefined

  constructor(shop: Workshop, chain: Chain, subtask: number) {
    this.#shop = shop
    this.#chain = chain
    this.#subtask = subtask
    this.#state = {
      scope: emptyScope(),
      pressed: false,
      time: undefined,
      late: chain.loop === undefined ? undefined : false,
      fatal: undefined,
    }
    this.#member = chain.loop === undefined ? undefined : this.#memberOf(chain.loop)
  }

  build(): Task {
    for (const node of this.#chain.nodes) this.#addNode(node)
    this.#connect()
    this.#enter()
    if (this.#partitioned !== undefined) this.#drive(this.#chain.nodes[0], this.#partitioned)
    const time = this.#time()
    this.#state.time = time
    const { id, strict, nowMs, facilities, memory } = this.#shop
    const name = `${id}-${this.#chain.id}-${this.#subtask}`
    const chain = compileChain(name, this.#operators, this.#entries, this.#state, strict)
    this.#after.push(...chain.after)
    return new Task({
      name,
      subtask: this.#subtask,
      chain,
      state: this.#state,
      time,
      timed: this.#hasTime(),
      clock: facilities.clock,
      generators: this.#generators(),
      operators: this.#operators,
      inputs: this.#inputs,
      restored: this.#restored,
      source: this.#source,
      outputs: this.#outputs,
      loop: this.#loop(),
      checkpoints: this.#shop.checkpoints,
      cut: () => this.#cut(),
      metrics: new TaskMetrics(
        this.#row(memory.timeRow[this.#chain.id] + this.#subtask),
        this.#registries,
      ),
      nowMs,
      wake: facilities.wake,
    })
  }

  // --- feedback loops ------------------------------------------------------------------------

  /** The members of a loop are the subtasks of its chains, in the order of the plan. */
  #memberOf(loop: number): LoopMember {
    const { plan, memory, arena } = this.#shop
    const chains = plan.chains.filter((chain) => chain.loop === loop)
    const count = (some: readonly Chain[]) =>
      some.reduce((sum, { parallelism }) => sum + parallelism, 0)
    const before = count(chains.slice(0, chains.indexOf(this.#chain)))
    const threads = new Set(chains.flatMap((chain) => chain.threads))
    return new LoopMember(
      new LoopWords(arena, memory.loopOffset[loop], count(chains)),
      before + this.#subtask,
      [...threads].map((thread) => new Doorbell(arena, memory.doorbell(thread))),
    )
  }

  #loop(): FeedbackLoop | undefined {
    const member = this.#member
    return member && new FeedbackLoop(member, this.#inputs, this.#loopOutputs)
  }

  /** Whether an exchange leads from one chain of this chain's loop to another. */
  #isWithin({ fromChain, toChain }: Exchange): boolean {
    const { loop } = this.#chain
    return loop !== undefined && fromChain?.loop === loop && toChain?.loop === loop
  }

  // --- operators -----------------------------------------------------------------------------

  #addNode(node: GraphNode): void {
    const row = this.#shop.memory.counterRow[node.id] + this.#subtask
    const ctx = this.#context(node)
    this.#indexOf.set(node.id, this.#operators.length)
    const { body } = node
    if (body.type === 'source') {
      this.#partitioned = this.#made(node.name, () => body.factory.create(ctx))
      this.#add('source', { call: () => undefined }, ctx, node, row)
    } else {
      const factory = 'factory' in body ? body.factory : undefined
      this.#addOperator(factory ?? forward, ctx, node, row, this.#isCombined(node))
    }
  }

  #context({ id, name, inputs }: GraphNode): TaskContext {
    const { facilities, userMetrics } = this.#shop
    const subtask = this.#subtask
    const metrics = new MetricRegistry(
      name,
      (kind, metric) => userMetrics.add(kind, metric, { node: id, subtask, operator: name }),
      facilities.logger,
    )
    this.#registries.push(metrics)
    const place: TaskPlace = {
      name,
      subtask,
      parallelism: this.#chain.parallelism,
      keyed: isKeyed(inputs),
      broadcastInputs: broadcastInputs(inputs),
      maxParallelism: this.#shop.maxParallelism,
    }
    return new TaskContext(place, this.#state.scope, facilities, () => this.#wake(), metrics)
  }

  #row(row: number): Float64Array {
    return counterRow(this.#shop.arena, this.#shop.memory.counterOffset, row)
  }

  #addOperator(
    factory: OperatorFactory,
    ctx: TaskContext,
    node: GraphNode,
    row: number,
    combined = false,
  ): number {
    const out = new ChainCollector()
    const policy = resolveErrorPolicy(node.errors ?? this.#shop.defaultErrors)
    const counters = this.#row(row)
    const countDropped = (count = 1): void => {
      counters[COUNTER.dropped] += count
    }
    const { scope } = this.#state
    const made = this.#made(node.name, () =>
      factory.create({
        ctx,
        scope,
        out,
        keyed: ctx.keyed,
        combined,
        countDropped,
        checkpointed: this.#shop.checkpoints !== undefined,
      }),
    )
    const operator =
      factory.shape === 'process' && !endsJob(policy, node)
        ? retryable(made, this.#state.scope)
        : made
    // A combiner keeps nothing over a barrier.
    if (this.#chain.nodes.includes(node)) {
      const { keyed, broadcast } = ctx
      this.#cuts.push({ node, operator, keyed, broadcast })
    }
    return this.#add(factory.shape, operator, ctx, node, row, out, factory)
  }

  /** Users' constructors run here. */
  #made<T>(name: string, create: () => T): T {
    try {
      return create()
    } catch (error) {
      throw asStreamError(error, name, this.#subtask)
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
    const k = this.#operators.length
    const { defaultErrors } = this.#shop
    const counters = this.#row(row)
    const policy = resolveErrorPolicy(node.errors ?? defaultErrors)
    const errors = this.#errorGate(k, node, policy, counters, out, operator, ctx)
    const awaits = shape === 'sink' || shape === 'async'
    const gate = awaits
      ? this.#promiseGate(k, factory, { name: node.name, policy, counters, errors })
      : undefined
    const holds = shape !== 'async' && policy.retries > 0 && policy.backoffMs > 0
    const reading = viewReadingOf(node)
    const inputs = broadcastInputs(node.inputs)
    this.#operators.push({
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
    const { nowMs, deadLetter } = this.#shop
    return new ErrorGate({
      name: node.name,
      subtask: this.#subtask,
      policy,
      handling: node.handling,
      threshold: node.handling?.threshold && new ErrorThreshold(node.handling.threshold, ctx),
      counters,
      scope: this.#state.scope,
      state: this.#state,
      nowMs,
      failedAt: () => operator.failedAt?.(),
      invoke: (value, input) => this.#invoke(k, value, input),
      again: (value, input) => this.#again(k, value, input),
      after: (result, value) => this.#after[k](result, value),
      deadLetter: (letter) => {
        const gathered = this.#operators[k].operator.gathered?.() ?? letter.value
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
    const { facilities, nowMs } = this.#shop
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
      scope: this.#state.scope,
      state: this.#state,
      invoke: (value, input) => this.#invoke(k, value, input),
      emit: emits ? (result, value) => this.#after[k](result, value) : () => {},
      wake: facilities.wake,
      nowMs,
    })
  }

  /** The call of a retry, with the checks that compiled text makes. */
  #invoke(k: number, value: unknown, input: number): unknown {
    const { shape, operator, ctx, out, broadcast } = this.#operators[k]
    if (broadcast === undefined) return checked(shape, callOf(operator, input)(value, ctx, out))
    broadcast.states.writable = broadcast.inputs.has(input)
    try {
      return checked(shape, callOf(operator, input)(value, ctx, out))
    } finally {
      broadcast.states.writable = false
    }
  }

  #again(k: number, value: unknown, input: number): unknown {
    const { shape, operator } = this.#operators[k]
    return operator.again === undefined
      ? this.#invoke(k, value, input)
      : checked(shape, operator.again(value, input))
  }

  #drive(node: GraphNode, source: PartitionedSource<unknown, unknown>): void {
    const { facilities, nowMs, checkpoints } = this.#shop
    this.#source = new SourceDriver(
      source,
      this.#shop.claim(node, this.#subtask),
      { wake: facilities.wake, now: nowMs, keepsPositions: checkpoints !== undefined },
      facilities.clock,
      this.#generators(),
    )
  }

  #cut(): Omit<TaskCut, 'inFlight'> {
    const [first] = this.#chain.nodes
    const source =
      this.#source === undefined ? undefined : { node: first, positions: this.#source.positions }
    const pushed = new Map(
      [...this.#pushed].map(([node, { recordsTaken }]) => [node, recordsTaken] as const),
    )
    const { id, parallelism } = this.#chain
    return {
      chain: id,
      subtask: this.#subtask,
      parallelism,
      operators: this.#cuts,
      timed: this.#timed,
      source,
      pushed,
    }
  }

  // --- time ----------------------------------------------------------------------------------

  /** Whether watermarks come in or are made here. */
  #hasTime(): boolean {
    return (
      this.#entries.some(({ timestamps }) => timestamps === 'with-watermarks') ||
      this.#generators().length > 0
    )
  }

  #generators(): WatermarkGenerator[] {
    return this.#operators.flatMap(({ operator: { watermarks } }) => watermarks ?? [])
  }

  #time(): ChainTime {
    const domains: number[] = []
    const timed = this.#operators.map(({ operator, targets, errors, gate, shape, ctx }, k) => {
      const { keyed } = ctx
      const holding = shape === 'async' ? gate : undefined
      const own = operator.watermarks !== undefined || holding !== undefined
      const domain = domains[k] ?? -1
      const ports: OutputPort[] = []
      for (const target of [...targets.values()].flat()) {
        if (target.type === 'send') ports.push(target.port)
        else domains[target.to] = own ? k : domain
      }
      return { operator, errors, ports, domain, holding, keyed }
    })
    const time = new ChainTime(this.#state.scope, this.#timedChannels(), timed)
    for (const node of this.#hasTime() ? this.#chain.nodes : []) {
      const { operator, domain } = timed[this.#indexOf.get(node.id)!]
      const hears = operator.onWatermark !== undefined && domain === -1
      if (hears || operator.watermarks !== undefined)
        this.#timed.push(new TimedNode(node, operator, hears ? time : undefined))
    }
    return time
  }

  /** Where records of a loop meet those of its ordinary inputs, the latter tell the time. */
  #timedChannels(): InputChannel[] {
    const ordinary = this.#inputs.filter(({ follows }) => !follows)
    return (ordinary.length > 0 ? ordinary : this.#inputs).map(({ channel }) => channel)
  }

  #wake(): void {
    if (this.#source === undefined) this.#shop.facilities.wake()
    else this.#source.awaken()
  }

  // --- where outputs lead --------------------------------------------------------------------

  #connect(): void {
    const { plan } = this.#shop
    for (const node of this.#chain.nodes) {
      for (const { edge, to } of plan.fused.get(node.id) ?? []) {
        const k = this.#indexOf.get(to.id)!
        const dropsKey = carriesKey(node) && !edge.keyed
        const guarded = this.#shop.strict && this.#operators[k].reading !== undefined
        const guard = guarded ? edge.codec.views?.guard : undefined
        this.#target(node, edge.port, {
          type: 'call',
          to: k,
          input: edge.input,
          dropsKey,
          checked: edge.exchange,
          guard,
        })
      }
    }
    for (const exchange of plan.exchanges)
      if (exchange.fromChain === this.#chain) this.#send(exchange)
  }

  #target(from: GraphNode, port: string, target: Target): void {
    const { targets } = this.#operators[this.#indexOf.get(from.id)!]
    targets.set(port, [...(targets.get(port) ?? []), target])
  }

  #send(exchange: Exchange): void {
    const port = this.#port(exchange)
    this.#outputs.push(port)
    if (this.#isWithin(exchange)) this.#loopOutputs.push(port)
    const send: Target = { type: 'send', port }
    if (exchange.combiner === undefined) {
      this.#target(exchange.from, exchange.edge?.port ?? 'main', send)
      return
    }
    const k = this.#addCombiner(exchange, exchange.combiner)
    this.#operators[k].targets.set('main', [send])
    this.#target(exchange.from, exchange.edge!.port, {
      type: 'call',
      to: k,
      input: 0,
      dropsKey: false,
      checked: false,
    })
  }

  #isCombined(node: GraphNode): boolean {
    return this.#shop.plan.exchanges.some(
      ({ to, combiner }) => to === node && combiner !== undefined,
    )
  }

  /** Runs behind the sender, in the receiver's name. */
  #addCombiner(exchange: Exchange, factory: OperatorFactory): number {
    const row = this.#shop.memory.combinerRow[exchange.id]! + this.#subtask
    return this.#addOperator(factory, this.#context(exchange.to), exchange.to, row)
  }

  #port(exchange: Exchange): OutputPort {
    const { memory, maxParallelism } = this.#shop
    const receivers = exchange.pairwise
      ? [this.#subtask]
      : Array.from({ length: exchange.receivers }, (_, i) => i)
    const channels = receivers.map((receiver) => {
      const offset = memory.ring(exchange.id, this.#subtask, receiver)
      const writer = codecOf(exchange).createWriter(frameOptions(exchange, memory, this.#shop.plan))
      return new OutputChannel(
        writer,
        new RingWriter(this.#shop.arena, offset),
        this.#receiverBell(exchange, receiver),
        this.#row(memory.linkRow(exchange.id, this.#subtask, receiver)),
        exchange.edge?.backpressure,
        exchange.feedback ? this.#member!.spill : undefined,
      )
    })
    const routing = routingTable(maxParallelism, exchange.receivers)
    return new OutputPort(channels, exchange.partitioning, this.#state.scope, routing)
  }

  #receiverBell(exchange: Exchange, receiver: number): Doorbell {
    const { memory, arena } = this.#shop
    const thread = exchange.toChain?.threads[receiver]
    return new Doorbell(arena, thread === undefined ? memory.mainDoorbell : memory.doorbell(thread))
  }

  // --- ways in -------------------------------------------------------------------------------

  #enter(): void {
    const first = this.#chain.nodes[0]
    if (first.body.type === 'source') {
      this.#entries.push({
        to: 0,
        input: 0,
        keyed: false,
        timestamps: first.body.factory.stamps === true ? 'alone' : undefined,
        asked: false,
        sharesRecords: first.body.factory.sharesRecords,
      })
    }
    for (const exchange of this.#shop.plan.exchanges)
      if (exchange.toChain === this.#chain) this.#receive(exchange)
    for (const node of this.#chain.nodes) if (this.#shop.givesBack(node)) this.#takeBack(node)
  }

  /** Ways in for what a checkpoint gives back: over edges that are fused here and now, too. */
  #takeBack(node: GraphNode): void {
    const { timestamped } = this.#shop.plan
    const to = this.#indexOf.get(node.id)!
    const add = (edge: number, entry: Pick<ChainEntry, 'input' | 'keyed' | 'timestamps'>): void => {
      const { keyed, timestamps } = entry
      const timed = { keyed, timestamped: timestamps !== undefined }
      const way = { node, edge, combined: this.#isCombined(node), ...timed }
      this.#restored.push({ way, entry: this.#entries.length })
      this.#entries.push({ ...entry, to, asked: false, sharesRecords: false })
    }
    if (node.body.type === 'input') add(-1, { input: 0, keyed: false, timestamps: undefined })
    for (const [i, { input, keyed, from }] of node.inputs.entries())
      add(i, { input, keyed, timestamps: timestamped[from.id] ? 'alone' : undefined })
  }

  #receive(exchange: Exchange): void {
    const { memory, arena, plan } = this.#shop
    const entry = this.#entries.length
    const to = this.#indexOf.get(exchange.to.id)!
    const codec = codecOf(exchange)
    const views = this.#viewsOf(codec, to)
    this.#entries.push({
      to,
      input: exchange.edge?.input ?? 0,
      keyed: exchange.edge?.keyed ?? false,
      timestamps:
        exchange.fromChain !== undefined && plan.timestamped[exchange.from.id]
          ? 'with-watermarks'
          : undefined,
      asked: plan.asked[exchange.from.id],
      sharesRecords: false,
      views,
    })
    const inPlace = views?.type === 'in-place'
    const senders = exchange.pairwise
      ? [this.#subtask]
      : Array.from({ length: exchange.senders }, (_, i) => i)
    for (const sender of senders) {
      const ring = new RingReader(arena, memory.ring(exchange.id, sender, this.#subtask))
      const reader = (inPlace ? views.cursor : codec).createReader(
        frameOptions(exchange, memory, this.#shop.plan),
      )
      const thread = exchange.fromChain?.threads[sender]
      const producer = new Doorbell(
        arena,
        thread === undefined ? memory.mainDoorbell : memory.doorbell(thread),
      )
      const channel = new InputChannel(
        ring,
        arena.u8,
        reader,
        producer,
        inPlace,
        this.#row(memory.linkRow(exchange.id, sender, this.#subtask) + 1),
        inPlace ? codec.createReader(frameOptions(exchange, memory, this.#shop.plan)) : reader,
        exchange.feedback ? this.#member!.spill : undefined,
      )
      if (exchange.fromChain === undefined) this.#pushed.set(exchange.to.id, channel)
      this.#inputs.push({
        channel,
        entry,
        fromMain: exchange.fromChain === undefined,
        way: {
          keyed: this.#entries[entry].keyed,
          timestamped: this.#entries[entry].timestamps !== undefined,
          node: exchange.to,
          edge: exchange.edge === undefined ? -1 : exchange.to.inputs.indexOf(exchange.edge),
          combined: exchange.combiner !== undefined,
        },
        inPlace,
        timestamped: this.#entries[entry].timestamps === 'with-watermarks',
        loop: exchange.feedback ? 'round' : this.#isWithin(exchange) ? 'within' : undefined,
        follows: plan.loops.follows[exchange.from.id] && !exchange.feedback,
      })
    }
  }

  #viewsOf({ views }: RecordCodec, to: number): EntryViews | undefined {
    if (views === undefined || this.#operators[to].reading === undefined) return undefined
    if (this.#shop.strict) return { type: 'guarded', guard: views.guard }
    return { type: 'in-place', cursor: views.createCursor() }
  }
}

const forward: OperatorFactory = {
  shape: 'forward',
  functions: [],
  create: () => ({ call: () => undefined }),
}

/** Whether a record at this node may have a key. */
function carriesKey(node: GraphNode): boolean {
  return node.kind === 'keyBy' || node.inputs.some(({ keyed }) => keyed)
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
