import type { ResolvedErrorPolicy } from '../../operators/contract/error-policy.ts'
import type { RecordScope } from '../../operators/contract/operator.ts'

/** A record of a promise gate, from its arrival until what became of it has left. */
export class Flight implements RecordScope {
  value: unknown
  /** Index of the input it came through. */
  input = 0
  key: unknown
  timestamp = Number.NaN
  watermark = Number.NEGATIVE_INFINITY
  ask = 0
  /** How often the operator has been called with it. */
  attempts = 0
  /** Whether it may leave: `result` is what its call has given, or what it failed with. */
  settled = false
  failed = false
  result: unknown
  /** After a failure for good: what becomes of it. */
  then: ResolvedErrorPolicy['then'] = 'fail'
  /** After a failure: when it may be tried again, in ms of the monotonic clock. */
  dueMs = 0
  /** The records whose results may leave with its own: see `AsSettled`. */
  peers: Peers | undefined
  /** The next one in whatever list it stands in. */
  next: Flight | undefined
}

/** Records between two watermarks. */
export interface Peers {
  readonly watermark: number
  /** How many of them have not left. */
  count: number
  readonly ready: FlightList
  next: Peers | undefined
}

/** First in, first out. A flight stands in one list at a time. */
export class FlightList {
  first: Flight | undefined
  #last: Flight | undefined

  add(flight: Flight): void {
    flight.next = undefined
    if (this.first === undefined) this.first = flight
    else this.#last!.next = flight
    this.#last = flight
  }

  /** Takes the first one out. */
  take(): Flight {
    const flight = this.first!
    this.first = flight.next
    flight.next = undefined
    return flight
  }
}

/** In which order results leave. */
export interface ResultOrder {
  /** The call of a record is about to be made. */
  add(flight: Flight): void
  /** A flight that was added has settled. */
  settle(flight: Flight): void
  /** The flight to leave next, if it has settled. */
  readonly next: Flight | undefined
  /** The flight to leave next has left. */
  leave(): void
  /** The watermark that holds at the first record that has not left; Infinity: all have. */
  readonly watermark: number
}

/** In the order of the records. */
export class InOrder implements ResultOrder {
  readonly #flights = new FlightList()

  add(flight: Flight): void {
    this.#flights.add(flight)
  }

  settle(): void {}

  get next(): Flight | undefined {
    const { first } = this.#flights
    return first?.settled === true ? first : undefined
  }

  leave(): void {
    this.#flights.take()
  }

  get watermark(): number {
    return this.#flights.first?.watermark ?? Number.POSITIVE_INFINITY
  }
}

/**
 * As they settle. With `watermarks`, what came behind a watermark does not leave before what came ahead of it, as in Flink's unordered
 * `AsyncWaitOperator`: else a record could be late behind it that was not late before it.
 */
export class AsSettled implements ResultOrder {
  readonly #watermarks: boolean
  #first: Peers | undefined
  #last: Peers | undefined

  constructor(watermarks: boolean) {
    this.#watermarks = watermarks
  }

  add(flight: Flight): void {
    if (this.#last === undefined || (this.#watermarks && flight.watermark > this.#last.watermark))
      this.#begin(flight.watermark)
    flight.peers = this.#last
    this.#last!.count++
  }

  settle(flight: Flight): void {
    flight.peers!.ready.add(flight)
  }

  get next(): Flight | undefined {
    return this.#first?.ready.first
  }

  leave(): void {
    const peers = this.#first!
    peers.ready.take().peers = undefined
    if (--peers.count > 0) return
    this.#first = peers.next
    if (this.#first === undefined) this.#last = undefined
  }

  get watermark(): number {
    return this.#first?.watermark ?? Number.POSITIVE_INFINITY
  }

  #begin(watermark: number): void {
    const peers: Peers = { watermark, count: 0, ready: new FlightList(), next: undefined }
    if (this.#last === undefined) this.#first = peers
    else this.#last.next = peers
    this.#last = peers
  }
}
