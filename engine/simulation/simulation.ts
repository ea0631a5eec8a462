import type { StreamError } from '../../codec/errors.ts'
import type { Files } from '../../operators/contract/files.ts'
import { checkpointPath, parseName } from '../checkpoint/layout.ts'
import type { Manifest } from '../checkpoint/manifest.ts'
import type { EnvironmentConfig } from '../job/config.ts'
import type { JobBody, JobLife } from '../job/job-host.ts'
import type { JobPlan } from '../job/job-plan.ts'
import { METRICS_BYTES_MIN } from '../metrics/user-metrics-memory.ts'
import type { ThreadSettings } from '../thread/job-site.ts'
import type { Machine } from '../thread/machine.ts'
import { type BitRot, strike } from './bit-rot.ts'
import { interpret } from './interpreter.ts'
import { Ledger, type Row } from './ledger.ts'
import { Life } from './life.ts'
import { type Action, AMPLE_MS, calmLife, hardLife, type LifePlan } from './life-plan.ts'
import { MainProgram, type RowReader } from './main-program.ts'
import { Finding, Oracle } from './oracle.ts'
import { buildWorkload } from './program.ts'
import { Random } from './random.ts'
import { Reading } from './reading.ts'
import { RestartRules } from './restart-rules.ts'
import { Schedule } from './schedule.ts'
import { type CrashMode, SimulatedDisk } from './simulated-disk.ts'
import { SimulatedFiles } from './simulated-files.ts'
import { simulatedMachine } from './simulated-machine.ts'
import { Troubles } from './troubles.ts'
import { VisibleFiles } from './visible-files.ts'
import {
  describeWorkload,
  drawWorkload,
  isDrainable,
  type Shape,
  type Workload,
} from './workload.ts'
import { World } from './world.ts'

/** Other parts in the place of the simulated world's own: how tests of the simulator plant defects. */
export interface WorldParts {
  readonly files?: (files: Files, schedule: Schedule) => Files
  readonly machine?: (machine: Machine, schedule: Schedule) => Machine
  readonly settings?: (thread: number, settings: ThreadSettings) => ThreadSettings
  readonly config?: (config: EnvironmentConfig) => EnvironmentConfig
  /** Threads that are about to be started, and those that were, as the main thread has them. */
  readonly start?: (life: JobLife) => JobLife
  readonly body?: (body: JobBody, life: JobLife) => JobBody
  /** Called before each event, with the memory of the job. */
  readonly meddle?: (plan: JobPlan, random: Random) => void
}

export interface SimulationOptions {
  readonly seed: number
  /** Takes one line for each thing that happens. */
  readonly trace?: (line: string) => void
  readonly parts?: WorldParts
  /** What happens in the first life, in place of what the seed would have happen there. */
  readonly first?: Partial<LifePlan>
}

/** What one simulation came to. */
export interface SimulationReport {
  readonly seed: number
  /** The program, in words. */
  readonly workload: string
  readonly lives: number
  /** How often jobs were started again in their process. */
  readonly restarts: number
  /** How often files of checkpoints were damaged between lives. */
  readonly rots: number
  readonly events: number
  /** Time that has passed in it. */
  readonly simulatedMs: number
  readonly checkpoints: number
  /** Records that its checkpoints held, on their way; those of them that were going round a loop. */
  readonly inFlight: number
  readonly circulating: number
  readonly rows: number
  /** What went wrong that must not. */
  readonly finding: string | undefined
}

/** What is known of a life that is over. */
interface Facts {
  readonly end: 'ended' | 'crashed'
  /** Whether anything outside of the engine has failed; user code, since the last start. */
  readonly trouble: boolean
  readonly userTrouble: boolean
  readonly files: SimulatedFiles
  readonly locksBefore: ReadonlySet<string>
}

const DIRECTORY = '/simulated/checkpoints'
/** So many events without an end: the job is stuck, or turns in circles. */
const EVENTS_MAX = 120_000
/** Whoever sees a job start again so often, or take so long where no checkpoint may ever be in time, ends its process. */
const RESTARTS_MAX = 4
const PATIENCE = 10_000
/** So many lives, of which the last have met no trouble: the job does not get anywhere. */
const LIVES_MAX = 20

/**
 * Runs a random program on the whole engine through several lives, under one seed: what happens next, when, and what goes
 * wrong all follow from it. Everything that becomes visible is held against a plain interpreter's result.
 */
export async function simulate(options: SimulationOptions): Promise<SimulationReport> {
  return new Simulation(options).run()
}

class Simulation {
  readonly #options: SimulationOptions
  readonly #random: Random
  readonly #schedule: Schedule
  readonly #workload: Workload
  readonly #disk = new SimulatedDisk()
  readonly #ledger: Ledger
  readonly #files: VisibleFiles
  readonly #oracle: Oracle
  readonly #reading: Reading
  /** How far each partition was handed out in the last life. */
  readonly #handedOut = new Map<string, number>()
  #lives = 0
  #restarts = 0
  #rots = 0
  #process = 1
  #checkpoints = 0
  #inFlight = 0
  #circulating = 0
  /** Which life's operators were as parallel as those of a checkpoint, by its number. */
  readonly #shapes = new Map<number, number>()
  /** The parts of each checkpoint, by its number: without those of earlier ones. */
  readonly #parts = new Map<number, readonly string[]>()
  /** As parallel as in which life those of the life at hand are. */
  #shapeOf = 0
  /** Whether the job was refused for being as parallel as it was. */
  #misshapen = false
  /** What the next life begins from, where that is not its newest checkpoint. */
  #savepoint: string | undefined
  /** Whether the life at hand would have to take back what cannot be. */
  #mustRefuse = false
  /** Damage to what may be the newest checkpoint. */
  #rot: BitRot | undefined
  #finding: Error | undefined
  /** How often user code had failed before the last start of the life at hand. */
  #metBefore = 0
  /** Whether a thread hangs in it, or did. */
  #hung = false

  constructor(options: SimulationOptions) {
    this.#options = options
    const random = new Random(String(options.seed))
    this.#random = random.fork('lives')
    this.#schedule = new Schedule(random.fork('schedule'), random.pick([0.02, 0.3, 2, 8]))
    if (options.trace !== undefined) this.#schedule.trace = options.trace
    this.#workload = drawWorkload(random.fork('workload'))
    this.#ledger = new Ledger(this.#schedule, random.fork('ledger'))
    const expected = interpret(this.#workload)
    this.#oracle = new Oracle(expected)
    this.#reading = new Reading(expected)
    this.#ledger.onChange = (rows, by) => {
      try {
        this.#oracle.changed(rows, by)
      } catch (error) {
        this.#finding ??= error as Error
      }
    }
    this.#files = new VisibleFiles(this.#disk, this.#workload.files.format)
    this.#files.onChange = (rows, by) => this.#oracle.changed(rows, by)
  }

  async run(): Promise<SimulationReport> {
    const hardLives = this.#random.between(1, 6)
    this.#note(`seed ${this.#options.seed}: ${describeWorkload(this.#workload)}`)
    try {
      for (let over = false; !over; ) {
        if (this.#lives > LIVES_MAX) throw new Finding('the job never finishes')
        over = await this.#live(this.#lives < hardLives)
      }
      // A job that has finished may be run again: nothing more comes of it.
      if (this.#random.chance(0.3)) await this.#live(false)
    } catch (error) {
      if (!(error instanceof Finding)) throw error
      this.#finding ??= error
      this.#note(`finding: ${error.message}`)
    }
    return {
      seed: this.#options.seed,
      workload: describeWorkload(this.#workload),
      lives: this.#lives,
      restarts: this.#restarts,
      rots: this.#rots,
      events: this.#schedule.events,
      simulatedMs: this.#schedule.nowMs,
      checkpoints: this.#checkpoints,
      inFlight: this.#inFlight,
      circulating: this.#circulating,
      rows: this.#visible().length,
      finding: this.#finding?.message,
    }
  }

  /** One life; true when the job has finished. */
  async #live(isHard: boolean): Promise<boolean> {
    const number = ++this.#lives
    const random = this.#random.fork(`life ${number}`)
    const drains = isDrainable(this.#workload)
    const { isRead } = this.#workload
    const { first } = this.#options
    const isGiven = number === 1 && first !== undefined
    const plan =
      isHard && !isGiven
        ? hardLife(random, { drains, isRead, nowMs: this.#schedule.nowMs })
        : { ...calmLife(random), ...(isGiven ? first : {}) }
    const troubles = new Troubles(plan.troubles)
    const files = new SimulatedFiles(this.#schedule, this.#disk, plan.disk, random.fork('disk'))
    this.#ledger.weather = plan.ledger
    if (isHard && this.#rot === undefined && random.chance(0.4)) this.#damage(random)
    const ledgerFailures = this.#ledger.failures
    const locksBefore = new Set(this.#locks())
    this.#hung = false
    const life = this.#begin(number, plan, random, { troubles, files })
    await life.submit()
    const end = await this.#run(life, plan, random)
    this.#checkpoints += life.completed
    this.#restarts += life.restarts
    if (this.#finding !== undefined) throw new Finding(this.#finding.message)
    const trouble =
      troubles.met.length > 0 || files.failures > 0 || this.#ledger.failures > ledgerFailures
    const userTrouble = troubles.met.length > this.#metBefore
    this.#judge(life, { end, trouble, userTrouble, files, locksBefore })
    return life.outcome?.status === 'finished'
  }

  #begin(
    number: number,
    plan: LifePlan,
    random: Random,
    { troubles, files }: { troubles: Troubles; files: SimulatedFiles },
  ): Life {
    const { parts = {} } = this.#options
    const schedule = this.#schedule
    const name = `life ${number}`
    const shape = this.#shape(number, random)
    const storeFiles = parts.files?.(files, schedule) ?? files
    const world = new World(
      {
        ledger: this.#ledger,
        files: storeFiles,
        troubles,
        random: random.fork('world'),
        slowMs: plan.slowMs,
      },
      schedule,
      this.#handedOut,
    )
    const machine = simulatedMachine(schedule, storeFiles, random.fork('machine'), this.#process)
    const resume = this.#resume(random)
    this.#note(
      `${name}: process ${this.#process}, ${plan.maxThreads} threads, as parallel as life ${this.#shapeOf}, ` +
        `${plan.unaligned ? 'unaligned' : 'aligned'}, from ${resume}, ` +
        `${plan.crash === undefined ? 'no crash' : `${plan.crash.mode} at ${plan.crash.at}`}, ` +
        `troubles ${JSON.stringify([...plan.troubles])}, ${plan.actions.map(({ action, at }) => `${action} at ${at}`).join(', ')}`,
    )
    return new Life({
      name,
      owner: name,
      schedule,
      machine: this.#watching(parts.machine?.(machine, schedule) ?? machine),
      rules: new RestartRules(plan.restart),
      note: (line) => this.#note(line),
      onLaunch: (start) => {
        world.life = `${number}.${start}`
        this.#metBefore = troubles.met.length
        this.#reading.started()
        this.#forgetHandedOut(start === 1)
      },
      onRestart: (error) => this.#expectFailure(error, files),
      onFinding: (finding) => {
        this.#finding ??= finding
      },
      ...(parts.settings === undefined ? {} : { settingsOf: parts.settings }),
      ...(parts.start === undefined ? {} : { startOf: parts.start }),
      ...(parts.body === undefined ? {} : { bodyOf: parts.body }),
      program: (job) => new MainProgram(job, this.#workload.sources, world, this.#reader(), plan),
      build: (env) => buildWorkload(env, this.#workload, shape, world),
      config: (parts.config ?? ((same) => same))({
        mode: 'threads',
        parallelism: shape('job'),
        maxParallelism: 16,
        maxThreads: plan.maxThreads,
        spin: 0,
        strict: plan.strict,
        restart: plan.restart,
        memory: { ringBytes: 4096, sharedBytes: 65_536, metricsBytes: METRICS_BYTES_MIN },
        checkpoint: {
          dir: DIRECTORY,
          interval: plan.intervalMs,
          timeout: plan.timeoutMs,
          retain: plan.retain,
          mode: plan.unaligned ? 'unaligned' : 'aligned',
          resume,
        },
      }),
    })
  }

  /** Runs a life to its end: its own, or that of its computer. */
  async #run(life: Life, plan: LifePlan, random: Random): Promise<'ended' | 'crashed'> {
    const { meddle } = this.#options.parts ?? {}
    const { crash, actions } = plan
    const first = this.#schedule.events
    const meddling = random.fork('meddling')
    for (;;) {
      const event = this.#schedule.events - first
      if (crash !== undefined && event >= crash.at) return this.#crash(life, crash.mode, random)
      const isVain = plan.timeoutMs < AMPLE_MS && event > PATIENCE
      if (life.restarts > RESTARTS_MAX || isVain) return this.#crash(life, 'killed', random)
      for (const { at, action } of actions) if (at === event) await this.#act(life, action, random)
      // Between two starts nothing else may have been left to do.
      if (life.over) break
      meddle?.(life.plan, meddling)
      if (!(await this.#schedule.step())) throw new Finding('the job is stuck: nothing will happen')
      this.#lookAtFiles()
      if (this.#finding !== undefined) return 'ended'
      if (life.over) break
      if (event > EVENTS_MAX) throw new Finding(`the job is stuck: ${event} events without an end`)
    }
    this.#note(`the job has ended: ${life.outcome!.status}`)
    life.end('thread')
    this.#lookAtFiles()
    return 'ended'
  }

  #crash(life: Life, mode: CrashMode, random: Random): 'crashed' {
    this.#note(`the computer ends: ${mode}`)
    life.end('process')
    this.#disk.crash(mode, random.fork('crash'))
    this.#process++
    this.#lookAtFiles()
    this.#reading.left()
    return 'crashed'
  }

  #lookAtFiles(): void {
    try {
      this.#files.look()
    } catch (error) {
      if (!(error instanceof Finding)) throw error
      this.#finding ??= error
    }
  }

  /** What anyone can see, in the order of epochs. */
  #visible(): Row[] {
    return this.#workload.sink === 'files' ? this.#files.rows() : this.#ledger.visible()
  }

  async #act(life: Life, action: Action, random: Random): Promise<void> {
    this.#note(action)
    const path = `/simulated/savepoints/${this.#lives}-${this.#schedule.events}`
    switch (action) {
      case 'checkpoint':
        return life.checkpoint()
      case 'savepoint':
        return life.takeSavepoint(path)
      case 'suspend':
        return life.suspend()
      case 'suspend to a savepoint':
        return life.suspend(path)
      case 'stop':
        return life.stop()
      case 'cancel':
        return life.cancel()
      case 'terminate a thread':
        life.terminate(random.below(life.workers))
        break
      case 'terminate the coordinator':
        life.terminate(life.workers)
        break
      case 'a thread hangs':
        this.#hung = true
        life.hang(random.below(life.workers))
        break
      case 'the clock jumps': {
        // A loop is not empty before the clock has come to its timers.
        const back = this.#workload.steps.includes('loop that waits') ? 0 : 0.3
        this.#schedule.wallOffsetMs += (random.next() - back) * random.pick([1_000, 86_400_000])
      }
    }
  }

  /** How a life ended must be how it may end. */
  #judge(life: Life, { end, trouble, userTrouble, files, locksBefore }: Facts): void {
    this.#oracle.checkOrder(this.#visible())
    if (end === 'crashed') return
    const outcome = life.outcome!
    const isRotten = this.#rot !== undefined
    if (this.#rot !== undefined) this.#judgeRot(this.#rot, life, files)
    if (life.running && this.#mustRefuse)
      throw new Finding('the job runs, though it would have to take back what its sinks cannot')
    if (outcome.status === 'failed') {
      const { code, message } = outcome.error
      this.#note(`${code}: ${message}`)
      // It was stopped with a savepoint, and whoever asked for that has not heard of it: the next life takes it.
      const left = /stopped with it as savepoint '([^']+)'/.exec(message)?.[1]
      if (left !== undefined) this.#savepoint = left
      // What was pre-reduced or broadcast on its way stays so: the next life is as parallel as the one that wrote the checkpoint.
      const isMisshapen =
        code === 'SAGE_RESCALE' &&
        /pre-reduced as before|broadcast records on their way/.test(message)
      if (isMisshapen && this.#misshapen)
        throw new Finding(`refused at the parallelism of its checkpoint: ${message}`)
      this.#misshapen = isMisshapen
      const isExpected =
        isMisshapen ||
        left !== undefined ||
        ((this.#mustRefuse || isRotten) && code === 'SAGE_CHECKPOINT_CORRUPT')
      if (!isExpected) this.#expectFailure(outcome.error, files)
    }
    if (outcome.status === 'finished') {
      if (userTrouble) throw new Finding('user code has failed, and the job finished all the same')
      this.#oracle.checkAll()
      if (this.#workload.isRead) this.#reading.checkAll()
      const [left] = trouble ? [] : this.#files.hidden()
      if (left !== undefined)
        throw new Finding(`the job has finished, and '${left}' is there still`)
    }
    if (outcome.status === 'stopped' && life.drains) this.#checkDrained()
    if (!trouble && outcome.status !== 'failed') {
      const left = this.#locks().filter((path) => !locksBefore.has(path))
      if (left.length > 0) throw new Finding(`the job has ended, and '${left[0]}' is there still`)
    }
    if (life.savepoint !== undefined) this.#savepoint = life.savepoint
    if (outcome.status === 'finished') this.#judgeDurability()
    // A job that has failed is started again in its process, or in another.
    if (outcome.status !== 'failed' || files.failures > 0 || life.beheaded) this.#process++
  }

  /** A job fails for what has gone wrong around it. */
  #expectFailure({ code, message }: StreamError, { failures }: SimulatedFiles): void {
    const isExpected =
      message.includes('injected') ||
      (code === 'SAGE_STUCK' && this.#hung) ||
      (code === 'SAGE_TIMEOUT' && message.includes('checkpoint')) ||
      // What cannot be read counts as damaged.
      (code === 'SAGE_CHECKPOINT_CORRUPT' && message.includes('EIO') && failures > 0)
    if (!isExpected) throw new Finding(`the job has failed: ${code}: ${message}`)
  }

  /** What a job that has finished has made visible is so for good. */
  #judgeDurability(): void {
    this.#note('power is lost behind it')
    this.#disk.crash('power', this.#random.fork(`behind life ${this.#lives}`))
    this.#files.look()
    this.#oracle.checkAll()
  }

  /** A job that has stopped shows the effect of all that its sources have handed out. */
  #checkDrained(): void {
    const upTo = (source: string, partition: number) =>
      this.#handedOut.get(`${source}${partition}`) ?? 0
    const expected = interpret(this.#workload, upTo)
    this.#oracle.checkAll(expected)
    if (this.#workload.isRead) this.#reading.checkAll(expected)
  }

  /** A source of partitions begins again where a checkpoint has it; what a stream has accepted stays so. */
  #forgetHandedOut(isFirst: boolean): void {
    const { sources, aside } = this.#workload
    for (const { name, counts, fed } of [...sources, aside])
      if (isFirst || fed === undefined)
        for (const partition of counts.keys()) this.#handedOut.delete(`${name}${partition}`)
  }

  /** What the main thread reads is looked at by the oracle. */
  #reader(): RowReader {
    return {
      left: () => this.#reading.left(),
      read: (what) => {
        try {
          this.#reading.read(what)
        } catch (error) {
          this.#finding ??= error as Error
        }
      },
    }
  }

  /** A file of the newest checkpoint is not any more what was written. */
  #damage(random: Random): void {
    const epoch = this.#newestEpoch()
    if (epoch === 0) return
    const names = [`manifest-${epoch}`, ...(this.#parts.get(epoch) ?? [])]
    const files = names.map((name) => `${DIRECTORY}/${name}`)
    this.#rot = strike(this.#disk, epoch, files, random)
    this.#rots++
    this.#note(`${this.#rot.path} is damaged`)
  }

  /** A job that has refused to begin has touched nothing: it may do so once all is whole again. */
  #judgeRot(rot: BitRot, { outcome, running }: Life, { failures }: SimulatedFiles): void {
    const isRefused =
      outcome?.status === 'failed' && !running && outcome.error.code === 'SAGE_CHECKPOINT_CORRUPT'
    // One that has begun, from an older one, has put away what came behind that.
    if (!isRefused && this.#newestEpoch() === rot.epoch) return
    this.#rot = undefined
    if (!isRefused) return
    if (rot.mend()) this.#note(`${rot.path} is whole again`)
    // It may have put it away, and failed to read the older one.
    else if (failures === 0)
      throw new Finding(`the job has refused to begin, and '${rot.path}' is gone`)
  }

  /** Where the next life begins: at the newest checkpoint, or at a savepoint that the one before ended with. */
  #resume(random: Random): string {
    const isFinal = this.#workload.sink === 'final'
    this.#mustRefuse = false
    // A newer one, of a life that began from a savepoint, does not stand on what is damaged.
    if (this.#rot !== undefined && this.#newestEpoch() > this.#rot.epoch) this.#rot = undefined
    const path = this.#savepoint
    if (path !== undefined && this.#newestEpoch() <= checkpointPath(path).epoch!) return path
    // One that goes back behind checkpoints of its own takes back what they made visible, or must refuse.
    if (path !== undefined && random.chance(0.3)) {
      this.#mustRefuse = isFinal
      return path
    }
    // So must one that cannot begin from its newest.
    this.#mustRefuse = isFinal && this.#rot !== undefined
    this.#savepoint = undefined
    return 'latest'
  }

  /** Each operator as parallel as chance has it, or as in the life that wrote the newest checkpoint. */
  #shape(life: number, random: Random): Shape {
    const before = this.#shapes.get(this.#newestEpoch())
    const stays = random.chance(0.3) || this.#misshapen
    this.#shapeOf = stays && before !== undefined ? before : life
    const shape = this.#random.fork(`shape ${this.#shapeOf}`)
    return (operator) => shape.fork(operator).between(1, 3)
  }

  #newestEpoch(): number {
    return this.#epochs().reduce((newest, epoch) => Math.max(newest, epoch), 0)
  }

  /** The complete checkpoints in the job's directory. */
  #epochs(): number[] {
    return this.#disk
      .list(DIRECTORY)
      .map((path) => parseName(path.slice(DIRECTORY.length + 1)))
      .flatMap((file) => (file?.kind === 'manifest' ? [file.epoch] : []))
  }

  /** Looks at the checkpoints that are about to be complete. */
  #watching(machine: Machine): Machine {
    return {
      ...machine,
      openStore: (directory, owner) => {
        const store = machine.openStore(directory, owner)
        const complete = store.complete.bind(store)
        store.complete = (manifest) => {
          this.#look(manifest)
          return complete(manifest)
        }
        return store
      },
    }
  }

  #look({ epoch, operators, parts }: Manifest): void {
    this.#shapes.set(epoch, this.#shapeOf)
    const own = parts.map(({ name }) => name).filter((name) => name.startsWith(`part-${epoch}-`))
    this.#parts.set(epoch, own)
    for (const { kind: operator, states } of operators)
      for (const { kind, pieces } of states) {
        if (kind !== 'in-flight') continue
        const items = pieces.reduce((sum, piece) => sum + piece.items, 0)
        this.#inFlight += items
        if (operator === 'fromFuture') this.#circulating += items
      }
  }

  #locks(): string[] {
    return this.#disk.list(DIRECTORY).filter((path) => /lock-[0-9a-f]+$/.test(path))
  }

  #note(line: string): void {
    this.#options.trace?.(`- ${line}`)
  }
}
