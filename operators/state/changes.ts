import type { Key } from '../../codec/key.ts'
import { widened } from './widened.ts'

const ROOM_MIN = 16
/** The time of birth of a slot that nobody has. */
const UNBORN = 0xffffffff

/** Slots that have changed between two marks, each once; in the order of their first changes. */
export interface Span {
  readonly epoch: number
  slots: Int32Array
  count: number
  /** How many keys that were there at its beginning have changed, or gone. */
  replaced: number
}

/** A key that was removed, from a slot that it had been given in an earlier epoch. */
interface Removal {
  readonly key: Key
  readonly born: number
  readonly epoch: number
}

/** Who is told of a slot before it changes for the first time behind a mark. */
export interface BeforeChange {
  before(slot: number): void
}

/**
 * Which slots of a store have changed since which mark. An epoch lies between two marks; a mark is the number of the epoch
 * that it ends. A change costs a comparison; the first one of a slot in its epoch, an entry in a list, so that what has
 * changed is found without looking at what has not.
 */
export class Changes {
  /** By slot: the epoch of its last change. */
  #stamps = new Uint32Array(ROOM_MIN)
  /** By slot: the epoch in which its key has got it. */
  #born = new Uint32Array(ROOM_MIN)
  #epoch = 0
  #span = newSpan(0)
  /** Those before, oldest first. */
  #spans: Span[] = []
  #removals: Removal[] = []
  watcher: BeforeChange | undefined

  /** Has room for slots below `slots`. */
  grow(slots: number): void {
    if (slots <= this.#stamps.length) return
    const room = Math.max(slots, 2 * this.#stamps.length)
    this.#stamps = widened(this.#stamps, new Uint32Array(room))
    this.#born = widened(this.#born, new Uint32Array(room))
  }

  /** A slot is about to change. */
  touch(slot: number): void {
    if (this.#stamps[slot] !== this.#epoch) this.#change(slot)
  }

  /** A slot has been given to a key. */
  add(slot: number): void {
    this.#born[slot] = this.#epoch
    this.touch(slot)
  }

  /** A slot is about to be taken from its key. One that came after the last mark leaves no trace. */
  remove(slot: number, key: Key): void {
    const born = this.#born[slot]
    if (born < this.#epoch) {
      this.#removals.push({ key, born, epoch: this.#epoch })
      if (this.#stamps[slot] !== this.#epoch) this.#span.replaced++
    }
    this.#born[slot] = UNBORN
  }

  mark(): number {
    this.#spans.push(this.#span)
    let kept = 0
    for (const { count } of this.#spans) kept += count
    // Only where checkpoint after checkpoint fails.
    if (kept > 2 * this.#stamps.length) this.#compact()
    const mark = this.#epoch++
    this.#span = newSpan(this.#epoch)
    return mark
  }

  /** Whether a slot has changed since a mark. */
  changed(slot: number, mark: number): boolean {
    return this.#stamps[slot] > mark
  }

  /** Those since a mark, up to the latest one. A slot counts in the last one that it is in; some of them are free by now. */
  since(mark: number): readonly Span[] {
    return this.#spans.filter(({ epoch }) => epoch > mark)
  }

  /** Whether the last change of a slot so far was in an epoch. */
  lastIn(slot: number, epoch: number): boolean {
    return this.#stamps[slot] === epoch
  }

  /** Keys that were there at a mark and have been removed since; some of them have come again. */
  *removedSince(mark: number): Iterable<Key> {
    for (const { key, born, epoch } of this.#removals) if (epoch > mark && born <= mark) yield key
  }

  /** How many keys that were there at a mark have changed, or gone, since: at most, where others were drawn since. */
  replacedSince(mark: number): number {
    let { replaced } = this.#span
    for (const span of this.#spans) if (span.epoch > mark) replaced += span.replaced
    return replaced
  }

  /** Nobody will ask for marks up to this one. */
  forget(mark: number): void {
    this.#removals = this.#removals.filter(({ epoch }) => epoch > mark)
    this.#spans = this.#spans.filter(({ epoch }) => epoch > mark)
  }

  #change(slot: number): void {
    // Before it counts as changed: who is told may ask.
    this.watcher?.before(slot)
    this.#stamps[slot] = this.#epoch
    const span = this.#span
    if (span.count === span.slots.length)
      span.slots = widened(span.slots, new Int32Array(2 * span.count))
    span.slots[span.count++] = slot
    if (this.#born[slot] < this.#epoch) span.replaced++
  }

  /** Each slot stays in the list of its last change only. */
  #compact(): void {
    for (const span of this.#spans) {
      const slots = span.slots.subarray(0, span.count)
      span.slots = slots.filter((slot) => this.#stamps[slot] === span.epoch)
      span.count = span.slots.length
    }
  }
}

function newSpan(epoch: number): Span {
  return { epoch, slots: new Int32Array(ROOM_MIN), count: 0, replaced: 0 }
}
