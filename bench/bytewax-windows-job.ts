import { defineJob, type KeyedStream, type WindowerSpec } from 'sage-stream'

/** A record of a user, at a time of its own (ms since the epoch). */
export interface Visit {
  readonly user: string
  readonly at: number
}

/** Which windows are measured. */
export type WindowKind = 'fold' | 'fold, unordered' | 'count' | 'sliding' | 'sessions'

export interface WindowParams {
  readonly count: number
  readonly kind: WindowKind
}

const USERS = 1_000
const users = Array.from({ length: USERS }, (_, i) => `user-${String(i).padStart(4, '0')}`)
const BEGIN_MS = Date.UTC(2026, 0, 1)
/** After so many visits of each user there is a pause, which ends its session. */
const VISITS_PER_SESSION = 20
const PAUSE_MS = 30_000

/** Each of 1,000 users comes about once a second, up to 0.6 s too early or too late. */
export function visit(i: number): Visit {
  const pauses = Math.floor(i / (USERS * VISITS_PER_SESSION))
  const shift = ((i * 7919) % 1_201) - 600
  return { user: users[i % USERS], at: BEGIN_MS + 1_000 + i + shift + pauses * PAUSE_MS }
}

/** How many windows each visit is in. */
export const windowsOf = (kind: WindowKind): number => (kind === 'sliding' ? 10 : 1)

const windowers: Readonly<Record<'tumbling' | 'sliding' | 'session', WindowerSpec>> = {
  tumbling: { type: 'tumbling', length: '10s', alignTo: BEGIN_MS },
  sliding: { type: 'sliding', length: '10s', offset: '1s', alignTo: BEGIN_MS },
  session: { type: 'session', gap: '10s' },
}

function counts(visits: KeyedStream<string, Visit>, kind: WindowKind) {
  const clock = { type: 'event', timestamp: ({ at }: Visit) => at, wait: '10s' } as const
  const fold = (windower: WindowerSpec, ordered: boolean) =>
    visits.foldWindow(
      'fold',
      { clock, windower },
      () => 0,
      (n) => n + 1,
      (a, b) => a + b,
      { ordered },
    )
  switch (kind) {
    case 'fold':
      return fold(windowers.tumbling, true)
    case 'fold, unordered':
      return fold(windowers.tumbling, false)
    case 'count':
      return visits.countWindow('count', { clock, windower: windowers.tumbling })
    case 'sliding':
      return fold(windowers.sliding, true)
    case 'sessions':
      return fold(windowers.session, true)
  }
}

/** Visits counted by window; at the end the number of visits in all windows of each user. */
export const windowed = defineJob(
  import.meta.url,
  'windowed',
  (env, { count, kind }: WindowParams) => {
    const visits = env.fromGenerator(count, visit, { parallelism: 1 }).keyBy(({ user }) => user)
    const sums = counts(visits, kind).down.foldFinal(
      'sums',
      () => 0,
      (sum, [, n]) => sum + n,
    )
    return { sums: sums.output('sums') }
  },
)
