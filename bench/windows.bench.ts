/**
 * Clicks counted by user in windows of event time, 100,000 of them a second, on one worker.
 *
 * ```
 *   [source ─ assignTimestamps ─ keyBy ─ window ─ totals] ──> output     one task: the subject
 *   for (…) map.set(user, map.get(user) + 1), emptied every 10 s         one thread
 * ```
 */
import assert from 'node:assert/strict'
import {
  type BenchResult,
  type Contender,
  jobThroughput,
  measure,
  perSecond,
  timed,
} from 'sage-stream/bench'
import { clicks, SESSION_GAP, timeOf, USERS, userOf, windowKinds } from './windows-job.ts'

export const title = 'counts by user in windows of event time, one worker'
export const targets =
  'tumbling >= 3 M/s; sliding (100 panes) at most 3 times the cost of tumbling; sessions >= 1 M/s'

const COUNT = 4_000_000

/** Runs the tables. */
export function run(): Promise<BenchResult[]> {
  return windowsOf(COUNT)
}

/** The tables for so many clicks. The number of windows, and of clicks in them, is checked. */
export async function windowsOf(count: number, rounds = 5): Promise<BenchResult[]> {
  const table = (bench: string, contenders: Contender[]) =>
    measure({ bench, unit: perSecond('events'), contenders, rounds })
  const clicksText = `${count.toLocaleString('en')} clicks`
  const overlapping = await table(`${clicksText} of 1,000 users`, [
    ofJob('tumbling, 10 s', 'tumbling', count, tumblingInALoop),
    ofJob('sliding, 10 s every 100 ms', 'sliding', count, slidingTotals),
    inALoop('Map loop, tumbling', 'tumbling', count, tumblingInALoop),
  ])
  const sessions = await table(`${clicksText} of 100,000 users`, [
    ofJob('sessions', 'sessions', count, sessionsInALoop),
    inALoop('Map loop, sessions', 'sessions', count, sessionsInALoop),
  ])
  return [...overlapping, ...sessions]
}

type Totals = [windows: number, clicks: number]
type Loop = (count: number, users: number) => Totals

function ofJob(name: string, kind: string, count: number, loop: Loop): Contender {
  const expected = loop(count, windowKinds[kind].users)
  return jobThroughput(clicks, {
    name,
    params: { kind, count },
    config: { parallelism: 1, maxThreads: 1 },
    check: ({ totals }) => assert.deepEqual(totals, [expected]),
  })
}

function inALoop(name: string, kind: string, count: number, loop: Loop): Contender {
  const { users } = windowKinds[kind]
  const expected = loop(count, users)
  return {
    name,
    run: () => timed(count, () => loop(count, users)),
    check: ({ sum }) => assert.deepEqual(sum, expected),
  }
}

function tumblingInALoop(count: number, users: number): Totals {
  const totals: Totals = [0, 0]
  let counts = new Map<string, number>()
  let end = 10_000
  const fire = () => {
    totals[0] += counts.size
    for (const n of counts.values()) totals[1] += n
    counts = new Map()
  }
  for (let i = 0; i < count; i++) {
    const { user, at } = { user: USERS[userOf(i, users)], at: timeOf(i) }
    if (at >= end) {
      fire()
      end += 10_000
    }
    counts.set(user, (counts.get(user) ?? 0) + 1)
  }
  fire()
  return totals
}

/** How many windows have clicks: computed, not raced. */
function slidingTotals(count: number, users: number): Totals {
  const totals: Totals = [0, 0]
  /** By user: the last window of its latest click. */
  const lastWindows = new Map<number, number>()
  for (let i = 0; i < count; i++) {
    const user = userOf(i, users)
    const last = Math.floor(timeOf(i) / 100)
    const counted = lastWindows.get(user) ?? Number.NEGATIVE_INFINITY
    totals[0] += last - Math.max(counted, last - 100)
    totals[1] += 100
    lastWindows.set(user, last)
  }
  return totals
}

function sessionsInALoop(count: number, users: number): Totals {
  const totals: Totals = [0, 0]
  const open = new Map<string, { end: number; clicks: number }>()
  for (let i = 0; i < count; i++) {
    const { user, at } = { user: USERS[userOf(i, users)], at: timeOf(i) }
    const session = open.get(user)
    // It has fired if the watermark, the time of the click before, has reached its end.
    if (session !== undefined && session.end >= at && session.end > timeOf(i - 1)) {
      session.end = at + SESSION_GAP
      session.clicks++
      continue
    }
    if (session !== undefined) {
      totals[0]++
      totals[1] += session.clicks
    }
    open.set(user, { end: at + SESSION_GAP, clicks: 1 })
  }
  for (const { clicks } of open.values()) {
    totals[0]++
    totals[1] += clicks
  }
  return totals
}
