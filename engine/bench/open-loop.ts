import type { Duration } from '../../codec/duration.ts'
import { describe, StreamError } from '../../codec/errors.ts'
import { badOption, finiteMs, positive, requireFunction, wholeNumber } from './checks.ts'
import { type LatencyCurve, LatencyHistogram, type Percentiles } from './histogram.ts'
import { type LoadClock, systemLoadClock } from './load-clock.ts'
import { type OnProgress, type ProgressReporter, progressReporter } from './progress.ts'

/** What is put under load: a job's streams ({@link streamTarget}), or anything else that answers records. */
export interface LoadTarget<T, R> {
  /** Hands a record over if there is room now; says whether it did. */
  trySend(record: T): boolean
  /** Resolves when there is room again. */
  ready(): Promise<void>
  /** No more records follow. Results that are on their way still arrive. */
  end(): void | Promise<unknown>
  /** Calls `onResult` with each result as it arrives; resolves when none can follow any more. */
  receive(onResult: (result: R) => void): Promise<void>
}

/** A load: which records, how many a second, for how long. */
export interface LoadOptions<T, R> {
  /** What the measurement is called in reports and plots. */
  readonly name?: string
  /** Records a second: above 0. */
  readonly rate: number
  /** How long records are sent and measured. */
  readonly duration: Duration
  /** How long records are sent before that, at the same rate, without being measured. Default `'1s'`. */
  readonly warmup?: Duration
  /** How long after the last record was due its result may come. Default `'1m'`; then `SAGE_TIMEOUT`. */
  readonly drain?: Duration
  /** Makes record `i`, counted from 0 and from the beginning of the warm-up. */
  readonly record: (i: number) => T
  /**
   * Which record a result belongs to: its `i`, or undefined for a result that belongs to none. Of
   * several results of one record the first counts. Default: the result itself where it is a number,
   * else its field `seq`.
   */
  readonly idOf?: (result: R) => number | undefined
  /** Told how far it is. Default: a line on standard error, where that is a terminal. */
  readonly onProgress?: OnProgress
}

/** What a load found. Plain data: goes into a {@link Report}, and from there to JSON and back. */
export interface LatencyMeasurement {
  readonly name: string
  /** Records a second, as asked for. */
  readonly rate: number
  /** How long records were measured, in ms. */
  readonly durationMs: number
  /** Records sent in that time. */
  readonly sent: number
  /** How many of them have had a result. */
  readonly count: number
  /** How many have had none: filtered out, failed, dropped. */
  readonly missing: number
  /** Results a second: below `rate` where the target could not keep up, or left records out. */
  readonly achieved: number
  /** From the time that a record was scheduled for to the arrival of its result, in ms. */
  readonly ms: Percentiles
  /**
   * From the time that a record was scheduled for to its being accepted, in ms: what of `ms` is no
   * room in the target, or a sender that came late. Where this is large, so is the rest.
   */
  readonly sendMs: Percentiles
  /** The distribution of `ms`. */
  readonly curve: LatencyCurve
}

/** Records handed over before results get their turn again. */
const BURST = 256
const PROGRESS_EVERY_MS = 100
const RECORDS_MAX = 2 ** 30
const TIMER_MAX_MS = 2 ** 31 - 1

/**
 * Sends records at fixed times, `1 / rate` seconds apart, and measures each from the time that it was scheduled for
 * to the arrival of its result. The load is open-loop: no answer is waited for. A record that could not be sent
 * when it was due - the sender was late, the target had no room - is sent as soon as it can be, and that
 * wait counts as its latency: a target that stalls is charged for every record due meanwhile, not only for
 * the one that hit it (no coordinated omission).
 *
 * The sending thread does not sleep between records less than a few milliseconds apart: it takes one core.
 *
 * Rejects with what the target rejects with or a function of the options throws; `SAGE_OPTION` for bad options, a result
 * that belongs to no record sent so far, or no result at all; `SAGE_TIMEOUT` when results are still missing
 * after `drain` (records without a result are no reason: the target says when none can follow).
 */
export async function openLoop<T, R>(
  target: LoadTarget<T, R>,
  options: LoadOptions<T, R>,
): Promise<LatencyMeasurement> {
  return runOpenLoop(target, options, systemLoadClock)
}

/** {@link openLoop} by a given clock. */
export async function runOpenLoop<T, R>(
  target: LoadTarget<T, R>,
  options: LoadOptions<T, R>,
  clock: LoadClock,
): Promise<LatencyMeasurement> {
  return new OpenLoop(target, options, planOf(options), clock).run()
}

/** The numbers of a load, checked. */
interface LoadPlan {
  readonly name: string
  readonly rate: number
  readonly durationMs: number
  readonly drainMs: number
  /** Records before the measured ones. */
  readonly unmeasured: number
  readonly total: number
}

/** Checks the options of a load. Throws `SAGE_OPTION`. */
export function planOf<T, R>(options: LoadOptions<T, R>): LoadPlan {
  const { name = 'load', rate, duration, warmup = '1s', drain = '1m' } = options
  if (typeof name !== 'string') throw badOption('load: name', 'a string', name)
  positive(rate, 'load: rate')
  const durationMs = finiteMs(duration, 'load: duration')
  const warmupMs = finiteMs(warmup, 'load: warmup')
  const drainMs = finiteMs(drain, 'load: drain')
  requireFunction(options.record, 'load: record', 'that makes record i')
  if (options.idOf !== undefined) {
    requireFunction(options.idOf, 'load: idOf', 'that gives the i of a result')
  }
  const measured = Math.round((rate * durationMs) / 1000)
  const unmeasured = Math.round((rate * warmupMs) / 1000)
  if (measured < 1) {
    throw badOption('load: rate and duration', 'at least one record', `${rate}/s for ${duration}`)
  }
  const total = wholeNumber(measured + unmeasured, 1, 'load: records')
  if (total > RECORDS_MAX) throw badOption('load: records', `at most ${RECORDS_MAX}`, total)
  return { name, rate, durationMs, drainMs, unmeasured, total }
}

class OpenLoop<T, R> {
  readonly #target: LoadTarget<T, R>
  readonly #plan: LoadPlan
  readonly #record: (i: number) => T
  readonly #idOf: (result: R) => number | undefined
  readonly #clock: LoadClock
  readonly #progress: ProgressReporter
  readonly #latencies = new LatencyHistogram()
  readonly #sendLags = new LatencyHistogram()
  /** One for a record whose result has arrived. */
  readonly #answered: Uint8Array
  readonly #failure = Promise.withResolvers<never>()
  readonly #begin: number
  #sent = 0
  #made = 0
  #next: T | undefined
  #arrived = 0
  #lastArrival = 0
  #reported = Number.NEGATIVE_INFINITY
  #stopped = false

  constructor(
    target: LoadTarget<T, R>,
    options: LoadOptions<T, R>,
    plan: LoadPlan,
    clock: LoadClock,
  ) {
    this.#target = target
    this.#plan = plan
    this.#record = options.record
    this.#idOf = options.idOf ?? defaultIdOf
    this.#clock = clock
    this.#progress = progressReporter(options.onProgress)
    this.#answered = new Uint8Array(plan.total)
    this.#begin = clock.now()
  }

  async run(): Promise<LatencyMeasurement> {
    const deadline = this.#startDeadline()
    try {
      const received = this.#target.receive((result) => this.#receive(result))
      await Promise.race([Promise.all([received, this.#send()]), this.#failure.promise])
      return this.#measurement()
    } finally {
      this.#stopped = true
      clearTimeout(deadline)
      this.#progress.end()
    }
  }

  async #send(): Promise<void> {
    const { total } = this.#plan
    while (this.#sent < total && !this.#stopped) {
      await this.#clock.waitUntil(this.#scheduled(this.#sent))
      // In one turn, as far as there is room: what is sent together may travel together.
      for (let n = 0; n < BURST && !this.#stopped && this.#isDue(); n++) {
        if (!this.#offer()) await this.#target.ready()
      }
      this.#report('load', this.#sent, this.#clock.now())
    }
    if (!this.#stopped) await this.#target.end()
  }

  #isDue(): boolean {
    return this.#sent < this.#plan.total && this.#scheduled(this.#sent) <= this.#clock.now()
  }

  /** Offers the next record; makes each record once, however often it is refused. */
  #offer(): boolean {
    const i = this.#sent
    if (this.#made <= i) {
      this.#next = this.#record(i)
      this.#made = i + 1
    }
    // Counted before it is handed over: a target may answer at once.
    this.#sent = i + 1
    if (!this.#target.trySend(this.#next as T)) {
      this.#sent = i
      return false
    }
    if (i >= this.#plan.unmeasured) this.#sendLags.record(this.#clock.now() - this.#scheduled(i))
    return true
  }

  /** When a record is due: computed, not added up, so that it does not drift. */
  #scheduled(i: number): number {
    return this.#begin + (i * 1000) / this.#plan.rate
  }

  #receive(result: R): void {
    const now = this.#clock.now()
    try {
      this.#count(result, now)
    } catch (error) {
      this.#failure.reject(error)
    }
  }

  #count(result: R, now: number): void {
    const i = this.#idOf(result)
    if (i === undefined) return
    if (!Number.isInteger(i) || i < 0 || i >= this.#sent) {
      const expected = `the number of a record sent so far, 0 to ${this.#sent - 1}, or undefined`
      throw badOption(`load: idOf(${describe(result)})`, expected, i)
    }
    if (this.#answered[i] === 1) return
    this.#answered[i] = 1
    this.#arrived++
    if (this.#sent === this.#plan.total) this.#report('drain', this.#arrived, now)
    if (i < this.#plan.unmeasured) return
    this.#latencies.record(now - this.#scheduled(i))
    this.#lastArrival = now
  }

  #report(phase: 'load' | 'drain', done: number, now: number): void {
    if (now - this.#reported < PROGRESS_EVERY_MS) return
    this.#reported = now
    const { name, total } = this.#plan
    this.#progress.report({ name, phase, done, total, elapsedMs: now - this.#begin })
  }

  #startDeadline(): NodeJS.Timeout | undefined {
    const { rate, total, drainMs } = this.#plan
    const ms = (total * 1000) / rate + drainMs
    if (ms > TIMER_MAX_MS) return undefined
    return setTimeout(() => {
      const counts = `${this.#sent} of ${total} records sent, ${this.#arrived} results`
      const message = `load '${this.#plan.name}': expected to end ${drainMs} ms after the last record was due, got no end (${counts})`
      this.#failure.reject(new StreamError('SAGE_TIMEOUT', message))
    }, ms)
  }

  #measurement(): LatencyMeasurement {
    const { name, rate, durationMs, unmeasured, total } = this.#plan
    const sent = total - unmeasured
    const count = this.#latencies.count
    if (count === 0) {
      throw badOption(`load '${name}'`, 'results of the records sent', `none of ${sent}`)
    }
    const tookMs = Math.max(durationMs, this.#lastArrival - this.#scheduled(unmeasured))
    return {
      name,
      rate,
      durationMs,
      sent,
      count,
      missing: sent - count,
      achieved: (count / tookMs) * 1000,
      ms: this.#latencies.percentiles(),
      sendMs: this.#sendLags.percentiles(),
      curve: this.#latencies.curve(),
    }
  }
}

function defaultIdOf(result: unknown): number | undefined {
  if (typeof result === 'number') return result
  const seq = (result as { seq?: unknown } | null)?.seq
  if (typeof seq === 'number') return seq
  throw badOption(
    'load: results',
    "numbers, records with a number 'seq', or an option idOf",
    result,
  )
}
