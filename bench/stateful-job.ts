import {
  defineJob,
  type JobEnvironment,
  ProcessFunction,
  type RuntimeContext,
  watermarks,
} from 'sage-stream'

/** What is counted by user. */
export interface Visit {
  readonly user: string
  readonly amount: number
}

/** The sides of the join. */
export interface Click {
  readonly side: 'click'
  readonly user: string
  readonly page: string
}

export interface Order {
  readonly side: 'order'
  readonly user: string
  readonly amount: number
}

const pools = new Map<number, readonly string[]>()

/** So many users' names, made once and kept for the bench at hand. */
export function usersOf(users: number): readonly string[] {
  let pool = pools.get(users)
  if (pool === undefined) {
    pools.clear()
    pool = Array.from({ length: users }, (_, i) => `user-${String(i).padStart(7, '0')}`)
    pools.set(users, pool)
  }
  return pool
}

/** Visits of so many users, each of them equally often, in no order of theirs. */
export function visitsOf(users: number): (i: number) => Visit {
  const pool = usersOf(users)
  return (i) => ({ user: pool[(i * 7919) % users], amount: (i & 7) + 1 })
}

/** Nine in ten visits are of one user. */
export function skewedVisitsOf(users: number): (i: number) => Visit {
  const pool = usersOf(users)
  return (i) => ({ user: pool[i % 10 === 0 ? (i * 7919) % users : 0], amount: (i & 7) + 1 })
}

/** A click and then an order of each user, round after round. */
export function eventsOf(users: number): (i: number) => Click | Order {
  const pool = usersOf(users)
  return (i) => {
    const round = Math.floor(i / (2 * users))
    const at = i - round * 2 * users
    const user = pool[((at % users) * 7919) % users]
    return at < users
      ? { side: 'click', user, page: 'home' }
      : { side: 'order', user, amount: (i & 7) + 1 }
  }
}

/** Where what comes out adds up, in inline mode. */
export const total = { sum: 0 }
const add = (n: number): void => {
  total.sum += n
}

export interface Amount {
  readonly count: number
  readonly users: number
}

/** A count for each user, told at each visit. */
export const runningCount = defineJob(
  import.meta.url,
  'running count',
  (env, { count, users }: Amount) => {
    counted(env, { count, users }).sink(add)
    return {}
  },
)

/** The same, with an output that tells the users whose count has come to the end. */
export const countedUsers = defineJob(
  import.meta.url,
  'counted users',
  (env, amount: Amount & { stateful: boolean }) => {
    const each = amount.count / amount.users
    const counts = amount.stateful
      ? counted(env, amount)
      : visited(env, amount).map((visit) => (visit.amount > 0 ? 1 : each))
    return {
      whole: counts
        .filter((n) => n === each)
        .map(() => 1, { name: 'whole' })
        .output('whole'),
    }
  },
)

function visited(env: JobEnvironment, { count, users }: Amount) {
  return env.fromGenerator(count, visitsOf(users), { parallelism: 1 }).keyBy((visit) => visit.user)
}

function counted(env: JobEnvironment, amount: Amount) {
  return visited(env, amount).statefulMap('count', (n: number | undefined) => {
    const count = n === undefined ? 1 : n + 1
    return [count, count]
  })
}

/** Finals on two subtasks: a count and a sum, of users with equal or unequal shares. */
export const finals = defineJob(
  import.meta.url,
  'finals',
  (env, { count, users, skewed, kind }: Amount & { skewed: boolean; kind: 'count' | 'reduce' }) => {
    const visits = env.fromGenerator(count, (skewed ? skewedVisitsOf : visitsOf)(users), {
      parallelism: 1,
    })
    const results =
      kind === 'count'
        ? visits.countFinal('count', (visit) => visit.user)
        : visits
            .keyBy((visit) => visit.user)
            .map((visit) => visit.amount)
            .reduceFinal('reduce', (a, b) => a + b)
    return { results: results.output('results') }
  },
)

/** Clicks and orders of a user become rows. */
export const joined = defineJob(import.meta.url, 'joined', (env, { count, users }: Amount) => {
  const events = env.fromGenerator(count, eventsOf(users), { parallelism: 1 })
  const clicks = events.filter((event): event is Click => event.side === 'click')
  const orders = events.filter((event): event is Order => event.side === 'order')
  clicks
    .keyBy((click) => click.user)
    .join(
      'join',
      orders.keyBy((order) => order.user),
    )
    .sink(([click, order]) => add(click.page === 'home' ? order.amount : Number.NaN))
  return {}
})

/** Each record has a timer of its key, far ahead; all of them fire when input ends. */
class Alarm extends ProcessFunction<number, number> {
  process(at: number, ctx: RuntimeContext) {
    ctx.timers.registerEventTime(at + 1e9)
  }
  override onTimer() {
    total.sum++
  }
}

export const alarms = defineJob(import.meta.url, 'alarms', (env, { count, users }: Amount) => {
  env
    .fromGenerator(count, (i) => i, { parallelism: 1 })
    .assignTimestamps((i) => i, watermarks.monotonic())
    .keyBy((i) => (i * 7919) % users)
    .process(Alarm)
  return {}
})
