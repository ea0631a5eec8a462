import type { RecordCodec } from '../../codec/record-codec.ts'
import { emptyScope } from '../../operators/contract/operator.ts'
import type { PartitionedSource } from '../../operators/contract/source.ts'
import { codecOf } from '../channel/exchange-frames.ts'
import type { InputChannel } from '../channel/input-channel.ts'
import type { OutputPort } from '../channel/output-port.ts'
import type { GraphNode } from '../graph/node.ts'
import type { Chain, Exchange } from '../graph/plan.ts'
import { TaskMetrics } from '../metrics/task-metrics.ts'
import { Doorbell } from '../ring/doorbell.ts'
import { compileChain } from './chain-compiler.ts'
import type { ChainEntry, ChainState, EntryViews, Target } from './chain-model.ts'
import { ChainTime } from './chain-time.ts'
import { FeedbackLoop } from './feedback-loop.ts'
import type { WayIn } from './in-flight.ts'
import { LoopMember } from './loop-member.ts'
import { LoopWords } from './loop-words.ts'
import { isCombined, OperatorBuilder } from './operator-builder.ts'
import { inputChannels, outputPort } from './ring-ends.ts'
import { SourceDriver } from './source-driver.ts'
import { Task } from './task.ts'
import type { TaskCut } from './task-cut.ts'
import type { TaskInput } from './task-input.ts'
import { TimedNode } from './timed-node.ts'
import { rowOf, type TaskSite, type Workshop } from './workshop.ts'

/** Builds one subtask of a chain: its operators, its ends of the rings, and the function they compile into. */
export function buildTask(shop: Workshop, chain: Chain, subtask: number): Task {
  return new TaskBuilder(shop, chain, subtask).build()
}

class TaskBuilder {
  readonly #site: TaskSite
  readonly #member: LoopMember | undefined
  readonly #operators: OperatorBuilder
  readonly #outputs: OutputPort[] = []
  /** Those that lead to other subtasks of its loop. */
  readonly #loopOutputs: OutputPort[] = []
  readonly #entries: ChainEntry[] = []
  readonly #inputs: (TaskInput & { readonly follows: boolean })[] = []
  readonly #restored: { way: WayIn; entry: number }[] = []
  /** What the main thread pushes into, by node id. */
  readonly #pushed = new Map<number, InputChannel>()
  #source: SourceDriver | undefined
  readonly #timed: TimedNode[] = []

  constructor(shop: Workshop, chain: Chain, subtask: number) {
    const state: ChainState = {
      scope: emptyScope(),
      pressed: false,
      time: undefined,
      late: chain.loop === undefined ? undefined : false,
      fatal: undefined,
    }
    this.#site = { shop, chain, subtask, state }
    this.#operators = new OperatorBuilder(this.#site, () => this.#wake())
    this.#member = chain.loop === undefined ? undefined : this.#memberOf(chain.loop)
  }

  build(): Task {
    const { shop, chain, subtask, state } = this.#site
    const operators = this.#operators
    for (const node of chain.nodes) operators.add(node)
    this.#connect()
    this.#enter()
    if (operators.source !== undefined) this.#source = this.#driver(operators.source)
    const time = this.#time()
    state.time = time
    const { id, strict, nowMs, facilities, memory } = shop
    const name = `${id}-${chain.id}-${subtask}`
    const compiled = compileChain(name, operators.all, this.#entries, state, strict)
    operators.after.push(...compiled.after)
    return new Task({
      name,
      subtask,
      chain: compiled,
      state,
      time,
      timed: this.#hasTime(),
      clock: facilities.clock,
      generators: operators.generators(),
      operators: operators.all,
      inputs: this.#inputs,
      restored: this.#restored,
      source: this.#source,
      outputs: this.#outputs,
      loop: this.#loop(),
      checkpoints: shop.checkpoints,
      cut: () => this.#cut(),
      metrics: new TaskMetrics(
        rowOf(this.#site, memory.timeRow[chain.id] + subtask),
        operators.registries,
      ),
      nowMs,
      wake: facilities.wake,
    })
  }

  // --- feedback loops ------------------------------------------------------------------------

  /** The members of a loop are the subtasks of its chains, in the order of the plan. */
  #memberOf(loop: number): LoopMember {
    const { shop, chain: own, subtask } = this.#site
    const { plan, memory, arena } = shop
    const chains = plan.chains.filter((chain) => chain.loop === loop)
    const count = (some: readonly Chain[]) =>
      some.reduce((sum, { parallelism }) => sum + parallelism, 0)
    const before = count(chains.slice(0, chains.indexOf(own)))
    const threads = new Set(chains.flatMap((chain) => chain.threads))
    return new LoopMember(
      new LoopWords(arena, memory.loopOffset[loop], count(chains)),
      before + subtask,
      [...threads].map((thread) => new Doorbell(arena, memory.doorbell(thread))),
    )
  }

  #loop(): FeedbackLoop | undefined {
    const member = this.#member
    return member && new FeedbackLoop(member, this.#inputs, this.#loopOutputs)
  }

  /** Whether an exchange leads from one chain of this chain's loop to another. */
  #isWithin({ fromChain, toChain }: Exchange): boolean {
    const { loop } = this.#site.chain
    return loop !== undefined && fromChain?.loop === loop && toChain?.loop === loop
  }

  #driver(source: PartitionedSource<unknown, unknown>): SourceDriver {
    const { shop, chain, subtask } = this.#site
    const { facilities, nowMs, checkpoints } = shop
    return new SourceDriver(
      source,
      shop.claim(chain.nodes[0], subtask),
      { wake: facilities.wake, now: nowMs, keepsPositions: checkpoints !== undefined },
      facilities.clock,
      this.#operators.generators(),
    )
  }

  #cut(): Omit<TaskCut, 'inFlight'> {
    const { chain, subtask } = this.#site
    const { id, parallelism, nodes } = chain
    const source =
      this.#source === undefined ? undefined : { node: nodes[0], positions: this.#source.positions }
    const pushed = new Map(
      [...this.#pushed].map(([node, { recordsTaken }]) => [node, recordsTaken] as const),
    )
    return {
      chain: id,
      subtask,
      parallelism,
      operators: this.#operators.cuts,
      timed: this.#timed,
      source,
      pushed,
    }
  }

  // --- time ----------------------------------------------------------------------------------

  #time(): ChainTime {
    const domains: number[] = []
    const timed = this.#operators.all.map(({ operator, targets, errors, gate, shape, ctx }, k) => {
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
    const time = new ChainTime(this.#site.state.scope, this.#timedChannels(), timed)
    for (const node of this.#hasTime() ? this.#site.chain.nodes : []) {
      const { operator, domain } = timed[this.#operators.indexOf(node)]
      const hears = operator.onWatermark !== undefined && domain === -1
      if (hears || operator.watermarks !== undefined)
        this.#timed.push(new TimedNode(node, operator, hears ? time : undefined))
    }
    return time
  }

  /** Whether watermarks come in or are made here. */
  #hasTime(): boolean {
    return (
      this.#entries.some(({ timestamps }) => timestamps === 'with-watermarks') ||
      this.#operators.generators().length > 0
    )
  }

  /** Where records of a loop meet those of its ordinary inputs, the latter tell the time. */
  #timedChannels(): InputChannel[] {
    const ordinary = this.#inputs.filter(({ follows }) => !follows)
    return (ordinary.length > 0 ? ordinary : this.#inputs).map(({ channel }) => channel)
  }

  #wake(): void {
    if (this.#source === undefined) this.#site.shop.facilities.wake()
    else this.#source.awaken()
  }

  // --- where outputs lead --------------------------------------------------------------------

  #connect(): void {
    const { shop, chain } = this.#site
    const { plan, strict } = shop
    for (const node of chain.nodes) {
      for (const { edge, to } of plan.fused.get(node.id) ?? []) {
        const k = this.#operators.indexOf(to)
        const dropsKey = carriesKey(node) && !edge.keyed
        const guarded = strict && this.#operators.all[k].reading !== undefined
        const guard = guarded ? edge.codec.views?.guard : undefined
        this.#operators.target(this.#operators.indexOf(node), edge.port, {
          type: 'call',
          to: k,
          input: edge.input,
          dropsKey,
          checked: edge.exchange,
          guard,
        })
      }
    }
    for (const exchange of plan.exchanges) if (exchange.fromChain === chain) this.#send(exchange)
  }

  #send(exchange: Exchange): void {
    const operators = this.#operators
    const port = outputPort(this.#site, exchange, this.#member)
    this.#outputs.push(port)
    if (this.#isWithin(exchange)) this.#loopOutputs.push(port)
    const send: Target = { type: 'send', port }
    const from = operators.indexOf(exchange.from)
    if (exchange.combiner === undefined) {
      operators.target(from, exchange.edge?.port ?? 'main', send)
      return
    }
    const to = operators.addCombiner(exchange, exchange.combiner)
    operators.target(to, 'main', send)
    operators.target(from, exchange.edge!.port, {
      type: 'call',
      to,
      input: 0,
      dropsKey: false,
      checked: false,
    })
  }

  // --- ways in -------------------------------------------------------------------------------

  #enter(): void {
    const { shop, chain } = this.#site
    const first = chain.nodes[0]
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
    for (const exchange of shop.plan.exchanges)
      if (exchange.toChain === chain) this.#receive(exchange)
    for (const node of chain.nodes) if (shop.givesBack(node)) this.#takeBack(node)
  }

  /** Ways in for what a checkpoint gives back: over edges that are fused here and now, too. */
  #takeBack(node: GraphNode): void {
    const { plan } = this.#site.shop
    const to = this.#operators.indexOf(node)
    const add = (edge: number, entry: Pick<ChainEntry, 'input' | 'keyed' | 'timestamps'>): void => {
      const { keyed, timestamps } = entry
      const timed = { keyed, timestamped: timestamps !== undefined }
      const way = { node, edge, combined: isCombined(plan, node), ...timed }
      this.#restored.push({ way, entry: this.#entries.length })
      this.#entries.push({ ...entry, to, asked: false, sharesRecords: false })
    }
    if (node.body.type === 'input') add(-1, { input: 0, keyed: false, timestamps: undefined })
    for (const [i, { input, keyed, from }] of node.inputs.entries())
      add(i, { input, keyed, timestamps: plan.timestamped[from.id] ? 'alone' : undefined })
  }

  #receive(exchange: Exchange): void {
    const { plan } = this.#site.shop
    const entry = this.#entries.length
    const to = this.#operators.indexOf(exchange.to)
    const views = this.#viewsOf(codecOf(exchange), to)
    const keyed = exchange.edge?.keyed ?? false
    const timestamped = exchange.fromChain !== undefined && plan.timestamped[exchange.from.id]
    this.#entries.push({
      to,
      input: exchange.edge?.input ?? 0,
      keyed,
      timestamps: timestamped ? 'with-watermarks' : undefined,
      asked: plan.asked[exchange.from.id],
      sharesRecords: false,
      views,
    })
    for (const channel of inputChannels(this.#site, exchange, views, this.#member)) {
      if (exchange.fromChain === undefined) this.#pushed.set(exchange.to.id, channel)
      this.#inputs.push({
        channel,
        entry,
        fromMain: exchange.fromChain === undefined,
        way: {
          keyed,
          timestamped,
          node: exchange.to,
          edge: exchange.edge === undefined ? -1 : exchange.to.inputs.indexOf(exchange.edge),
          combined: exchange.combiner !== undefined,
        },
        inPlace: views?.type === 'in-place',
        timestamped,
        loop: exchange.feedback ? 'round' : this.#isWithin(exchange) ? 'within' : undefined,
        follows: plan.loops.follows[exchange.from.id] && !exchange.feedback,
      })
    }
  }

  #viewsOf({ views }: RecordCodec, to: number): EntryViews | undefined {
    if (views === undefined || this.#operators.all[to].reading === undefined) return undefined
    if (this.#site.shop.strict) return { type: 'guarded', guard: views.guard }
    return { type: 'in-place', cursor: views.createCursor() }
  }
}

/** Whether a record at this node may have a key. */
function carriesKey(node: GraphNode): boolean {
  return node.kind === 'keyBy' || node.inputs.some(({ keyed }) => keyed)
}
