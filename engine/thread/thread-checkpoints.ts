import { errorToData } from '../../codec/errors.ts'
import type { KeyedStore, Slice } from '../../operators/contract/keyed-store.ts'
import type { Operator } from '../../operators/contract/operator.ts'
import type { Awaitable } from '../../operators/contract/source.ts'
import type { PartWriter, SectionWriter } from '../checkpoint/contract.ts'
import { whatToWrite } from '../checkpoint/what-to-write.ts'
import type { GraphNode } from '../graph/node.ts'
import { stateId } from '../graph/state-id.ts'
import { asStreamError } from '../task/error-gate.ts'
import type { InFlight } from '../task/in-flight.ts'
import type { CheckpointTaker, OperatorCut, TaskCut } from '../task/task-cut.ts'
import type { CheckpointOrder, FromWorker } from './control.ts'
import type { Machine } from './machine.ts'
import { OpenSections } from './open-sections.ts'
import type { OperatorState } from './restore-state.ts'

/** How long keyed state is written in one go, in ms: records wait meanwhile. */
const SLICE_MS = 1

/** A task as a thread's checkpoints see it. */
export interface CheckpointedTask {
  readonly begins: boolean
  cut(): TaskCut
  announce(epoch: number): void
  trigger(epoch: number, suspend: boolean): void
  goOn(epoch: number): void
}

/** What the checkpoints of a thread need of it. */
export interface CheckpointingThread {
  readonly thread: number
  readonly machine: Pick<Machine, 'nowMs' | 'sliceWork' | 'openSite'>
  post(message: FromWorker): void
  /** Ends the job. */
  fail(error: unknown): void
  /** Wakes the thread's loop. */
  wake(): void
}

/** A checkpoint that this thread takes part in. */
interface Current {
  readonly order: CheckpointOrder
  readonly part: PartWriter
  /** Tasks whose share is being made durable, or is. */
  readonly begun: Set<string>
  /** Tasks that have had their share. */
  readonly taken: Set<string>
  /** Those that will have none any more, whose last one it holds. */
  readonly last: Set<string>
  readonly pushed: Map<number, number>
  /** Keyed state that is still being written. */
  readonly open: OpenSections
  /** Whether it waits for room in its part. */
  waits: boolean
  /** Whether its tasks stand still behind their barriers. */
  holds: boolean
  /** Whether the coordinator knows that they do. */
  held: boolean
  /** All is written but what the part has queued: settles when the part is, or has failed. */
  closing: Promise<void> | undefined
}

interface MarkedStore {
  readonly store: KeyedStore
  readonly marks: Map<number, number>
}

interface Last {
  readonly cut: TaskCut
  readonly released: () => void
  /** Whether a complete checkpoint holds it: its sinks have made everything visible. */
  done: boolean
  /** Until it has settled, its sinks are still about an earlier checkpoint. Never rejects. */
  preparing: Promise<unknown> | undefined
}

/**
 * One thread's share in the checkpoints of its job: writes what its subtasks hand over into one part each time, and tells the
 * coordinator when all of them have. Of what a subtask keeps by key, and of timers, a cut is taken before the call returns, or,
 * where its sinks have something to make durable first, before its promise settles; the thread's loop has it written slice
 * by slice, between records. All else is encoded at once. Files are written in the background. When a checkpoint is complete,
 * sinks make visible what belongs to it, one checkpoint after the other.
 */
export class ThreadCheckpoints implements CheckpointTaker {
  readonly #setting: CheckpointingThread
  #tasks: readonly CheckpointedTask[] = []
  #current: Current | undefined
  readonly #lasts = new Map<string, Last>()
  /** Checkpoints that hold what is in flight, whatever became of them: barriers of theirs may still come. */
  readonly #unaligned = new Set<number>()
  /** By operator and subtask: its store, and the marks drawn in it, by epoch. */
  readonly #stores = new Map<string, MarkedStore>()
  /** Whether any task has a sink of two phases. */
  #hasSinks = false
  /** The commits so far, one after the other; none follows one that failed. */
  #commits: Promise<void> = Promise.resolve()
  /** All that sinks do while no task waits for them; never rejects. */
  #background: Promise<void> = Promise.resolve()
  #pending = 0
  #closed = false

  constructor(setting: CheckpointingThread) {
    this.#setting = setting
  }

  /** Whether files are being written: the thread's event loop must run. */
  get writing(): boolean {
    if (this.#pending > 0) return true
    return (
      this.#current !== undefined &&
      (this.#current.closing !== undefined || this.#current.part.busy)
    )
  }

  /** The tasks of this thread: known once they are built. */
  attach(tasks: readonly CheckpointedTask[]): void {
    this.#tasks = tasks
    this.#hasSinks = tasks.some((task) => task.cut().operators.some(isSink))
  }

  /** A subtask holds what a checkpoint does: one that stands on that needs no more than what changes from here on. */
  restored({ operators, subtask }: TaskCut, epoch: number): void {
    for (const { node, keyed } of operators) {
      if (!keyed.used) continue
      const { store, marks } = this.#markedOf(`${stateId(node)}/${subtask}`, keyed.store)
      marks.set(epoch, store.mark())
    }
  }

  /**
   * The coordinator begins a checkpoint; one that was under way is given up. Told of before any barrier, which over a ring
   * may be faster than an order.
   */
  begin(order: CheckpointOrder): void {
    // The coordinator may not have heard yet that the job has failed.
    if (this.#closed) return
    void this.#giveUp()
    const { epoch, directory } = order
    if (order.unaligned) this.#unaligned.add(epoch)
    const site = this.#setting.machine.openSite(directory)
    const part = site.createPart({ epoch, thread: this.#setting.thread, number: 0 })
    this.#current = {
      order,
      part,
      begun: new Set(),
      taken: new Set(),
      last: new Set(),
      pushed: new Map(),
      open: new OpenSections(),
      waits: false,
      holds: order.shared,
      held: false,
      closing: undefined,
    }
    for (const task of this.#tasks) task.announce(epoch)
    this.#setting.post({ type: 'ready', epoch })
  }

  /** All workers know of it. */
  trigger(epoch: number): void {
    const current = this.#current
    if (current?.order.epoch !== epoch) {
      // Given up here meanwhile: its barriers come from elsewhere all the same, and wait for those of this thread.
      for (const task of this.#tasks) if (task.begins) task.trigger(epoch, false)
      return
    }
    const { suspend, unaligned } = current.order
    for (const [name, last] of this.#lasts)
      if (!current.begun.has(name)) this.#shareLast(current, name, last)
    for (const task of this.#tasks) if (task.begins || unaligned) task.trigger(epoch, suspend)
    this.#closeWhenAllHave()
  }

  /** All tasks of the job have had their share, and what they share has been copied. */
  goOn(epoch: number): void {
    if (this.#current?.order.epoch === epoch) this.#current.holds = false
  }

  /**
   * It is complete: sinks commit, what stood still until then goes on, and later ones may stand on it. A savepoint stands for
   * itself: the job's own checkpoints go on as if it had never been. One that the job ends with is committed: nothing of the
   * job's own comes behind it.
   */
  completed(epoch: number): void {
    const current = this.#current
    if (current?.order.epoch !== epoch) return
    this.#current = undefined
    if (current.order.savepoint && !current.order.suspend) return
    this.#forgetMarksBefore(epoch)
    if (this.#hasSinks) this.#inBackground(this.#commit(epoch, current))
    else this.#done(current)
  }

  /** Writes for a while what is still to be written; false: there is nothing, or no room for it. The loop is woken when there is. */
  writeSlice(): boolean {
    const current = this.#current
    if (current === undefined || current.open.none) return false
    if (current.part.full) {
      this.#awaitRoom(current)
      return false
    }
    try {
      current.open.advance(this.#slice(current.part))
    } catch (error) {
      this.#decline(current, error)
      return true
    }
    this.#closeWhenAllHave()
    return true
  }

  /**
   * The thread ends: a checkpoint under way is given up, and none is begun any more. Resolves when nobody is at work any more, sinks
   * included.
   */
  async close(): Promise<void> {
    this.#closed = true
    const part = this.#giveUp()
    await this.#background
    await part
  }

  /** It was given up: the job goes on, also where it was to stand still. */
  aborted(epoch: number): void {
    for (const task of this.#tasks) task.goOn(epoch)
    if (this.#current?.order.epoch === epoch) void this.#giveUp()
  }

  take(epoch: number, cut: TaskCut): Promise<void> | undefined {
    const current = this.#current
    // The barrier of one that was given up meanwhile.
    if (current?.order.epoch !== epoch) return undefined
    return this.#share(current, cut, prepare(cut, epoch))
  }

  holds(epoch: number): boolean {
    return this.#current?.order.epoch === epoch && this.#current.holds
  }

  unaligned(epoch: number): boolean {
    return this.#unaligned.has(epoch)
  }

  takes(epoch: number): boolean {
    return this.#current?.order.epoch === epoch
  }

  takeLast(cut: TaskCut, released: () => void): void {
    const name = nameOf(cut)
    const last = { cut, released, done: false, preparing: undefined }
    this.#lasts.set(name, last)
    if (this.#current !== undefined && !this.#current.begun.has(name))
      this.#shareLast(this.#current, name, last)
    if (this.#lasts.size === this.#tasks.length) this.#setting.post({ type: 'allLast' })
  }

  /** The share of a task that waits at its end, or is gone. */
  #shareLast(current: Current, name: string, last: Last): void {
    current.last.add(name)
    const { cut } = last
    const prepared = last.done ? nothing : this.#prepareLast(current, last)
    const share = this.#share(current, cut, prepared)
    if (share !== undefined) this.#inBackground(share)
  }

  /** One checkpoint after the other: no task waits at its end between two. */
  #prepareLast(current: Current, last: Last): Prepared | Promise<Prepared> {
    const { cut, preparing } = last
    const begin = () => (this.#current === current ? prepare(cut, current.order.epoch) : nothing)
    const prepared = preparing === undefined ? begin() : preparing.then(begin)
    if (prepared instanceof Promise) last.preparing = prepared.catch(() => {})
    return prepared
  }

  #share(
    current: Current,
    cut: TaskCut,
    prepared: Prepared | Promise<Prepared>,
  ): Promise<void> | undefined {
    const name = nameOf(cut)
    current.begun.add(name)
    const write = (ready: Prepared): void => {
      // It was given up meanwhile.
      if (this.#current !== current) return
      this.#write(current, cut, ready)
      current.taken.add(name)
      this.#closeWhenAllHave()
    }
    if (prepared instanceof Promise) return prepared.then(write)
    write(prepared)
    return undefined
  }

  /** Behind those of the checkpoint before. */
  #commit(epoch: number, current: Current): Promise<void> {
    this.#commits = this.#commits.then(async () => {
      const cuts = this.#tasks.map((task) => task.cut())
      const open = cuts.filter((cut) => this.#lasts.get(nameOf(cut))?.done !== true)
      await Promise.all(open.map((cut) => commit(cut, epoch)))
      this.#done(current)
    })
    return this.#commits
  }

  /** Work of sinks that no task waits for. Its failure ends the job. */
  #inBackground(work: Promise<void>): void {
    this.#pending++
    const done = work
      .catch((error: unknown) => this.#setting.fail(error))
      .finally(() => {
        this.#pending--
        this.#setting.wake()
      })
    this.#background = Promise.all([this.#background, done]).then(() => {})
  }

  /** Everything that it holds is visible. */
  #done({ last: names, order }: Current): void {
    for (const name of names) {
      const last = this.#lasts.get(name)!
      last.done = true
      last.released()
    }
    if (order.suspend) this.#setting.post({ type: 'suspended' })
  }

  #write(
    current: Current,
    { chain, operators, timed, source, subtask, parallelism, pushed, inFlight }: TaskCut,
    prepared: Prepared,
  ): void {
    const { part, last } = current
    for (const [node, records] of pushed) current.pushed.set(node, records)
    try {
      writeInFlight(part, inFlight(), subtask)
      for (const cut of operators) {
        this.#writeOperator(current, cut, subtask, parallelism)
        const pending = prepared.get(cut.operator)
        if (pending === undefined) continue
        const section = part.section({ operator: stateId(cut.node), kind: 'sink', subtask })
        section.add(pending)
        section.end()
      }
      // At its end time holds nobody up any more.
      if (!last.has(nameOf({ chain, subtask }))) writeTime(part, timed, subtask)
      if (source === undefined) return
      const section = part.section({ operator: stateId(source.node), kind: 'source', subtask })
      const { open, ended, resumed } = source.positions
      for (const [partition, position] of resumed)
        section.add({ partition, position, resumed: true })
      for (const [partition, at] of open) section.add({ partition, position: { at } })
      for (const partition of ended) section.add({ partition, position: { ended: true } })
      section.end()
    } catch (error) {
      this.#decline(current, error)
    }
  }

  #slice(part: PartWriter): Slice {
    const { nowMs, sliceWork } = this.#setting.machine
    const end = nowMs() + SLICE_MS
    let work = 0
    return {
      spent(more) {
        work += more
        if (work < sliceWork) return false
        work = 0
        return part.full || nowMs() >= end
      },
    }
  }

  #awaitRoom(current: Current): void {
    if (current.waits) return
    current.waits = true
    void current.part.room().then(() => {
      current.waits = false
      this.#setting.wake()
    })
  }

  #writeOperator(
    { part, order, open }: Current,
    { node, operator, keyed, broadcast }: OperatorCut,
    subtask: number,
    parallelism: number,
  ): void {
    const id = stateId(node)
    if (keyed.used) {
      const { marks } = this.#markedOf(`${id}/${subtask}`, keyed.store)
      const { base, savepoint, epoch } = order
      const mark = base === undefined ? undefined : marks.get(base.epoch)
      const counts = () => keyed.store.countsSince(mark!)
      const whole =
        mark === undefined
          ? 'everything'
          : whatToWrite({ base, operator: id, subtask, parallelism, savepoint, counts })
      const header = { operator: id, kind: 'keyed', subtask } as const
      const section = part.section(
        whole === 'everything' ? header : { ...header, since: base!.epoch, whole },
      )
      const range = whole === 'everything' ? undefined : { since: mark!, whole }
      const cut = keyed.store.cut((item, early) => section.addEncodable(item, early), range)
      open.add(section, [cut])
      if (!savepoint) marks.set(epoch, cut.mark)
      const timers = part.section({ operator: id, kind: 'timers', subtask })
      const ofTimers = keyed.cutTimers(({ group, key, domain, at }) =>
        timers.add({ group, key, queue: domain, at }),
      )
      open.add(timers, ofTimers)
    }
    const state: OperatorState = { own: operator.snapshot?.(), broadcast: broadcast.snapshot() }
    if (state.own === undefined && Object.keys(state.broadcast).length === 0) return
    const section = part.section({ operator: id, kind: 'operator', subtask })
    section.add(state)
    section.end()
  }

  #markedOf(name: string, store: KeyedStore): MarkedStore {
    let marked = this.#stores.get(name)
    if (marked === undefined) {
      marked = { store, marks: new Map() }
      this.#stores.set(name, marked)
    }
    return marked
  }

  #forgetMarksBefore(epoch: number): void {
    for (const { store, marks } of this.#stores.values()) {
      for (const [old, mark] of [...marks]) {
        if (old >= epoch) continue
        marks.delete(old)
        store.forget(mark)
      }
    }
  }

  #closeWhenAllHave(): void {
    const current = this.#current
    if (current === undefined || current.closing !== undefined) return
    if (current.taken.size < this.#tasks.length) return
    const { pushed } = current
    const { epoch, shared } = current.order
    if (shared && !current.held) {
      current.held = true
      this.#setting.post({ type: 'held', epoch })
    }
    if (!current.open.none) return
    current.closing = current.part.close().then(
      (part) => this.#setting.post({ type: 'taken', epoch, part, pushed }),
      (error: unknown) => this.#decline(current, error),
    )
  }

  #decline(current: Current, error: unknown): void {
    this.#setting.post({ type: 'declined', epoch: current.order.epoch, error: errorToData(error) })
    if (this.#current === current) void this.#giveUp()
  }

  /** Settles when nothing is written any more; never rejects. */
  #giveUp(): Promise<void> | undefined {
    const current = this.#current
    this.#current = undefined
    current?.open.abandon()
    return current?.closing ?? current?.part.abort().catch(() => {})
  }
}

/** By operator: what it has made durable for a checkpoint. */
type Prepared = ReadonlyMap<Operator, unknown>

const nothing: Prepared = new Map()

/** One section for each operator that records are on their way to. */
function writeInFlight(part: PartWriter, all: Iterable<InFlight>, subtask: number): void {
  const sections = new Map<GraphNode, SectionWriter<unknown>>()
  for (const { node, records } of all) {
    let section = sections.get(node)
    if (section === undefined) {
      section = part.section({ operator: stateId(node), kind: 'in-flight', subtask })
      sections.set(node, section)
    }
    for (const record of records) section.add(record)
  }
  for (const section of sections.values()) section.end()
}

function writeTime(part: PartWriter, timed: TaskCut['timed'], subtask: number): void {
  for (const one of timed) {
    const section = part.section({ operator: stateId(one.node), kind: 'time', subtask })
    section.add(one.snapshot())
    section.end()
  }
}

function isSink({ operator }: OperatorCut): boolean {
  return operator.prepare !== undefined
}

/** Has the sinks of a subtask make durable what they have taken in. */
function prepare(cut: TaskCut, epoch: number): Prepared | Promise<Prepared> {
  const sinks = cut.operators.filter(isSink)
  if (sinks.length === 0) return nothing
  const calls = sinks.map(async ({ node, operator }) => {
    const pending = await placed(node, cut, () => operator.prepare!(epoch))
    return [operator, pending] as const
  })
  return Promise.all(calls).then((entries) => new Map(entries))
}

/** Has the sinks of a subtask make visible what belongs to a checkpoint that is complete. */
async function commit(cut: TaskCut, epoch: number): Promise<void> {
  const calls = cut.operators.map(({ node, operator }) =>
    placed(node, cut, () => operator.commit?.(epoch)),
  )
  await Promise.all(calls)
}

/** What a sink throws, as an error that says which operator it was. */
async function placed<R>(
  { name }: GraphNode,
  { subtask }: TaskCut,
  call: () => Awaitable<R>,
): Promise<R> {
  try {
    return await call()
  } catch (error) {
    throw asStreamError(error, name, subtask)
  }
}

function nameOf({ chain, subtask }: Pick<TaskCut, 'chain' | 'subtask'>): string {
  return `${chain}/${subtask}`
}
