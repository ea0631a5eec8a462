import type { Random } from './random.ts'

/** Something that will happen. */
interface Pending {
  /** Whose work goes on by it. */
  readonly actor: string
  readonly dueMs: number
  readonly event: Event
}

/** How an actor ends: its process goes on without it, or ends with it. */
export type End = 'thread' | 'process'

/** What may happen to an actor. */
export interface Event {
  /** In how many milliseconds; Infinity: only when it is `ready`. */
  readonly ms: number
  /** For the trace. */
  what(): string
  run(): void
  /** Whether it happens before its time. */
  ready?(): boolean
  /** Its actor has ended before. */
  abandoned?(end: End): void
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

/**
 * All that happens in a simulation, one thing at a time: which of those that are due comes next, and what the time is, follows
 * from the seed. Code runs only by what happens here, as the work of one actor (a thread of the job), to the end of what it does
 * without waiting.
 */
export class Schedule {
  /** What has happened so far. */
  events = 0
  /** Tells what happens. */
  trace: ((line: string) => void) | undefined
  /** The wall clock's distance to the monotonic one. */
  wallOffsetMs = 1_700_000_000_000
  /** How much time may pass from one look at the clock to the next. */
  paceMs: number
  readonly #random: Random
  readonly #pending = new Set<Pending>()
  readonly #gone = new Set<string>()
  readonly #hung = new Set<string>()
  #nowMs = 0
  #actor = 'world'

  constructor(random: Random, paceMs: number) {
    this.#random = random
    this.paceMs = paceMs
  }

  /** Whose work it is that goes on at present. */
  get actor(): string {
    return this.#actor
  }

  get nowMs(): number {
    return this.#nowMs
  }

  /** A look at the monotonic clock: meanwhile time passes. */
  look(): number {
    this.#nowMs += this.#random.next() * this.paceMs
    return this.#nowMs
  }

  /** What is at work takes so long. */
  spend(ms: number): void {
    this.#nowMs += ms
  }

  /** A look at the wall clock, whole milliseconds. */
  wall(): number {
    return Math.floor(this.look() + this.wallOffsetMs)
  }

  /** Has something happen to the present actor, or to another. The function that it gives takes it back. */
  plan(event: Event, actor = this.#actor): () => void {
    if (!this.lives(actor) || !this.lives(this.#actor)) return () => {}
    const pending = { actor, dueMs: this.#nowMs + event.ms, event }
    this.#pending.add(pending)
    return () => void this.#pending.delete(pending)
  }

  /** Whether an actor still does anything, and hears anything. */
  lives(actor: string): boolean {
    return !this.#gone.has(actor)
  }

  /** A delay from 0 to `most` ms, more often a short one. */
  delay(most: number): number {
    return this.#random.next() ** 3 * most
  }

  /** The next thing happens; false when nothing ever will. */
  async step(): Promise<boolean> {
    const next = this.#choose()
    if (next === undefined) return false
    this.#pending.delete(next)
    const { actor, event } = next
    await this.happen(actor, event.what(), () => event.run())
    return true
  }

  /** Something happens to an actor now. */
  async happen(actor: string, what: string, work: () => void): Promise<void> {
    if (!this.lives(actor)) return
    this.events++
    this.trace?.(`${this.#nowMs.toFixed(3)} ${actor}: ${what}`)
    this.#actor = actor
    work()
    // All that promises have to say to each other is said before a turn of the event loop.
    await turn()
    this.#actor = 'world'
  }

  /** An actor does not return from what it is at: nothing happens to it before it ends. */
  hang(actor: string): void {
    this.#hung.add(actor)
  }

  /** An actor ends, wherever it is: nothing happens to it any more. */
  end(actor: string, end: End): void {
    this.#gone.add(actor)
    for (const pending of [...this.#pending]) {
      if (pending.actor !== actor) continue
      this.#pending.delete(pending)
      pending.event.abandoned?.(end)
    }
  }

  /** Whether something with a name like this is on its way. */
  awaits(what: string): boolean {
    for (const { event } of this.#pending) if (event.what().startsWith(what)) return true
    return false
  }

  #choose(): Pending | undefined {
    const due: Pending[] = []
    let earliest: Pending | undefined
    for (const pending of this.#pending) {
      if (this.#hung.has(pending.actor)) continue
      if (pending.dueMs <= this.#nowMs || pending.event.ready?.() === true) due.push(pending)
      if (earliest === undefined || pending.dueMs < earliest.dueMs) earliest = pending
    }
    if (due.length > 0) return this.#random.pick(due)
    if (earliest === undefined || earliest.dueMs === Number.POSITIVE_INFINITY) return undefined
    this.#nowMs = earliest.dueMs
    return earliest
  }
}
