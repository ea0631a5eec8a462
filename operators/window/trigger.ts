import { type Duration, durationMs } from '../../codec/duration.ts'
import { describe, StreamError } from '../../codec/errors.ts'

/** When a window gives a result. Made by {@link triggers}. */
export class Trigger {
  readonly type: 'eventTime' | 'processingTime' | 'count' | 'every'
  /** For `count`: records; for `every`: ms. */
  readonly n: number
  /** Whether what has been emitted is taken out of the window. */
  readonly purges: boolean

  constructor(type: Trigger['type'], n = 0, purges = false) {
    this.type = type
    this.n = n
    this.purges = purges
  }
}

/** When windows give results: `keyed.window(…).trigger(…)`. The rules are Flink's. */
export const triggers = {
  /**
   * When the watermark reaches the window's end, and again for each record that comes later within the allowed lateness.
   * The default where timestamps are assigned.
   */
  eventTime(): Trigger {
    return new Trigger('eventTime')
  },

  /** When the job's clock reaches the window's end. The default where no timestamps are assigned. */
  processingTime(): Trigger {
    return new Trigger('processingTime')
  },

  /**
   * At every `n` records of the window, and not at its end: what comes behind the last `n` gives no result.
   *
   * @throws StreamError `SAGE_OPTION` unless `n` is an integer >= 1
   */
  count(n: number): Trigger {
    if (Number.isSafeInteger(n) && n >= 1) return new Trigger('count', n)
    throw new StreamError(
      'SAGE_OPTION',
      `triggers.count: expected an integer >= 1, got ${describe(n)}`,
    )
  },

  /**
   * Early results: whenever time passes a multiple of `d` and the window has new records, and at its end. Event time where
   * timestamps are assigned, else the job's clock.
   *
   * @throws StreamError `SAGE_OPTION` for what is no finite duration > 0
   */
  every(d: Duration): Trigger {
    const ms = durationMs(d, 'triggers.every')
    if (ms > 0 && ms < Number.POSITIVE_INFINITY) return new Trigger('every', ms)
    throw new StreamError(
      'SAGE_OPTION',
      `triggers.every: expected a finite duration > 0, got ${describe(d)}`,
    )
  },

  /** As `t`, but a window begins anew behind each result: it is of the records since the last one. */
  purging(t: Trigger): Trigger {
    requireTrigger(t, 'triggers.purging')
    return new Trigger(t.type, t.n, true)
  },
}

/** Refuses what is no trigger: `SAGE_OPTION`. */
export function requireTrigger(value: unknown, where: string): asserts value is Trigger {
  if (value instanceof Trigger) return
  throw new StreamError(
    'SAGE_OPTION',
    `${where}: expected one of triggers.eventTime(), .processingTime(), .count(n), .every(d), .purging(t), ` +
      `got ${describe(value)}`,
  )
}
