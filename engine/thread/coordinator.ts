import { type ErrorData, errorToData, StreamError } from '../../codec/errors.ts'
import type { Clock, RuntimeContext } from '../../operators/contract/context.ts'
import type { Logger } from '../../operators/contract/logger.ts'
import { MetricRegistry, unreadMetrics } from '../../operators/contract/metric-registry.ts'
import { withStores, withStoresInline } from '../../operators/contract/state-site.ts'
import type { Manifest } from '../checkpoint/manifest.ts'
import { describeGraph, firstDifference } from '../graph/fingerprint.ts'
import type { GraphNode } from '../graph/node.ts'
import { planGraph } from '../graph/plan.ts'
import { wrapArena } from '../ring/arena.ts'
import { DOORBELL_BYTES, Doorbell } from '../ring/doorbell.ts'
import { SharedState } from '../state/shared-state.ts'
import { StateMemory } from '../state/state-memory.ts'
import { failed, type ServiceCall, ServiceCalls, type ServiceReply } from '../task/service-calls.ts'
import { ServiceHost } from '../task/services.ts'
import { CheckpointCoordinator } from './checkpoint-coordinator.ts'
import type {
  ControlPort,
  FromMain,
  FromWorker,
  Outcome,
  ResumedFrom,
  ToMain,
  ToWorker,
} from './control.ts'
import type { JobGraph } from './job-site.ts'
import { beating, clockOf, crossingOf, reportingLogger, type ThreadInit } from './job-thread.ts'
import type { Machine } from './machine.ts'
import { describeOperators, type OpenedCheckpoints, openCheckpoints } from './open-checkpoints.ts'
import { PartitionClaims } from './partition-claims.ts'
import { restoreShared } from './shared-state-part.ts'
import { StateNotices } from './state-notices.ts'

/** The lines of a coordinator. */
export interface CoordinatorLines {
  readonly workers: readonly ControlPort<FromWorker, ToWorker>[]
  readonly main: ControlPort<FromMain, ToMain>
}

/** How long a cancelled worker may take to close what it has opened. */
const CANCEL_MS = 5_000

type WorkerState = 'starting' | 'built' | 'opened' | 'through' | 'ended'

/**
 * Decides for a job; touches no record. Holds the services of job scope, which run beside its own work. Proves that all threads built one graph, lists the partitions of the
 * sources, starts and stops the workers, and says how the job ended: finished when every worker has ended by
 * itself, failed with the first failure that anyone reported.
 */
export class Coordinator {
  readonly #init: ThreadInit
  readonly #lines: CoordinatorLines
  readonly #machine: Machine
  /** The graph as the main thread built it; undefined in inline mode, where there is but one. */
  readonly #plain: readonly string[] | undefined
  readonly #states: WorkerState[]
  readonly #descriptions: (Extract<FromWorker, { type: 'built' }> | undefined)[]
  readonly #ended = Promise.withResolvers<void>()
  readonly #started = Promise.withResolvers<void>()
  /** All have built the same graph. */
  readonly #built = Promise.withResolvers<void>()
  #wish: 'stopped' | 'cancelled' | undefined
  #error: ErrorData | undefined
  #cancelling = false
  #stopWaiting = () => {}
  #full: readonly string[] | undefined
  #job: JobGraph | undefined
  #checkpoints: CheckpointCoordinator | undefined
  #opening: Promise<OpenedCheckpoints> | undefined
  #notices: StateNotices | undefined
  /** What the job begins with. */
  #from: Manifest | undefined
  /** Ids of the nodes that keep state, as the workers tell. */
  readonly #keeping = new Set<number>()
  readonly #services: ServiceHost
  readonly #crossing: <T>(data: T) => T
  readonly #stores: SharedState
  readonly #logger: Logger

  constructor(
    init: ThreadInit,
    lines: CoordinatorLines,
    plain: readonly string[] | undefined,
    machine: Machine,
  ) {
    this.#init = init
    this.#machine = machine
    this.#lines = lines
    this.#plain = plain
    this.#crossing = crossingOf(init)
    this.#stores = new SharedState(init.state, init.thread)
    this.#logger = reportingLogger(init.settings.logLevel, (line) => lines.main.post(line))
    // One service of job scope that calls another does so as all others do.
    const calls: ServiceCalls = new ServiceCalls(
      (call) =>
        void this.#services.answer(structuredClone(call)).then((reply) => calls.settle(reply)),
    )
    this.#services = new ServiceHost('job', calls)
    this.#states = lines.workers.map(() => 'starting')
    this.#descriptions = lines.workers.map(() => undefined)
    for (const [worker, line] of lines.workers.entries()) {
      line.onMessage((message) => this.#hear(worker, message))
    }
    lines.main.onMessage((message) => this.#obey(message))
  }

  /** Settles when every worker has been given its first order, or the job ended before. */
  get started(): Promise<void> {
    return this.#started.promise
  }

  /** Sees the job through to its end. */
  async run(load: () => Promise<JobGraph>): Promise<void> {
    const within = this.#init.mayBlock ? withStores : withStoresInline
    await within(this.#stores, () => this.#run(load))
    this.#lines.main.post({ type: 'ended', outcome: this.#outcome() })
  }

  async #run(load: () => Promise<JobGraph>): Promise<void> {
    let endBeats = () => {}
    try {
      const job = await load()
      endBeats = beating(this.#init, this.#machine)
      this.#full = describeGraph(job.graph, { sourceText: true })
      this.#compare('the coordinator', this.#plain, describeGraph(job.graph, { sourceText: false }))
      this.#job = job
      // Continues here, not where the last worker was heard: with the job's stores at hand.
      void this.#built.promise.then(() => this.#start(job))
      this.#compareWhenBuilt()
    } catch (error) {
      this.#fail(errorToData(error))
    }
    await this.#ended.promise
    this.#stopWaiting()
    await this.#checkpoints?.close()
    await this.#closeServices()
    endBeats()
    await this.#unlock()
  }

  #warn(message: string): void {
    this.#logger.warning(`job '${this.#init.jobName}': ${message}`)
  }

  async #openServices(job: JobGraph): Promise<void> {
    const { jobName } = this.#init
    const logger = this.#logger
    const clock = clockOf(this.#init, job, this.#machine)
    await this.#services.open(job.services, { jobName, logger, clock })
  }

  async #closeServices(): Promise<void> {
    await this.#patiently(this.#services.close().catch((error: unknown) => this.fail(error)))
  }

  /** Also a lock that is only being taken. */
  async #unlock(): Promise<void> {
    const unlocked = this.#opening?.then(({ lock }) => lock.release())
    await this.#patiently(unlocked?.catch(() => {}))
  }

  /** What hangs at the end of a job (a service in its `close`) is left when the job has failed or was cancelled. */
  async #patiently(work: Promise<void> | undefined): Promise<void> {
    if (!this.#cancelling) return work
    const patience = Promise.withResolvers<void>()
    const stopWaiting = this.#machine.after(CANCEL_MS, patience.resolve)
    await Promise.race([work, patience.promise])
    stopWaiting()
  }

  async #answer(worker: number, call: ServiceCall): Promise<void> {
    const reply = await this.#services.answer(call)
    const line = this.#lines.workers[worker]
    try {
      line.post({ type: 'reply', reply: this.#crossing(reply) })
    } catch (error) {
      // What it returned is no data.
      const failure = errorToData(failed(call.service, call.method, error))
      line.post({ type: 'reply', reply: { id: call.id, error: failure } satisfies ServiceReply })
    }
  }

  /** Fails the job for something that went wrong on this thread; only the first failure counts. */
  fail(error: unknown): void {
    this.#fail(errorToData(error))
  }

  #outcome(): Outcome {
    if (this.#error !== undefined) return { status: 'failed', error: this.#error }
    return { status: this.#wish ?? 'finished' }
  }

  #hear(worker: number, message: FromWorker): void {
    if (message.type === 'failed') {
      this.#fail(message.error)
      return
    }
    if (message.type === 'call') {
      void this.#answer(worker, message.call)
      return
    }
    if (message.type === 'ready') this.#checkpoints?.ready(worker, message.epoch)
    if (message.type === 'held') this.#checkpoints?.held(worker, message.epoch)
    if (message.type === 'taken') {
      this.#checkpoints?.taken(worker, message)
      this.#notices?.taken(message.part)
    }
    if (message.type === 'declined') this.#checkpoints?.declined(message.epoch, message.error)
    if (message.type === 'allLast') this.#checkpoints?.allLast(worker)
    if (message.type === 'suspended') this.#checkpoints?.suspended(worker)
    if (isAboutCheckpoints(message)) return
    if (message.type === 'built') this.#descriptions[worker] = message
    this.#states[worker] = message.type as WorkerState
    if (message.type === 'built') this.#compareWhenBuilt()
    if (message.type === 'opened') {
      for (const node of message.keeping) this.#keeping.add(node)
      if (this.#all('opened')) this.#go()
    }
    if (message.type === 'through' && this.#all('through')) this.#tell({ type: 'end' })
    if (message.type === 'ended') this.#endWhenAllHave()
  }

  /** All workers are ready: the job runs. */
  #go(): void {
    const { checkpoint } = this.#init.settings
    try {
      this.#notices?.keeping(this.#keeping)
      if (this.#from !== undefined)
        this.#notices?.compare(this.#keeping, this.#from, checkpoint?.allow.newState === true)
    } catch (error) {
      this.fail(error)
      return
    }
    this.#tell({ type: 'go' })
    if (this.#wish === 'stopped') this.#tell({ type: 'stop' })
    this.#lines.main.post({ type: 'running' })
    this.#checkpoints?.start()
  }

  #obey(message: FromMain): void {
    if (message.type === 'died') {
      this.#states[message.worker] = 'ended'
      this.#fail(message.error)
      this.#endWhenAllHave()
      return
    }
    if (message.type === 'checkpoint') {
      this.#checkpoints?.request(message.request)
      return
    }
    if (message.type === 'stop') {
      this.#wish ??= 'stopped'
      if (this.#all('opened', 'through', 'ended')) this.#tell({ type: 'stop' })
      return
    }
    this.#wish = 'cancelled'
    this.#cancelAll()
  }

  #compareWhenBuilt(): void {
    if (this.#job === undefined || this.#cancelling || !this.#all('built')) return
    try {
      this.#descriptions.forEach((description, worker) => {
        this.#compare(`worker ${worker}`, this.#full, description!.full)
      })
    } catch (error) {
      this.#fail(errorToData(error))
      return
    }
    this.#built.resolve()
  }

  async #start(job: JobGraph): Promise<void> {
    try {
      const from = await this.#openCheckpoints(job)
      // The job was cancelled, or has failed, meanwhile: nothing more is opened.
      if (this.#cancelling) return
      const fed = from?.manifest.fed
      this.#lines.main.post({
        type: 'resumed',
        fed: fed?.owner === this.#init.owner ? fed : undefined,
      })
      if (from !== undefined)
        await restoreShared(
          this.#stores,
          this.#machine.openSite(from.directory).open(from.manifest),
        )
      await this.#openServices(job)
      const partitions = await this.#listPartitions(job, from)
      for (const [node, list] of partitions) partitions.set(node, leftOf(list, from, node))
      const claims = PartitionClaims.allocate(partitions)
      this.#tell({ type: 'start', partitions, claims, from })
    } catch (error) {
      this.fail(error)
    }
  }

  /** Takes the job's checkpoints into use, where it takes any; what it begins with. */
  async #openCheckpoints(job: JobGraph): Promise<ResumedFrom | undefined> {
    const { settings, jobName, owner, life } = this.#init
    if (settings.checkpoint === undefined) return undefined
    const { nodes } = job.graph
    const { parallelism } = planGraph(job.graph, settings)
    const { maxParallelism } = settings
    const program = { job: jobName, maxParallelism, nodes, parallelism }
    const { openStore, openSite } = this.#machine
    const storeOf = (directory: string) => openStore(directory, owner)
    this.#opening = openCheckpoints(settings.checkpoint, program, storeOf, openSite)
    const opened = await this.#opening
    if (this.#cancelling) return undefined
    for (const warning of opened.warnings) this.#warn(warning)
    this.#from = opened.from?.manifest
    // Not again when the same program starts again.
    if (life === 1) this.#notices = new StateNotices(nodes, (warning) => this.#warn(warning))
    const operators = describeOperators(program)
    const { dir: directory } = settings.checkpoint
    this.#checkpoints = new CheckpointCoordinator(
      {
        workers: this.#lines.workers.length,
        tell: (order) => this.#tell(order),
        report: (done) => this.#lines.main.post({ type: 'checkpoint', ...done }),
        refuse: (error, requests) => this.#lines.main.post({ type: 'refused', error, requests }),
        suspended: () => this.#suspend(),
        fail: (error) => this.#fail(error),
        openStore: storeOf,
        openSite,
        stores: this.#stores,
        owner,
        life,
        facts: () => ({ job: jobName, maxParallelism, operators }),
      },
      { ...settings.checkpoint, directory },
      opened,
      this.#machine,
    )
    return opened.from
  }

  /** All stand still behind a savepoint: the job is over, without an end of its input. */
  #suspend(): void {
    this.#wish ??= 'stopped'
    this.#cancelAll()
  }

  #compare(who: string, expected: readonly string[] | undefined, got: readonly string[]): void {
    const difference = expected === undefined ? undefined : firstDifference(expected, got)
    if (difference === undefined) return
    throw new StreamError(
      'SAGE_GRAPH_MISMATCH',
      `${who} built another graph than the thread that submitted the job; ${difference}. ` +
        'A job module must build the same graph on every thread: not from the time, random numbers or what only one thread has',
    )
  }

  async #listPartitions(
    job: JobGraph,
    from: ResumedFrom | undefined,
  ): Promise<Map<number, readonly string[]>> {
    const plan = planGraph(job.graph, this.#init.settings)
    const lists = new Map<number, readonly string[]>()
    for (const node of job.graph.nodes) {
      if (node.body.type !== 'source') continue
      lists.set(node.id, await this.#partitionsOf(node, plan.parallelism[node.id], job, from))
    }
    return lists
  }

  async #partitionsOf(
    node: GraphNode,
    parallelism: number,
    job: JobGraph,
    from: ResumedFrom | undefined,
  ): Promise<readonly string[]> {
    if (node.body.type !== 'source') return []
    const { factory } = node.body
    if (factory.single) return ['0']
    const clock = clockOf(this.#init, job, this.#machine)
    try {
      const known = from?.positions.get(node.id)
      const source = factory.create(listingContext(node, parallelism, this.#init, clock))
      return await source.partitions(known && [...known.keys()])
    } catch (error) {
      if (error instanceof StreamError) throw error.at(node.name, 0)
      const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
      throw new StreamError('SAGE_USER_ERROR', `partitions(): ${what} (operator '${node.name}')`, {
        operator: node.name,
        cause: error,
      })
    }
  }

  #fail(error: ErrorData): void {
    if (this.#wish !== 'cancelled') this.#error ??= error
    this.#cancelAll()
  }

  #cancelAll(): void {
    if (!this.#cancelling) {
      this.#checkpoints?.cease()
      StateMemory.cancel(this.#init.state)
      this.#tell({ type: 'cancel' })
      // A worker that hangs in user code hears nothing; the main thread ends its thread.
      this.#stopWaiting = this.#machine.after(CANCEL_MS, () => this.#ended.resolve())
    }
    this.#cancelling = true
    this.#endWhenAllHave()
  }

  #endWhenAllHave(): void {
    if (this.#all('ended')) this.#ended.resolve()
  }

  #all(...states: readonly WorkerState[]): boolean {
    return this.#states.every((state) => states.includes(state))
  }

  /** Orders all workers that still live, and wakes them. */
  #tell(order: ToWorker): void {
    this.#started.resolve()
    const arena = wrapArena(this.#init.arena)
    this.#lines.workers.forEach((line, worker) => {
      if (this.#states[worker] === 'ended') return
      line.post(order)
      new Doorbell(arena, worker * DOORBELL_BYTES).ring()
    })
  }
}

function isAboutCheckpoints({ type }: FromWorker): boolean {
  return ['ready', 'held', 'taken', 'declined', 'allLast', 'suspended'].includes(type)
}

/** The partitions that have not been read to their end. */
function leftOf(
  partitions: readonly string[],
  from: ResumedFrom | undefined,
  node: number,
): readonly string[] {
  const positions = from?.positions.get(node)
  if (positions === undefined) return partitions
  return partitions.filter((name) => {
    const position = positions.get(name) as { ended?: boolean } | undefined
    return position?.ended !== true
  })
}

/** What a source may ask for while it lists its partitions: no record is at hand. */
function listingContext(
  node: GraphNode,
  parallelism: number,
  { jobName }: ThreadInit,
  clock: Clock,
): RuntimeContext {
  const unavailable = (): never => {
    throw new StreamError('SAGE_SERVICE', 'services and state are not available in partitions()')
  }
  const noState = () => {
    throw new StreamError('SAGE_STATE', 'shared state is not available in partitions()')
  }
  const silent = () => {}
  const logger = { debug: silent, info: silent, warning: silent, error: silent }
  return {
    name: node.name,
    jobName,
    subtask: 0,
    parallelism,
    key: undefined,
    getKey: () => undefined,
    state: unavailable,
    listState: unavailable,
    mapState: unavailable,
    broadcastState: unavailable,
    get timers() {
      return unavailable()
    },
    timestamp: undefined,
    watermark: Number.NEGATIVE_INFINITY,
    logger,
    metrics: new MetricRegistry(node.name, unreadMetrics, logger),
    clock,
    wake: silent,
    service: unavailable,
    shared: noState,
    callService: Object.assign(unavailable, { async: async () => unavailable() }),
  }
}
