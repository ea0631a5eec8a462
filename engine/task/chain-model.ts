import type { StreamError } from '../../codec/errors.ts'
import type { RecordBatch, RecordCursor } from '../../codec/record-codec.ts'
import type { RuntimeContext } from '../../operators/contract/context.ts'
import type { Collector, OutputTag } from '../../operators/contract/function.ts'
import type { Operator, OperatorShape, RecordScope } from '../../operators/contract/operator.ts'
import type { OutputPort } from '../channel/output-port.ts'
import type { ChainTime } from './chain-time.ts'
import type { ErrorGate } from './error-gate.ts'
import type { PromiseGate } from './promise-gate.ts'

/** Where an output of an operator leads: a call of the next operator of the chain, or an exchange. */
export type Target =
  | {
      readonly type: 'call'
      readonly to: number
      readonly input: number
      /** Whether the record's key ends here: as over an exchange, it does not go into a stream that is not keyed. */
      readonly dropsKey: boolean
      readonly checked: boolean
      /** Strict mode's view on a record, where the next operator reads views. */
      readonly guard?: GuardRecord | undefined
    }
  | { readonly type: 'send'; readonly port: OutputPort }

/**
 * What an operator may do with views (`read: 'view'`):
 *
 * - `reads`: its functions get views; what they emit is materialized.
 * - `passes`: the same, and it emits the views that it gets.
 *
 * All others get plain objects in the place of views, because they may keep what they get.
 */
export type ViewReading = 'reads' | 'passes'

/** Makes a view that is ended with its call. */
export type GuardRecord = (record: unknown) => unknown

/** What an operator of a chain emits through; the compiler sets where that leads. */
export class ChainCollector implements Collector {
  main: (value: unknown) => void = () => {}
  readonly ports = new Map<string, (value: unknown) => void>()

  collect(value: unknown): void {
    if (value !== null && value !== undefined) this.main(value)
  }

  collectTo(tag: OutputTag<unknown>, value: unknown): void {
    if (value !== null && value !== undefined) this.ports.get(`tag:${tag.id}`)?.(value)
  }
}

/** One operator of a chain on one subtask, as the compiler sees it. */
export interface ChainOperator {
  readonly name: string
  readonly shape: OperatorShape | 'source'
  readonly operator: Operator
  readonly ctx: RuntimeContext
  readonly out: ChainCollector
  readonly counters: Float64Array
  readonly errors: ErrorGate
  /** Whether a failed record may wait for its retry (a backoff): records behind it then queue up. */
  readonly holds: boolean
  /** For shapes `sink` and `async`. */
  readonly gate: PromiseGate | undefined
  /** Undefined: it gets no views. */
  readonly reading?: ViewReading | undefined
  /** Its broadcast states, and the inputs that write to them; undefined: it has none. */
  readonly broadcast: BroadcastTarget | undefined
  /** By port: `main`, `dead-letters`, `tag:<id>`. */
  readonly targets: ReadonlyMap<string, readonly Target[]>
}

/** Which records of an operator may change its broadcast states. */
export interface BroadcastTarget {
  readonly inputs: ReadonlySet<number>
  readonly states: { writable: boolean }
}

/** A way into a chain: records of a source, or of one input of one of its operators. */
export interface ChainEntry {
  readonly to: number
  readonly input: number
  /** Whether records come with keys. */
  readonly keyed: boolean
  /** Whether they come with timestamps: with watermarks too (over a ring), or without (of a source). */
  readonly timestamps: 'with-watermarks' | 'alone' | undefined
  /** Whether they may be derived from an `ask`. */
  readonly asked: boolean
  /** Whether the maker of the records keeps them: strict mode then copies before it freezes. */
  readonly sharesRecords: boolean
  /** How records become views: read where they lie, or (strict) guarded. */
  readonly views?: EntryViews | undefined
}

/** How the records of an entry become views. */
export type EntryViews =
  | { readonly type: 'in-place'; readonly cursor: RecordCursor }
  | { readonly type: 'guarded'; readonly guard: GuardRecord }

/** What a compiled chain reads and writes at every record. */
export interface ChainState {
  readonly scope: RecordScope
  /** Set when no further input should be taken: a ring is full, a sink is busy, a retry waits. */
  pressed: boolean
  /** Told by compiled text of watermarks that come with records. Set before the chain is compiled. */
  time: ChainTime | undefined
  /**
   * For a chain in a feedback loop: whether its operators have had the end of their input, and what still comes is late.
   * Undefined: it is in none.
   */
  late: boolean | undefined
  /** The failure that ends the job. User code between it and the task may catch it, but cannot undo it. */
  fatal: StreamError | undefined
}

/** Passes records `from` to `to` of a batch into the chain; returns the index of the first one not taken. */
export type RunBatch = (batch: RecordBatch, from: number, to: number) => number

/** A chain compiled into functions of its own. */
export interface CompiledChain {
  /** By entry index. */
  readonly run: readonly RunBatch[]
  /** By operator: as if the operator had emitted `value` on its main port. */
  readonly emit: readonly ((value: unknown) => void)[]
  /** By operator: as if a call with `value` had returned `result`. */
  readonly after: readonly ((result: unknown, value: unknown) => void)[]
}
