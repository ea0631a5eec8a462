import { AdaptiveSpin } from '../ring/adaptive-spin.ts'
import type { Doorbell } from '../ring/doorbell.ts'
import type { Task } from '../task/task.ts'
import type { Machine } from './machine.ts'
import type { SettleWords } from './settle-words.ts'

/** A subtask's share before its neighbour on the thread has its turn. */
const TASK_BUDGET_MS = 1
/** The event loop runs at least so often. */
const TURN_MS = 10
/** While promises are pending, it runs more often. */
const BUSY_TURN_MS = 1
/** How long one blocking wait may last: the event loop must run now and then. */
const PARK_MS = 10
/** A thread idle for so long leaves the blocking wait for the event loop's own, which costs nothing. */
const SLEEP_AFTER_MS = 100
/** How often the users' gauges are asked, at most. */
const SAMPLE_MS = 100
/** A bound for waits that nothing but the doorbell should end. */
const SLEEP_MS = 60_000

/** All that promises have settled until now has been heard; much cheaper than a turn. */
const microtasks = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve))

/** How the thread of a loop may wait. */
export interface LoopSettings {
  readonly bell: Doorbell
  readonly spinMs: number
  /** Whether `Atomics.wait` may block this thread: never the calling thread of an inline job. */
  readonly mayBlock: boolean
  /** Where this thread, by its index, says that it is quiet. */
  readonly settle: SettleWords
  readonly thread: number
  readonly machine: Pick<Machine, 'nowMs' | 'turn' | 'park'>
  /** Whether files are being written, for which the event loop must run. */
  writing(): boolean
  /** Writes a slice of a snapshot; false: there is none, or no room for it. */
  writeSlice(): boolean
}

/**
 * Runs the tasks of one thread: each gets its budget in turn, sinks before sources, and so does a snapshot that is being
 * written; a thread without work spins for a while, where that pays, then parks at its doorbell.
 *
 * No wake-up is lost: the bell is read before the tasks look for work, the parking is announced before they
 * look once more, and the wait ends at once when the bell has changed since it was read.
 */
export class ThreadLoop {
  readonly #tasks: Task[]
  readonly #settings: LoopSettings
  readonly #spin: AdaptiveSpin
  /** How long the wait at hand may spin; 0 once it has. */
  #spinMs = 0
  #lastTurn = 0
  /** When the users' gauges are asked again: they may have changed since they were. */
  #sampleDueMs = Number.POSITIVE_INFINITY
  #cancelled = false
  /** How often `stepAll` has moved anything, modulo 2^32. */
  #activity = 0
  /** The last round of `settled` that this thread has looked at, and answered. */
  #asked = 0
  #answered = 0

  constructor(tasks: readonly Task[], settings: LoopSettings) {
    // Later chains lie downstream: emptied first, they leave room for what is upstream.
    this.#tasks = [...tasks].reverse()
    this.#settings = settings
    this.#spin = new AdaptiveSpin(settings.spinMs)
  }

  /** Ends the loop at its next turn; tasks are left as they are. */
  cancel(): void {
    this.#cancelled = true
    this.#settings.bell.ring()
  }

  /** Runs until all tasks have ended or `cancel` was called. Throws the failure of a task. */
  async run(): Promise<void> {
    const { nowMs } = this.#settings.machine
    const begunMs = nowMs()
    for (const { metrics } of this.#tasks) metrics.times.start(begunMs)
    try {
      await this.#run()
    } finally {
      const endedMs = nowMs()
      for (const { metrics } of this.#tasks) metrics.times.stop(endedMs)
    }
  }

  async #run(): Promise<void> {
    const {
      bell,
      machine: { nowMs },
    } = this.#settings
    let idleSince = Number.NaN
    /** Whether promises have been heard since a task has last moved. */
    let heard = false
    this.#lastTurn = nowMs()
    while (!this.#cancelled && this.#tasks.length > 0) {
      const seen = bell.read()
      const round = this.#round()
      if (this.#stepAll()) {
        if (this.#spinMs > 0) this.#spin.paid()
        this.#spinMs = 0
        idleSince = Number.NaN
        heard = false
        this.#settings.writeSlice()
        await this.#turnWhenDue()
        continue
      }
      if (this.#tasks.length === 0) break
      if (!heard && this.#asynchronous()) {
        heard = true
        await microtasks()
        continue
      }
      this.#answer(round)
      if (this.#settings.writeSlice()) {
        this.#spinMs = 0
        idleSince = Number.NaN
        await this.#turnWhenDue()
        continue
      }
      if (Number.isNaN(idleSince)) {
        idleSince = nowMs()
        this.#spinMs = this.#spin.begin()
      }
      await this.#idle(seen, nowMs() - idleSince)
    }
    if (!this.#cancelled) this.#settings.settle.end(this.#settings.thread, this.#activity)
  }

  /** Loaded before the tasks look for work: what they then do not find was not there when the round began. */
  #round(): number {
    const { round } = this.#settings.settle
    if (round === this.#asked) return round
    this.#asked = round
    for (const task of this.#tasks) task.askSource()
    return round
  }

  /** No task has moved since `round` was loaded. */
  #answer(round: number): void {
    if (round === this.#answered) return
    for (const task of this.#tasks) if (!task.quiet) return
    this.#sample()
    this.#answered = round
    this.#settings.settle.answer(this.#settings.thread, round, this.#activity)
  }

  /** True when any task has moved. */
  #stepAll(): boolean {
    const { nowMs } = this.#settings.machine
    let worked = false
    let now = nowMs()
    for (let i = 0; i < this.#tasks.length; i++) {
      const task = this.#tasks[i]
      const { times } = task.metrics
      times.begin(now)
      const progress = task.step(now + TASK_BUDGET_MS)
      if (progress !== 'idle') worked = true
      now = nowMs()
      if (progress === 'worked') times.worked(now)
      else if (progress === 'idle') times.rested(task.state)
      else {
        times.stop(now)
        this.#tasks.splice(i--, 1)
      }
    }
    if (worked) {
      this.#activity = (this.#activity + 1) | 0
      this.#sampleDueMs = Math.min(this.#sampleDueMs, now + SAMPLE_MS)
    }
    if (now >= this.#sampleDueMs) this.#sample()
    return worked
  }

  /** The users' gauges tell their values. */
  #sample(): void {
    this.#sampleDueMs = Number.POSITIVE_INFINITY
    for (const { metrics } of this.#tasks) metrics.sample()
  }

  async #turnWhenDue(): Promise<void> {
    const { machine } = this.#settings
    const everyMs = this.#asynchronous() ? BUSY_TURN_MS : TURN_MS
    if (machine.nowMs() - this.#lastTurn < everyMs) return
    await machine.turn()
    this.#lastTurn = machine.nowMs()
  }

  #asynchronous(): boolean {
    for (const task of this.#tasks) if (task.asynchronous) return true
    return this.#settings.writing()
  }

  async #idle(seen: number, idleMs: number): Promise<void> {
    const { bell, machine } = this.#settings
    if (idleMs < this.#spinMs) return
    if (this.#spinMs > 0) this.#spin.failed()
    this.#spinMs = 0
    await machine.turn()
    this.#lastTurn = machine.nowMs()
    bell.announce()
    try {
      // Between the announcement and this look, nothing can arrive unseen: see the class.
      if (!this.#cancelled && !this.#stepAll() && this.#tasks.length > 0)
        await this.#park(seen, idleMs)
    } finally {
      bell.retract()
    }
  }

  async #park(seen: number, idleMs: number): Promise<void> {
    const { bell, mayBlock, machine } = this.#settings
    const dueMs = Math.max(0, this.#dueMs() - machine.nowMs())
    if (mayBlock && !this.#asynchronous() && idleMs < SLEEP_AFTER_MS)
      bell.wait(seen, Math.min(PARK_MS, dueMs))
    else await machine.park(bell, seen, Math.min(SLEEP_MS, dueMs))
  }

  #dueMs(): number {
    let due = Number.POSITIVE_INFINITY
    for (const task of this.#tasks) {
      due = Math.min(due, task.dueMs)
      if (task.metrics.samples) due = Math.min(due, this.#sampleDueMs)
    }
    return due
  }
}
