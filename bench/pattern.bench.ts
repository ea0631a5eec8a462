import {
  type BenchResult,
  type Contender,
  expectSum,
  measure,
  perSecond,
  timed,
} from 'sage-stream/bench'
import type { PatternStart } from '../operators/pattern/pattern.ts'
import { patternStart } from '../operators/pattern/pattern-builder.ts'
import { PatternLogic, type PatternState } from '../operators/pattern/pattern-logic.ts'
import { compilePattern } from '../operators/pattern/pattern-machine.ts'

export const title = 'Patterns: login, view, purchase within 10 s, 1,000 keys'

const EVENTS = 500_000
const KEYS = 1_000
const WITHIN_MS = 10_000

interface Activity {
  user: number
  type: 'login' | 'view' | 'purchase' | 'other'
  amount: number
  at: number
}

const activities: PatternStart<Activity> = patternStart

const pattern = activities
  .begin('login')
  .where((event) => event.type === 'login')
  .followedBy('view')
  .where((event) => event.type === 'view')
  .followedBy('purchase')
  .where((event) => event.type === 'purchase')
  .within(WITHIN_MS)

export async function run(): Promise<BenchResult[]> {
  const events = generate()
  const expected = await loop(events).run()
  const check = expectSum(expected.sum)
  return measure({
    bench: title,
    unit: perSecond('events'),
    contenders: [machine(events), eventTime(events), loop(events)].map((contender) => ({
      ...contender,
      check,
    })),
  })
}

/** The state of a key as an operator keeps it, and the matches as they come. */
function machine(events: readonly Activity[]): Contender {
  return {
    name: 'pattern, in the order of arrival',
    run: () =>
      timed(events.length, () => {
        const logic = new PatternLogic(compilePattern(pattern))
        const states = new Map<number, PatternState>()
        let sum = 0
        const output = {
          match: ({ purchase: [purchase] }: { purchase: Activity[] }) => {
            sum += purchase.amount
          },
        }
        for (const event of events) {
          const state = states.get(event.user) ?? logic.createState()
          logic.onArrival(state, event, event.at, output)
          if (logic.isEmpty(state)) states.delete(event.user)
          else states.set(event.user, state)
        }
        return sum
      }),
  }
}

/** The same by event time: a watermark every 1,000 events, told to the keys that have events. */
function eventTime(events: readonly Activity[]): Contender {
  return {
    name: 'pattern, in the order of time',
    run: () =>
      timed(events.length, () => {
        const logic = new PatternLogic(compilePattern(pattern))
        const states = new Map<number, PatternState>()
        let sum = 0
        let watermark = Number.NEGATIVE_INFINITY
        const output = {
          match: ({ purchase: [purchase] }: { purchase: Activity[] }) => {
            sum += purchase.amount
          },
        }
        const advance = (to: number) => {
          watermark = to
          for (const [user, state] of states) {
            if (logic.nextTimer(state) <= to) logic.onWatermark(state, to, output)
            if (logic.isEmpty(state)) states.delete(user)
          }
        }
        for (let i = 0; i < events.length; i++) {
          const event = events[i]
          let state = states.get(event.user)
          if (state === undefined) states.set(event.user, (state = logic.createState()))
          logic.onEvent(state, event, event.at, watermark, output)
          if (i % 1_000 === 999) advance(event.at)
        }
        advance(Infinity)
        return sum
      }),
  }
}

interface Waiting {
  /** Times of logins that wait for a view. */
  logins: number[]
  /** Times of the logins of those that wait for a purchase. */
  views: number[]
}

/** What one would write for this pattern alone. */
function loop(events: readonly Activity[]): Contender {
  return {
    name: 'hand-written loop',
    run: () =>
      timed(events.length, () => {
        const keys = new Map<number, Waiting>()
        let sum = 0
        for (const { user, type, amount, at } of events) {
          let waiting = keys.get(user)
          if (waiting === undefined) keys.set(user, (waiting = { logins: [], views: [] }))
          expire(waiting.logins, at - WITHIN_MS)
          expire(waiting.views, at - WITHIN_MS)
          if (type === 'login') waiting.logins.push(at)
          else if (type === 'view' && waiting.logins.length > 0) {
            waiting.views.push(...waiting.logins)
            waiting.logins = []
          } else if (type === 'purchase') {
            sum += amount * waiting.views.length
            waiting.views = []
          }
        }
        return sum
      }),
  }
}

/** Removes the times up to `limit` at the front. */
function expire(times: number[], limit: number): void {
  let count = 0
  while (count < times.length && times[count] <= limit) count++
  if (count > 0) times.splice(0, count)
}

/** Every user does something every second or so; three of ten things belong to the pattern. */
function generate(): Activity[] {
  let seed = 1
  const random = (below: number) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((seed / 2 ** 32) * below)
  }
  const types = ['login', 'view', 'purchase'] as const
  return Array.from({ length: EVENTS }, (_, at) => ({
    user: random(KEYS),
    type: types[random(10)] ?? 'other',
    amount: 1 + random(100),
    at,
  }))
}
