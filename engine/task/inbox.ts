import { StreamError } from '../../codec/errors.ts'
import { newBatch, type RecordBatch } from '../../codec/record-codec.ts'
import type { GraphNode } from '../graph/node.ts'
import {
  type InFlight,
  type InFlightRecord,
  inFlightOf,
  type RestoredBatch,
  type WayIn,
} from './in-flight.ts'
import type { TaskInput } from './task-input.ts'
import type { TaskParts } from './task-parts.ts'

/** Records that a checkpoint gives back are worked on in batches of so many. */
const RESTORED_BATCH = 1024

/** What a look for input found. `'barrier'`: of checkpoint `heard`. */
export type Taken = 'records' | 'time' | 'barrier' | 'empty' | 'ended'

/**
 * What has come in and waits to be worked on: the batch at hand; before all else what a checkpoint has given back; then what the
 * source gives, or the rings in turn.
 */
export class Inbox {
  readonly #parts: TaskParts
  readonly batch: RecordBatch = newBatch()
  /** Where its records go into the chain. */
  entry = 0
  /** The first that was not worked on. */
  next = 0
  /** Whether watermarks came with it. */
  timestamped = false
  /** Whether it has come round a feedback loop. */
  cameRound = false
  /** The checkpoint whose barrier was found last. */
  heard = 0
  /** Where it has come in; undefined: from the source. */
  #way: WayIn | undefined
  #inPlace = false
  #turn = 0
  readonly #restored: RestoredBatch[] = []

  constructor(parts: TaskParts) {
    this.#parts = parts
  }

  /** Whether something is left of the batch. */
  get open(): boolean {
    return this.next < this.batch.count
  }

  /** Whether a checkpoint has given back what was not taken yet. */
  get hasRestored(): boolean {
    return this.#restored.length > 0
  }

  /** Whether the batch lies in a ring still. */
  get readsInPlace(): boolean {
    return this.#inPlace && this.open
  }

  /** Whether the batch must be worked on to its end: it cannot be given to a checkpoint as it is. */
  get whole(): boolean {
    return this.#way === undefined || this.#inPlace
  }

  /** The next batch, once the one at hand has been worked on. Inputs that have come to the barrier of `epoch` wait; 0: none. */
  take(epoch: number): Taken {
    const found = this.#find(epoch)
    if (found === 'records') this.next = 0
    return found
  }

  #find(epoch: number): Taken {
    if (this.#restored.length > 0) return this.#takeRestored(this.#restored.shift()!)
    return this.#parts.source === undefined ? this.#poll(epoch) : this.#pull()
  }

  /** The next frame of any input, in turn. */
  #poll(epoch: number): Taken {
    const { inputs, time, timed, loop } = this.#parts
    // Behind its barrier what circulates waits for that of the ordinary inputs.
    const full = loop !== undefined && epoch === 0 && loop.member.full
    let open = false
    let ended = false
    for (let i = 0; i < inputs.length; i++) {
      const input = inputs[this.#turn]
      this.#turn = (this.#turn + 1) % inputs.length
      const { channel } = input
      const over = channel.ended
      // Behind its barrier, an input waits for the others.
      if (epoch !== 0 && channel.epoch >= epoch && !over) {
        open = true
        continue
      }
      if (full && input.loop === undefined && !over) {
        open = true
        continue
      }
      // Before this task has had its end, what lies behind it waits.
      if (loop?.isOver(input) === true) continue
      const polled = channel.poll(this.batch)
      if (polled === 'records') {
        this.#select(input)
        return 'records'
      }
      if (polled === 'barrier') {
        this.heard = channel.epoch
        return 'barrier'
      }
      if (polled === 'time') {
        time.touch()
        return 'time'
      }
      if (polled === 'empty') open = true
      else if (!over) ended = true
    }
    if (!open) return 'ended'
    // Time no longer waits for a channel that has ended.
    if (ended && timed) time.touch()
    return ended && timed ? 'time' : 'empty'
  }

  #select({ channel, entry, way, inPlace, timestamped, loop }: TaskInput): void {
    const { time, timed, generators } = this.#parts
    this.entry = entry
    this.#way = way
    this.#inPlace = inPlace
    this.cameRound = loop === 'round'
    this.timestamped = timestamped
    if (timed) time.select(channel)
    for (const generator of generators) generator.select('')
  }

  #pull(): Taken {
    const { source, operators } = this.#parts
    try {
      const pulled = source!.pull()
      if (pulled !== 'records') return pulled === 'ended' ? 'ended' : 'empty'
      this.#way = undefined
      this.entry = 0
      this.batch.values = source!.records
      this.batch.count = source!.records.length
      if (source!.timestamps !== undefined) this.batch.timestamps = source!.timestamps as number[]
    } catch (error) {
      operators[0].errors.giveUp(error, undefined, 1)
      this.batch.count = 0
    }
    return 'records'
  }

  /** There are no records at present: in time, what waits for them is idle. */
  growQuiet(): void {
    const { generators, source, clock, time } = this.#parts
    if (generators.length === 0) return
    if (source === undefined) for (const one of generators) one.quiet('', clock.now())
    time.touch()
  }

  // --- what a checkpoint holds of it ----------------------------------------------------------

  /**
   * Takes what belongs to the checkpoint `epoch` out of the rings, unworked: whoever sends here then has room for its barrier.
   * True when anything was there.
   */
  takeAhead(epoch: number): boolean {
    let moved = false
    for (const { channel, fromMain } of this.#parts.inputs) {
      if (!this.readsInPlace && channel.takeAhead(epoch, fromMain)) moved = true
    }
    return moved
  }

  /** Whether all that belongs to it has been taken out of the rings. */
  hasTaken(epoch: number): boolean {
    return this.#parts.inputs.every(({ channel, fromMain }) => channel.hasTaken(epoch, fromMain))
  }

  /** What has not been worked on, but for what lies in the rings. */
  *inFlight(): Iterable<InFlight> {
    if (this.#way !== undefined && this.open) yield inFlightOf(this.#way, this.batch, this.next)
    for (const { way, batch } of this.#restored) yield inFlightOf(way, batch)
    for (const { channel, way } of this.#parts.inputs) {
      for (const batch of channel.waitingAhead(newBatch())) yield inFlightOf(way, batch)
    }
  }

  /**
   * Takes back what a checkpoint held that was on its way to `node`: for one operator of the chain after the other, since what
   * was on its way to a later one is ahead, and comes first.
   *
   * @throws StreamError `SAGE_CHECKPOINT_INCOMPATIBLE`, `SAGE_RESCALE`: the program has no such way any more
   */
  restore(node: GraphNode, records: Iterable<InFlightRecord>): void {
    const own: RestoredBatch[] = []
    for (const record of records) {
      const { entry, way } = this.#entryFor(node, record)
      let last = own.at(-1)
      if (last?.entry !== entry || last.batch.count >= RESTORED_BATCH) {
        last = { entry, way, batch: newBatch() }
        own.push(last)
      }
      const { batch } = last
      batch.values.push(record.value)
      batch.keys.push(record.key)
      batch.timestamps.push(record.timestamp ?? Number.NaN)
      batch.count++
    }
    this.#restored.unshift(...own)
  }

  #entryFor(node: GraphNode, { edge, combined = false }: InFlightRecord) {
    const found = this.#parts.restored.find(({ way }) => way.node === node && way.edge === edge)
    if (found?.way.combined === combined) return found
    const code = found === undefined ? 'SAGE_CHECKPOINT_INCOMPATIBLE' : 'SAGE_RESCALE'
    const what = found === undefined ? `an input ${edge}` : 'its input pre-reduced as before'
    throw new StreamError(
      code,
      `the checkpoint holds records on their way to operator '${node.name}': expected it to have ${what}; ` +
        'a savepoint, or one of mode aligned, holds none but what goes round loops',
    )
  }

  #takeRestored({ entry, way, batch }: RestoredBatch): 'records' {
    const { time, timed, generators } = this.#parts
    const { count, values, keys, timestamps } = batch
    Object.assign(this.batch, { count, values, keys, timestamps, asked: false })
    this.entry = entry
    this.#way = way
    this.#inPlace = false
    this.cameRound = false
    this.timestamped = false
    if (timed) time.select(undefined)
    for (const generator of generators) generator.select('')
    return 'records'
  }
}
