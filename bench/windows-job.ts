import {
  type Collector,
  defineJob,
  ProcessFunction,
  session,
  sliding,
  tumbling,
  type WindowAssigner,
  watermarks,
} from 'sage-stream'

/** What is counted by key. */
export interface Click {
  readonly user: string
  readonly at: number
}

/** Clicks per second of event time. */
const RATE = 100_000

/** A user comes back after 1 s in the mean; every 15th pause is longer than this, in ms. */
export const SESSION_GAP = 2_700

/** In which windows clicks are counted, and of how many users. */
export const windowKinds: Record<
  string,
  { readonly assigner: WindowAssigner; readonly users: number }
> = {
  tumbling: { assigner: tumbling('10s'), users: 1_000 },
  sliding: { assigner: sliding('10s', '100ms'), users: 1_000 },
  sessions: { assigner: session(SESSION_GAP), users: 100_000 },
}

/** Names of users, prepared: their making is not measured. */
export const USERS: readonly string[] = Array.from({ length: 100_000 }, (_, i) => `user-${i}`)

/** The user of click `i`, of `users`: in no order. */
export function userOf(i: number, users: number): number {
  const mixed = Math.imul(i ^ (i >>> 15), 0x2c1b3c6d)
  return ((mixed ^ (mixed >>> 12)) >>> 0) % users
}

/** When click `i` happened, in ms. */
export const timeOf = (i: number): number => Math.floor((i * 1_000) / RATE)

export interface Clicks {
  readonly kind: keyof typeof windowKinds
  readonly count: number
}

/** The number of windows, and of clicks in them. */
class Totals extends ProcessFunction<{ value: number }, [windows: number, clicks: number]> {
  #windows = 0
  #clicks = 0

  process({ value }: { value: number }) {
    this.#windows++
    this.#clicks += value
  }

  override finish(out: Collector<[windows: number, clicks: number]>) {
    out.collect([this.#windows, this.#clicks])
  }
}

/** Clicks per user and window, and their totals. */
export const clicks = defineJob(import.meta.url, 'clicks', (env, { kind, count }: Clicks) => {
  const { assigner, users } = windowKinds[kind]
  const totals = env
    .fromGenerator(count, (i): Click => ({ user: USERS[userOf(i, users)], at: timeOf(i) }))
    .assignTimestamps(({ at }) => at, watermarks.monotonic())
    .keyBy(({ user }) => user)
    .window(assigner)
    .count()
    // Totals are of no key.
    .rebalance()
    .process(Totals)
  return { totals: totals.output('totals') }
})
