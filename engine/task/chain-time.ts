import type {
  KeyedBackend,
  Operator,
  RecordScope,
  Room,
} from '../../operators/contract/operator.ts'
import type { InputChannel } from '../channel/input-channel.ts'
import type { OutputPort } from '../channel/output-port.ts'
import type { ErrorGate } from './error-gate.ts'
import type { PromiseGate } from './promise-gate.ts'

/** An operator of a chain, as time passes through it. */
export interface TimedOperator {
  readonly operator: Operator
  readonly errors: Pick<ErrorGate, 'giveUp' | 'fail' | 'busy'>
  readonly ports: readonly OutputPort[]
  /**
   * Index of the `timestamp` or `async` operator whose watermarks hold here; -1: those that come into the chain. Those behind
   * an `async` operator are the ones at it, but for the records that are on their way in it.
   */
  readonly domain: number
  /** For shape `async`: what is on its way. */
  readonly holding?: Pick<PromiseGate, 'pending' | 'watermark'> | undefined
  readonly keyed: Pick<KeyedBackend, 'used' | 'eventTimers'>
  /** The watermark that it has seen. Compiled text compares it with that of each record. */
  watermark: number
}

const always: Room = () => true

/**
 * Event time in one chain. The watermark that comes in is the minimum over the input channels that are not idle; behind an
 * operator of shape `timestamp` that operator's own watermarks hold.
 *
 * A watermark travels in two ways. With every record comes the one that held when it was sent: compiled text puts it into
 * `scope.watermark`, so whether a record is late depends on what its sender sent before it and on nothing else. And
 * once a batch has been worked on, `advance` shows the last one to all operators, those that no record reached too,
 * and promises it to the outputs. What a timer throws goes through its operator's error policy, as a record would.
 */
export class ChainTime {
  readonly #scope: RecordScope
  readonly #channels: readonly InputChannel[]
  readonly operators: readonly TimedOperator[]
  /** The operators that may want to be called by the job's clock. */
  readonly #clocked: readonly number[]
  /** The channel whose records are at hand. */
  #channel: InputChannel | undefined
  #incoming = Number.NEGATIVE_INFINITY
  /** Where an `advance` that found no room goes on. */
  #next = 0
  /** Whether `advance` may find anything to do. */
  #moved = false
  /** In a feedback loop: time has come to its end, and what still comes is late. */
  #over = false
  /** The watermark of the channel at hand: what compiled text compares each record's with. */
  watermark = Number.NEGATIVE_INFINITY

  /**
   * @param channels - those that have a say about the time: where records of a feedback loop meet others, its own have none
   */
  constructor(
    scope: RecordScope,
    channels: readonly InputChannel[],
    operators: readonly Omit<TimedOperator, 'watermark'>[],
  ) {
    this.#scope = scope
    this.#channels = channels
    this.operators = operators.map((timed) => ({
      ...timed,
      watermark: Number.NEGATIVE_INFINITY,
    }))
    this.#clocked = operators.flatMap(({ operator }, k) => ('dueAt' in operator ? [k] : []))
  }

  /** The watermark that has come into the chain. */
  get incoming(): number {
    return this.#incoming
  }

  /** A checkpoint has given back how far time had come: it does not fall behind that. Before the first record. */
  restore(incoming: number): void {
    if (incoming > this.#incoming) this.#incoming = incoming
    this.#moved = true
  }

  /** The records that follow come from `channel`. */
  select(channel: InputChannel | undefined): void {
    this.#channel = channel
    this.watermark = channel?.watermark ?? Number.NEGATIVE_INFINITY
    this.#scope.watermark = this.#incoming
  }

  /** The channel at hand promises `watermark`. */
  raise(watermark: number): void {
    const channel = this.#channel
    if (channel === undefined || watermark <= channel.watermark) return
    channel.watermark = watermark
    this.watermark = watermark
    this.#gather()
    this.#scope.watermark = this.#incoming
  }

  /** A batch has been worked on, or the state of a channel has changed: `advance` should look. */
  touch(): void {
    this.#moved = true
  }

  /** Shows what has become of time to all operators and outputs. False: there was no room; call again. */
  advance(room: Room): boolean {
    if (!this.#moved) return true
    if (this.#next === 0) this.#gather()
    for (; this.#next < this.operators.length; this.#next++) {
      if (!(this.#over ? this.#fireLate(this.#next, room) : this.#show(this.#next, room)))
        return false
    }
    this.#next = 0
    this.#moved = false
    return true
  }

  /**
   * A record has come to operator k whose watermark is later than what the operator has seen: it sees that first. Emits
   * all there is, as an expansion of the record does.
   */
  catchUp(k: number): void {
    const timed = this.operators[k]
    const { key, timestamp, watermark, ask } = this.#scope
    // What waits for a retry is told the rest by the next `advance`.
    if (this.#tell(k, (operator) => operator.onWatermark!(watermark, always)))
      timed.watermark = watermark
    const scope = this.#scope
    scope.key = key
    scope.timestamp = timestamp
    scope.watermark = watermark
    scope.ask = ask
  }

  /** When an operator wants to be called by the job's clock, in its ms. */
  get dueAt(): number {
    let due = Number.POSITIVE_INFINITY
    for (const k of this.#clocked) due = Math.min(due, this.operators[k].operator.dueAt!)
    return due
  }

  /** Calls the operators whose hour has come. False: there was no room; call again. */
  passClock(now: number, room: Room): boolean {
    for (const k of this.#clocked) {
      if (this.operators[k].operator.dueAt! > now) continue
      if (!this.#tell(k, (operator) => operator.onProcessingTime!(now, room))) return false
    }
    return true
  }

  /** All inputs have ended: shows operator k the end of time. False: there was no room; call again. */
  end(k: number, room: Room): boolean {
    return this.#tell(
      k,
      (operator) => operator.onWatermark?.(Number.POSITIVE_INFINITY, room) ?? true,
    )
  }

  /** All operators have been shown the end of time, and further records come, which are late. */
  beginLate(): void {
    this.#over = true
    this.#incoming = Number.POSITIVE_INFINITY
    for (const timed of this.operators) timed.watermark = Number.POSITIVE_INFINITY
    this.select(this.#channel)
  }

  /** Makes the scope that of no record, at operator k. */
  resetScope(k: number): void {
    const scope = this.#scope
    scope.key = undefined
    scope.timestamp = Number.NaN
    scope.ask = 0
    scope.watermark = this.operators[k].watermark
  }

  /** A timer that a late record has registered is due at once. */
  #fireLate(k: number, room: Room): boolean {
    const { keyed } = this.operators[k]
    return !keyed.used || keyed.eventTimers.size === 0 || this.end(k, room)
  }

  #show(k: number, room: Room): boolean {
    const timed = this.operators[k]
    const { operator, ports, domain, holding } = timed
    const watermark = this.#of(domain)
    if (watermark > timed.watermark) {
      const hears = operator.onWatermark !== undefined
      if (hears && !this.#tell(k, () => operator.onWatermark!(watermark, room))) return false
      timed.watermark = watermark
    }
    // Behind a `timestamp` operator its own time holds, at itself what came.
    const onward = operator.watermarks === undefined && holding === undefined ? domain : k
    const promise = onward === domain ? watermark : this.#of(k)
    const idle = this.#isIdle(onward)
    if (idle) operator.onIdle?.()
    for (const port of ports) {
      if (idle) port.becomeIdle()
      else if (promise > Number.NEGATIVE_INFINITY) port.advance(promise)
    }
    return true
  }

  /** Calls an operator with the scope of no record, again as long as its policy takes what it throws. */
  #tell(k: number, call: (operator: Operator) => boolean): boolean {
    const { operator, errors } = this.operators[k]
    for (;;) {
      this.resetScope(k)
      try {
        return call(operator)
      } catch (error) {
        const failed = operator.gathered?.()
        if (operator.again === undefined) errors.giveUp(error, failed, 1)
        else errors.fail(error, failed, undefined)
        // It waits for its retry; then this goes on.
        if (errors.busy) return false
      }
    }
  }

  #of(domain: number): number {
    if (domain === -1) return this.#incoming
    const { operator, holding, domain: at } = this.operators[domain]
    if (holding === undefined) return operator.watermarks!.watermark
    return Math.min(this.#of(at), holding.watermark)
  }

  #isIdle(domain: number): boolean {
    if (domain !== -1) {
      const { operator, holding, domain: at } = this.operators[domain]
      if (holding === undefined) return operator.watermarks!.idle
      return !holding.pending && this.#isIdle(at)
    }
    let idle = false
    for (const channel of this.#channels) {
      // One that a feedback loop has shown the end of time says nothing more.
      if (channel.ended || channel.watermark === Number.POSITIVE_INFINITY) continue
      if (!channel.idle) return false
      idle = true
    }
    return idle
  }

  /** The minimum over the channels that have something to say; it never falls. */
  #gather(): void {
    let least = Number.POSITIVE_INFINITY
    for (const channel of this.#channels) {
      if (!channel.ended && !channel.idle && channel.watermark < least) least = channel.watermark
    }
    if (least > this.#incoming && least < Number.POSITIVE_INFINITY) this.#incoming = least
  }
}
