import { MAX_BATCH } from '../basic/process-batch.ts'
import { requireLambda } from '../contract/function-form.ts'
import type { StateColumn } from '../contract/keyed-store.ts'
import type {
  Operator,
  OperatorCall,
  OperatorContext,
  OperatorFactory,
  RecordAtFault,
  Room,
} from '../contract/operator.ts'
import { itemsOf } from '../contract/result-checks.ts'
import type { StreamState } from '../contract/stream-state.ts'
import { TimerService } from '../state/timer-service.ts'
import { type Aligner, type Alignment, alignerOf } from './alignment.ts'
import { SlotInputs } from './slot-inputs.ts'
import { emitHeld, StatePlace } from './state-place.ts'
import { QueueReaders, type StreamReader } from './stream-readers.ts'

/** What `process` of connected streams is. */
export interface ProcessSpec {
  readonly fn: unknown
  /** The names of the inputs, in order. */
  readonly names: readonly string[]
  /** Whether the inputs are dealt by key: the function then sees one key at a time. */
  readonly keyed: boolean
  /** How many records of each input a call sees at most. Aligned batches are whole. */
  readonly maxBatch?: number
  /** Default: records are ready when they arrive. */
  readonly alignment?: Alignment | undefined
}

type Process = (streams: readonly StreamReader<unknown>[], state: StreamState) => unknown

/**
 * Calls `fn(streams, state)` per micro-batch: the records that were at hand together, at most `maxBatch`
 * ({@link MAX_BATCH}) of each input; or, aligned, per batch of the alignment. What the function leaves unread stays for the next call. At
 * the end of input it is called once more; by key: for each key of which something was left unread.
 *
 * A call that fails has emitted nothing; what it had read is what its policy leaves out.
 */
export function processStreamsFactory(spec: ProcessSpec): OperatorFactory {
  requireLambda(spec.fn, 'process')
  const { alignment } = spec
  return {
    shape: 'process',
    serial: !spec.keyed,
    functions: alignment?.type === 'event' ? [spec.fn, alignment.isMarker] : [spec.fn],
    create: (context) => new ProcessStreams(spec, context),
  }
}

/** A call of the user's function that threw: it may be repeated, or is given up when the operator goes on without. */
interface FailedCall {
  readonly slot: number
  readonly inputs: SlotInputs
}

class ProcessStreams implements Operator {
  readonly call: readonly OperatorCall[]
  readonly #context: OperatorContext
  readonly #place: StatePlace
  readonly #process: Process
  readonly #aligner: Aligner | undefined
  readonly #timers: TimerService
  readonly #column: StateColumn<SlotInputs>
  readonly #readers: QueueReaders
  /** How many records of each input a call may see. */
  readonly #limit: number
  /** Slots for which a call is due. */
  readonly #due: number[] = []
  #state: StreamState | undefined
  /** The record at hand, for a call that failed before the function was called. */
  #input = 0
  #value: unknown
  #failed: FailedCall | undefined
  /** At the end of input: the slots that have not had their last call. */
  #ending: number[] | undefined

  constructor(spec: ProcessSpec, context: OperatorContext) {
    const { fn, names, keyed, alignment, maxBatch = MAX_BATCH } = spec
    this.#context = context
    this.#place = new StatePlace(context, keyed)
    this.#process = fn as Process
    this.#aligner = alignment && alignerOf(alignment, context)
    this.#limit = alignment === undefined ? maxBatch : Number.POSITIVE_INFINITY
    this.#timers = new TimerService(context, () => this.#onTimer())
    this.#readers = new QueueReaders(names)
    this.#column = context.keyed.store.column<SlotInputs>('unread', {
      encode: (inputs: SlotInputs) => inputs.toData(),
      decode: (data) => SlotInputs.of(data),
    })
    this.call = names.map(
      (_, input): OperatorCall =>
        (value) =>
          this.#take(input, value),
    )
  }

  endOfBatch(): Iterable<unknown> {
    this.#settleFailure()
    this.#runDue()
    return []
  }

  onWatermark(watermark: number, room: Room): boolean {
    this.#settleFailure()
    if (!this.#timers.onWatermark(watermark, room)) return false
    return watermark < Number.POSITIVE_INFINITY || this.#end(room)
  }

  again(): Iterable<unknown> {
    if (this.#failed === undefined) this.#take(this.#input, this.#value)
    else this.#run(this.#failed.slot)
    return []
  }

  gathered(): unknown {
    return this.#failed === undefined ? this.#value : this.#readers.read()
  }

  failedAt(): RecordAtFault | undefined {
    return this.#failed === undefined ? undefined : this.#readers.last
  }

  // --- records -------------------------------------------------------------------------------

  #take(input: number, value: unknown): void {
    this.#settleFailure()
    this.#input = input
    this.#value = value
    const slot = this.#place.slot()
    let inputs = this.#column.get(slot)
    if (inputs === undefined) {
      inputs = SlotInputs.empty(this.call.length)
      this.#column.set(slot, inputs)
    }
    if (this.#aligner === undefined) this.#takeReady(slot, inputs, input, value)
    else this.#takeAligned(this.#aligner, slot, inputs, input, value)
  }

  #takeReady(slot: number, inputs: SlotInputs, input: number, value: unknown): void {
    inputs.ready[input].push(value, this.#context.scope.timestamp)
    this.#column.touch(slot)
    if (++inputs.fresh < this.#limit) this.#becomeDue(slot, inputs)
    else this.#runInCall(slot)
  }

  #takeAligned(
    aligner: Aligner,
    slot: number,
    inputs: SlotInputs,
    input: number,
    value: unknown,
  ): void {
    let ready = false
    try {
      ready = aligner.take(inputs, slot, input, value)
    } finally {
      this.#keep(slot, inputs)
    }
    if (ready) this.#runInCall(slot)
  }

  #onTimer(): void {
    const slot = this.#place.find()
    this.#aligner!.release(this.#column.get(slot)!, slot)
    this.#run(slot)
  }

  // --- calls of the function -----------------------------------------------------------------

  #becomeDue(slot: number, inputs: SlotInputs): void {
    if (inputs.due) return
    inputs.due = true
    this.#due.push(slot)
  }

  #runDue(): void {
    for (let slot = this.#due.shift(); slot !== undefined; slot = this.#due.shift()) {
      if (this.#column.get(slot)?.due) this.#run(slot)
    }
  }

  /** What comes of many records answers none of them. */
  #runInCall(slot: number): void {
    const { scope } = this.#context
    const { ask } = scope
    scope.ask = 0
    try {
      this.#run(slot)
    } finally {
      scope.ask = ask
    }
  }

  #run(slot: number): void {
    const { ctx, scope } = this.#context
    const inputs = this.#column.get(slot)!
    inputs.due = false
    inputs.fresh = 0
    this.#place.enter(slot)
    this.#failed = { slot, inputs }
    this.#readers.open(inputs.ready, this.#limit)
    this.#state ??= ctx.shared()
    const results = itemsOf(this.#process(this.#readers.readers, this.#state), 'process')
    // Whole before the first is passed on: a generator that throws midway has emitted nothing.
    const whole = Array.isArray(results) ? results : [...results]
    const latest = Number.isNaN(this.#readers.latest) ? scope.watermark : this.#readers.latest
    this.#failed = undefined
    this.#readers.commit()
    this.#keep(slot, inputs)
    const timestamp = latest === Number.NEGATIVE_INFINITY ? Number.NaN : latest
    for (const result of whole) emitHeld(this.#context, timestamp, result)
  }

  /** The call that failed was not repeated, or in vain: what it had read is gone, the rest is read by another call. */
  #settleFailure(): void {
    if (this.#failed === undefined) return
    const { slot, inputs } = this.#failed
    this.#failed = undefined
    const moved = this.#readers.last !== undefined
    this.#readers.commit()
    if (moved && inputs.hasReady && this.#aligner === undefined) this.#becomeDue(slot, inputs)
    this.#keep(slot, inputs)
  }

  /** Keeps what a slot holds, or lets go of a key that holds nothing. */
  #keep(slot: number, inputs: SlotInputs): void {
    this.#column.touch(slot)
    if (!this.#place.keyed || inputs.due || !inputs.isEmpty) return
    this.#column.clear(slot)
    this.#place.store.release(slot)
  }

  // --- the end -------------------------------------------------------------------------------

  #end(room: Room): boolean {
    this.#runDue()
    this.#ending ??= this.#place.keyed ? this.#place.slots() : [this.#place.slot()]
    while (this.#ending.length > 0) {
      if (!room()) return false
      this.#endSlot(this.#ending, this.#ending[0])
    }
    return true
  }

  /** One of the last calls for this slot. */
  #endSlot(ending: number[], slot: number): void {
    const { keyed } = this.#place
    const inputs = this.#column.get(slot) ?? SlotInputs.empty(this.call.length)
    const batch = this.#aligner?.releaseLast(inputs) === true
    if (!batch) ending.shift()
    if (!batch && keyed && !inputs.hasReady) return
    this.#column.set(slot, inputs)
    this.#run(slot)
  }
}
