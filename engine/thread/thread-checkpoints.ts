import { errorToData } from '../../codec/errors.ts'
import type { KeyedStore } from '../../operators/contract/keyed-store.ts'
import type { CheckpointSite, PartWriter } from '../checkpoint/contract.ts'
import { shouldBeFull } from '../checkpoint/full-or-delta.ts'
import { stateId } from '../graph/state-id.ts'
import type { CheckpointTaker, OperatorCut, TaskCut } from '../task/task-cut.ts'
import type { CheckpointOrder, FromWorker } from './control.ts'
import type { OperatorState } from './restore-state.ts'

/** A task as a thread's checkpoints see it. */
export interface CheckpointedTask {
  readonly begins: boolean
  trigger(epoch: number, suspend: boolean): void
}

/** What the checkpoints of a thread need of it. */
export interface CheckpointingThread {
  readonly thread: number
  openSite(directory: string): CheckpointSite
  post(message: FromWorker): void
  /** Wakes the thread's loop. */
  wake(): void
}

/** A checkpoint that this thread takes part in. */
interface Current {
  readonly order: CheckpointOrder
  readonly part: PartWriter
  /** Tasks that have had their share. */
  readonly taken: Set<string>
  /** Those that will have none any more, whose last one it holds. */
  readonly last: Set<string>
  closing: boolean
}

interface MarkedStore {
  readonly store: KeyedStore
  readonly marks: Map<number, number>
}

interface Last {
  readonly cut: TaskCut
  readonly released: () => void
}

/**
 * One thread's share in the checkpoints of its job: writes what its subtasks hand over into one part each time, and tells the
 * coordinator when all of them have. What a subtask hands over is encoded before the call returns; files are written
 * in the background.
 */
export class ThreadCheckpoints implements CheckpointTaker {
  readonly #setting: CheckpointingThread
  #tasks: readonly CheckpointedTask[] = []
  #current: Current | undefined
  readonly #lasts = new Map<string, Last>()
  /** By operator and subtask: its store, and the marks drawn in it, by epoch. */
  readonly #stores = new Map<string, MarkedStore>()

  constructor(setting: CheckpointingThread) {
    this.#setting = setting
  }

  /** Whether files are being written: the thread's event loop must run. */
  get writing(): boolean {
    return this.#current !== undefined && (this.#current.closing || this.#current.part.busy)
  }

  /** The tasks of this thread: known once they are built. */
  attach(tasks: readonly CheckpointedTask[]): void {
    this.#tasks = tasks
  }

  /**
   * The coordinator begins a checkpoint; one that was under way is given up. Told of before any barrier, which over a ring
   * may be faster than an order.
   */
  begin(order: CheckpointOrder): void {
    this.#giveUp()
    const { epoch, directory } = order
    const site = this.#setting.openSite(directory)
    const part = site.createPart({ epoch, thread: this.#setting.thread, number: 0 })
    this.#current = { order, part, taken: new Set(), last: new Set(), closing: false }
    this.#setting.post({ type: 'ready', epoch })
  }

  /** All workers know of it. */
  trigger(epoch: number): void {
    const current = this.#current
    if (current?.order.epoch !== epoch) return
    const { suspend } = current.order
    for (const [name, { cut }] of this.#lasts) {
      if (!current.taken.has(name)) this.#writeLast(name, cut)
    }
    for (const task of this.#tasks) if (task.begins) task.trigger(epoch, suspend)
    this.#closeWhenAllHave()
  }

  /** It is complete: what stood still until then goes on, and later ones may stand on it. */
  completed(epoch: number): void {
    const current = this.#current
    if (current?.order.epoch !== epoch) return
    this.#current = undefined
    for (const name of current.last) {
      this.#lasts.get(name)?.released()
    }
    if (!current.order.savepoint) this.#forgetMarksBefore(epoch)
  }

  /** It was given up. */
  aborted(epoch: number): void {
    if (this.#current?.order.epoch === epoch) this.#giveUp()
  }

  take(epoch: number, cut: TaskCut): void {
    const current = this.#current
    // The barrier of one that was given up meanwhile.
    if (current?.order.epoch !== epoch) return
    this.#write(current, cut)
    current.taken.add(nameOf(cut))
    this.#closeWhenAllHave()
  }

  takeLast(cut: TaskCut, released: () => void): void {
    const name = nameOf(cut)
    this.#lasts.set(name, { cut, released })
    if (this.#current !== undefined && !this.#current.taken.has(name)) {
      this.#writeLast(name, cut)
      this.#closeWhenAllHave()
    }
    if (this.#lasts.size === this.#tasks.length) this.#setting.post({ type: 'allLast' })
  }

  #writeLast(name: string, cut: TaskCut): void {
    const current = this.#current!
    this.#write(current, cut)
    current.taken.add(name)
    current.last.add(name)
  }

  #write(current: Current, { operators, source, subtask, parallelism }: TaskCut): void {
    const { part } = current
    try {
      for (const cut of operators) this.#writeOperator(current, cut, subtask, parallelism)
      if (source === undefined) return
      const section = part.section({ operator: stateId(source.node), kind: 'source', subtask })
      for (const [partition, at] of source.positions.open)
        section.add({ partition, position: { at } })
      for (const partition of source.positions.ended)
        section.add({ partition, position: { ended: true } })
      section.end()
    } catch (error) {
      this.#decline(current, error)
    }
  }

  #writeOperator(
    { part, order }: Current,
    { node, operator, keyed, broadcast }: OperatorCut,
    subtask: number,
    parallelism: number,
  ): void {
    const id = stateId(node)
    if (keyed.used) {
      const { marks } = this.#markedOf(`${id}/${subtask}`, keyed.store)
      const { base, savepoint, epoch } = order
      const mark = base === undefined ? undefined : marks.get(base.epoch)
      const full =
        mark === undefined || shouldBeFull({ base, operator: id, subtask, parallelism, savepoint })
      const header = { operator: id, kind: 'keyed', subtask } as const
      const section = part.section(full ? header : { ...header, since: base!.epoch })
      const entries = full ? keyed.store.entries() : keyed.store.changedSince(mark)
      for (const entry of entries) section.add(entry)
      section.end()
      if (!savepoint) marks.set(epoch, keyed.store.mark())
      const timers = part.section({ operator: id, kind: 'timers', subtask })
      for (const { group, key, domain, at } of keyed.timerEntries())
        timers.add({ group, key, queue: domain, at })
      timers.end()
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
    if (current === undefined || current.closing || current.taken.size < this.#tasks.length) return
    current.closing = true
    const { epoch } = current.order
    void current.part.close().then(
      (part) => this.#setting.post({ type: 'taken', epoch, part }),
      (error: unknown) => this.#decline(current, error),
    )
  }

  #decline(current: Current, error: unknown): void {
    this.#setting.post({ type: 'declined', epoch: current.order.epoch, error: errorToData(error) })
    if (this.#current === current) this.#giveUp()
  }

  #giveUp(): void {
    const current = this.#current
    this.#current = undefined
    if (current !== undefined && !current.closing) void current.part.abort().catch(() => {})
  }
}

function nameOf({ chain, subtask }: TaskCut): string {
  return `${chain}/${subtask}`
}
