import { StreamError } from '../../codec/errors.ts'
import type { Arena } from '../ring/arena.ts'
import { CANCELLED, CHOOSING, ISSUED, PARKED, SLOTS, slotOffset, TICKET } from './layout.ts'

/** How long a thread waits for its turn before its call fails, and once the job is cancelled. */
const WAIT_MS = 30_000
const CANCELLED_WAIT_MS = 1_000

/** How often a word is looked at before the thread sleeps: a few microseconds. */
const SPINS = 500

/** How long one sleep lasts at most: then it is looked whether the job goes on. */
const SLEEP_MS = 20
/** Choosing takes some loads and stores: who finds it under way waits for a thread that has no processor. */
const CHOOSING_SLEEP_MS = 1

/**
 * The lock of a job's shared state: first come, first served; it survives the death of any thread.
 *
 * It is Lamport's bakery. Who comes takes a ticket greater than all that it sees, then waits until no thread has a
 * smaller one (of equal ones, whose slot is smaller). Each thread writes the words of its own slot only; so what a dead
 * thread has left, whether it held the lock, waited or was choosing, is put right by setting them to 0: `bury`.
 *
 * Why two never hold it: while one chooses, nobody passes by it; and once it has chosen, who chooses later sees its
 * ticket and takes a greater one. Tickets count modulo 2^32; those in use at one time lie close together, since
 * nobody passes by one that is choosing, and since a ticket is greater than `issued` too when nobody waits.
 *
 * Turns in order have a price where there are more threads than processors: each turn may have to wake its thread.
 *
 * A waiter sleeps at the ticket of the one it waits for. It first adds itself to `parked`, then looks at the ticket
 * again; who releases first clears its ticket, then looks at `parked`. So either the waiter sees the release, or it
 * is notified.
 */
export class SharedLock {
  readonly #i32: Int32Array
  readonly #slot: number
  readonly #slots: number
  readonly #choosing: number
  readonly #ticket: number
  readonly #waitMs: number
  /** Of the call at hand; 0 until it sleeps. */
  #deadline = 0
  /** The ticket that is waited for, and where it lies. */
  #ahead = 0
  #aheadTicket = 0

  /** `waitMs` is how long a thread waits before `acquire` throws. */
  constructor({ i32 }: Arena, slot: number, waitMs = WAIT_MS) {
    this.#i32 = i32
    this.#slot = slot
    this.#slots = i32[SLOTS >> 2]
    this.#choosing = (slotOffset(slot) + CHOOSING) >> 2
    this.#ticket = (slotOffset(slot) + TICKET) >> 2
    this.#waitMs = waitMs
  }

  /**
   * Waits for its turn. To be called by the slot's own thread, which does not hold the lock. A calling thread that
   * may not block is alone: its job has no other threads.
   *
   * @throws StreamError `SAGE_TIMEOUT`: another thread holds it for too long; this one waits no more
   */
  acquire(): void {
    const i32 = this.#i32
    // Makes visible: nobody passes by from here on.
    Atomics.store(i32, this.#choosing, 1)
    const ticket = this.#nextTicket()
    Atomics.store(i32, ISSUED >> 2, ticket)
    Atomics.store(i32, this.#ticket, ticket)
    Atomics.store(i32, this.#choosing, 0)
    this.#deadline = 0
    try {
      for (let slot = 0; slot < this.#slots; slot++) this.#letChoose(slot)
      while (this.#findAhead(ticket)) this.#waitForAhead()
    } catch (error) {
      // Out of time, or out of stack: nobody waits for who does not wait.
      this.release()
      throw error
    }
  }

  /** To be called by the holder. */
  release(): void {
    // Makes visible: all that was written under the lock.
    Atomics.store(this.#i32, this.#ticket, 0)
    if (Atomics.load(this.#i32, PARKED >> 2) !== 0) Atomics.notify(this.#i32, this.#ticket)
  }

  /** Gives free what a thread that has ended held or waited for. Called by who knows that it has ended. */
  static bury({ i32 }: Arena, slot: number): void {
    const at = slotOffset(slot)
    Atomics.store(i32, (at + CHOOSING) >> 2, 0)
    Atomics.notify(i32, (at + CHOOSING) >> 2)
    Atomics.store(i32, (at + TICKET) >> 2, 0)
    Atomics.notify(i32, (at + TICKET) >> 2)
  }

  #nextTicket(): number {
    const i32 = this.#i32
    let last = Atomics.load(i32, ISSUED >> 2)
    for (let slot = 0; slot < this.#slots; slot++) {
      const ticket = Atomics.load(i32, (slotOffset(slot) + TICKET) >> 2)
      if (ticket !== 0 && ((ticket - last) | 0) > 0) last = ticket
    }
    return (last + 1) | 0 || 1
  }

  /** Waits while a thread takes its ticket, which may be smaller. */
  #letChoose(slot: number): void {
    const choosing = (slotOffset(slot) + CHOOSING) >> 2
    for (let spins = 0; Atomics.load(this.#i32, choosing) !== 0; spins++) {
      if (spins >= SPINS) this.#sleep(choosing, 1, CHOOSING_SLEEP_MS)
    }
  }

  /**
   * Finds the last one that comes before this ticket; false: none does. All others that come before are gone when that
   * one goes, so that a waiter is woken once.
   */
  #findAhead(ticket: number): boolean {
    let nearest = Number.NEGATIVE_INFINITY
    for (let slot = 0; slot < this.#slots; slot++) {
      const word = (slotOffset(slot) + TICKET) >> 2
      const other = Atomics.load(this.#i32, word)
      if (other === 0 || slot === this.#slot) continue
      const distance = (other - ticket) | 0
      if (distance > 0 || (distance === 0 && slot > this.#slot) || distance < nearest) continue
      this.#ahead = word
      this.#aheadTicket = other
      nearest = distance
    }
    return nearest !== Number.NEGATIVE_INFINITY
  }

  /** Waits until that one has gone. Its next ticket comes behind this one: only the one that was found counts. */
  #waitForAhead(): void {
    const word = this.#ahead
    const ticket = this.#aheadTicket
    for (let spins = 0; Atomics.load(this.#i32, word) === ticket; spins++) {
      if (spins >= SPINS) this.#sleep(word, ticket, SLEEP_MS)
    }
  }

  #sleep(word: number, seen: number, ms: number): void {
    const i32 = this.#i32
    Atomics.add(i32, PARKED >> 2, 1)
    Atomics.wait(i32, word, seen, ms)
    Atomics.sub(i32, PARKED >> 2, 1)
    const now = performance.now()
    if (this.#deadline === 0) this.#deadline = now + this.#waitMs
    if (Atomics.load(i32, CANCELLED >> 2) !== 0) {
      this.#deadline = Math.min(this.#deadline, now + CANCELLED_WAIT_MS)
    }
    if (now < this.#deadline) return
    throw new StreamError(
      'SAGE_TIMEOUT',
      `shared state: expected another thread to finish its call within ${this.#waitMs} ms; ` +
        'a function given to update() must be short',
    )
  }
}
