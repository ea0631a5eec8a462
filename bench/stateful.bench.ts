/**
 * Keyed state, one thread beside one thread where it is fused:
 *
 * ```
 *   [records ─ keyBy ─ statefulMap ─ sink]            inline: the subject
 *   for (…) map.set(user, map.get(user) + 1)          the hand-written loop
 *
 *   [records ─ keyBy] ──> 2 x [statefulMap ─ …]       threads
 *   [records ─ keyBy] ──> 2 x [map ─ …]               the exchange alone
 *
 *   [records ─ keyBy ─ pre-reduce] ──> 2 x [final]    90 % of one key, beside equal shares
 *   [records ═ 2 x (filter ─ keyBy) ─ join ─ sink]    inline; a Map of half rows in a loop
 *   [records ─ keyBy ─ process with timers]           a million timers, registered and fired
 * ```
 *
 * At the end the same jobs on one worker thread beside what was recorded of Bytewax 0.21.1 (`-w 1`, Python 3.11) on a
 * machine of this kind: figures of another day, so only their order of magnitude counts.
 */
import assert from 'node:assert/strict'
import {
  type BenchResult,
  type Contender,
  expectSum,
  jobThroughput,
  measure,
  perSecond,
  type Sample,
  timed,
} from 'sage-stream/bench'
import {
  type Amount,
  alarms,
  countedUsers,
  eventsOf,
  finals,
  joined,
  runningCount,
  total,
  visitsOf,
} from './stateful-job.ts'

export const title = 'keyed state: running counts, finals, joins, timers'
export const targets =
  'running count >= 0.5x the loop at 1 k keys, >= 0.8x at 1 M; behind a hop >= 0.8x the exchange; finals of skewed ' +
  'keys within 2.5x; join >= 0.4x the loop; >= 1 M timers/s; >= 10x Bytewax a worker'

/** Runs all tables. */
export function run(): Promise<BenchResult[]> {
  return statefulTables(4_000_000)
}

/** All tables, with about so many records a run. Every run is checked. */
export async function statefulTables(count: number, rounds = 5): Promise<BenchResult[]> {
  const few: Amount = { count, users: 1_000 }
  const many: Amount = { count, users: count / 4 }
  const results: BenchResult[] = []
  for (const amount of [few, many]) results.push(...(await fusedCount(amount, rounds)))
  for (const amount of [few, many]) results.push(...(await behindAHop(amount, rounds)))
  for (const kind of ['count', 'reduce'] as const)
    results.push(...(await skewedFinals({ ...few, kind }, rounds)))
  results.push(...(await fusedJoin({ count, users: count / 8 }, rounds)))
  results.push(...(await timers({ count: count / 4, users: count / 16 }, rounds)))
  results.push(...(await besideBytewax(count, rounds)))
  return results
}

const inline = { mode: 'inline', parallelism: 1, strict: false } as const
const twoWorkers = { parallelism: 2, maxThreads: 2 }
const oneWorker = { parallelism: 1, maxThreads: 1 }

/** A running count in one function, beside a loop over a `Map`. */
export function fusedCount(amount: Amount, rounds: number, warmup = 1): Promise<BenchResult[]> {
  const check = expectSum(countSum(amount))
  return measure({
    bench: `running count, ${amount.users.toLocaleString('en')} keys, fused`,
    unit: perSecond('records'),
    contenders: [
      { name: 'statefulMap', run: () => summed(amount, () => runningCount.run(amount, inline)) },
      { name: 'Map loop', run: () => summed(amount, () => countInALoop(amount)) },
    ].map((contender) => ({ ...contender, check })),
    rounds,
    warmup,
  })
}

/** Each user's counts: 1 + 2 + … up to its visits. */
function countSum({ count, users }: Amount): number {
  const each = count / users
  return (users * each * (each + 1)) / 2
}

async function summed({ count }: Amount, body: () => unknown): Promise<Sample> {
  total.sum = 0
  const sample = await timed(count, body)
  return { ...sample, sum: total.sum }
}

function countInALoop({ count, users }: Amount): void {
  const visit = visitsOf(users)
  const counts = new Map<string, number>()
  for (let i = 0; i < count; i++) {
    const { user } = visit(i)
    const n = counts.get(user)
    const next = n === undefined ? 1 : n + 1
    counts.set(user, next)
    total.sum += next
  }
}

function behindAHop(amount: Amount, rounds: number): Promise<BenchResult[]> {
  const ofJob = (name: string, stateful: boolean): Contender =>
    jobThroughput(countedUsers, {
      name,
      params: { ...amount, stateful },
      config: twoWorkers,
      check: ({ whole }, { operators }) => {
        assert.equal(whole.length, stateful ? amount.users : 0)
        assert.equal(operators.find(({ name }) => name === 'filter')!.recordsIn, amount.count)
      },
    })
  return measure({
    bench: `running count, ${amount.users.toLocaleString('en')} keys, behind a hop to two workers`,
    unit: perSecond('records'),
    contenders: [ofJob('statefulMap', true), ofJob('the exchange alone', false)],
    rounds,
  })
}

function skewedFinals(
  amount: Amount & { kind: 'count' | 'reduce' },
  rounds: number,
): Promise<BenchResult[]> {
  const expected = amount.kind === 'count' ? amount.count : (amount.count / 8) * 36
  const ofJob = (name: string, skewed: boolean): Contender =>
    jobThroughput(finals, {
      name,
      params: { ...amount, skewed },
      config: twoWorkers,
      check: ({ results }) =>
        assert.equal(
          results.reduce((a, b) => a + b, 0),
          expected,
        ),
    })
  return measure({
    bench: `${amount.kind}Final, ${amount.users.toLocaleString('en')} keys, two workers`,
    unit: perSecond('records'),
    contenders: [ofJob('90 % of one key', true), ofJob('equal shares', false)],
    rounds,
  })
}

function fusedJoin(amount: Amount, rounds: number): Promise<BenchResult[]> {
  const check = expectSum(joinSum(amount))
  return measure({
    bench: `join, last and complete, ${amount.users.toLocaleString('en')} keys, fused`,
    unit: perSecond('records'),
    contenders: [
      { name: 'join', run: () => summed(amount, () => joined.run(amount, inline)) },
      { name: 'Map loop', run: () => summed(amount, () => joinInALoop(amount)) },
    ].map((contender) => ({ ...contender, check })),
    rounds,
  })
}

function joinSum({ count, users }: Amount): number {
  const event = eventsOf(users)
  let sum = 0
  for (let i = 0; i < count; i++) {
    const one = event(i)
    if (one.side === 'order') sum += one.amount
  }
  return sum
}

/** What one would write by hand: half rows in a `Map`. */
function joinInALoop({ count, users }: Amount): void {
  const event = eventsOf(users)
  const rows = new Map<string, [click: unknown, order: { amount: number } | undefined]>()
  for (let i = 0; i < count; i++) {
    const one = event(i)
    const side = one.side === 'click' ? 0 : 1
    const row = rows.get(one.user)
    if (row === undefined) {
      rows.set(one.user, side === 0 ? [one, undefined] : [undefined, one as { amount: number }])
      continue
    }
    row[side] = one as never
    if (row[0] === undefined || row[1] === undefined) continue
    rows.delete(one.user)
    total.sum += row[1].amount
  }
}

function timers(amount: Amount, rounds: number): Promise<BenchResult[]> {
  return measure({
    bench: `${amount.count.toLocaleString('en')} timers registered and fired`,
    unit: perSecond('timers'),
    contenders: [
      {
        name: 'ProcessFunction, event time',
        run: () => summed(amount, () => alarms.run(amount, inline)),
        check: expectSum(amount.count),
      },
    ],
    rounds,
  })
}

/** Records a second of Bytewax 0.21.1 with one worker, as recorded. */
const BYTEWAX = {
  'running count, 1,000 keys': 591_000,
  'running count, 1,000,000 keys': 73_000,
  'count_final, 1,000 keys': 1_550_000,
  'join complete, 500,000 keys': 185_000,
}

/** One worker thread each, beside Bytewax's recorded figures. */
async function besideBytewax(count: number, rounds: number): Promise<BenchResult[]> {
  const counting = (users: number) =>
    jobThroughput(runningCount, { params: { count, users }, config: oneWorker, records: count })
  const jobs: Record<keyof typeof BYTEWAX, Contender> = {
    'running count, 1,000 keys': counting(1_000),
    'running count, 1,000,000 keys': counting(count / 4),
    'count_final, 1,000 keys': jobThroughput(finals, {
      params: { count, users: 1_000, skewed: false, kind: 'count' },
      config: oneWorker,
      check: ({ results }) =>
        assert.equal(
          results.reduce((a, b) => a + b, 0),
          count,
        ),
    }),
    'join complete, 500,000 keys': jobThroughput(joined, {
      params: { count, users: count / 8 },
      config: oneWorker,
      records: count,
      check: (_, { operators }) =>
        assert.equal(operators.find(({ name }) => name === 'join')!.recordsOut, count / 2),
    }),
  }
  const results: BenchResult[] = []
  for (const [name, job] of Object.entries(jobs)) {
    const recorded = BYTEWAX[name as keyof typeof BYTEWAX]
    const bytewax = { name: 'Bytewax, recorded', run: () => ({ operations: recorded, ms: 1000 }) }
    results.push(
      ...(await measure({
        bench: `beside Bytewax: ${name}`,
        unit: perSecond('records'),
        contenders: [{ ...job, name: 'one worker' }, bytewax],
        rounds,
      })),
    )
  }
  return results
}
