import { join } from 'node:path'
import {
  type DataStream,
  defineJob,
  FileSink,
  type JobEnvironment,
  type RuntimeContext,
  watermarks,
} from 'sage-stream'
import { type Pace, Paced } from './paced.ts'

export interface FiledParams extends Pace {
  readonly output: string
  /** Records of each source. */
  readonly count: number
}

/** Every so many records one is refused; see {@link isPoison}. */
const POISON_EVERY = 1_000
export const isPoison = (i: number) => i % POISON_EVERY === 7

const linesTo = (stream: DataStream<string>, output: string, name: string) =>
  stream.sink(FileSink, { path: join(output, name), format: 'lines' }, { uid: `${name} files` })

/** Numbers, some of which are refused and become dead letters; all end in files. */
export const poisoned = defineJob(import.meta.url, 'poisoned', (env, params: FiledParams) => {
  const checked = env
    .fromGenerator(params.count, (i) => i, { uid: 'numbers' })
    .map(Paced<number>, params, { uid: 'paced' })
    .keyBy((i) => i % 13)
    .map(
      (i) => {
        if (isPoison(i)) throw new RangeError(`poison ${i}`)
        return String(i)
      },
      { uid: 'checked', name: 'checked', errors: { deadLetter: true } },
    )
  linesTo(checked, params.output, 'good')
  const letters = checked
    .deadLetters()
    .map(
      ({ value, error, operator, attempts }) =>
        `${value} ${(error as { code: string }).code} ${operator} ${attempts}`,
      { uid: 'letters' },
    )
  linesTo(letters, params.output, 'letters')
  return {}
})

/** A record of one of two sides. */
export interface Side {
  readonly key: string
  readonly n: number
  /** Event time in ms. */
  readonly at: number
}

export const sideOf = (side: 'left' | 'right', n: number): Side =>
  side === 'left'
    ? { key: `k${n % 11}`, n, at: n * 10 }
    : { key: `k${(n * 7) % 11}`, n, at: n * 10 + 3 }

/** How far apart in time records may be that are joined. */
export const JOINED_WITHIN_MS = 40
export const WINDOW_MS = 500

function sideIn(env: JobEnvironment, side: 'left' | 'right', params: FiledParams) {
  const source = {
    partitions: () => ['0'],
    open(_: string, position = 0) {
      let next = position
      return {
        next(max: number) {
          if (next >= params.count) return null
          const from = next
          next = Math.min(params.count, from + max)
          return Array.from({ length: next - from }, (_, i) => sideOf(side, from + i))
        },
        position: () => next,
      }
    },
  }
  return env
    .fromSource<Side>(source, { uid: side })
    .map(Paced<Side>, params, { uid: `${side} paced` })
    .assignTimestamps(({ at }) => at, watermarks.monotonic(), { uid: `${side} times` })
}

/** Two sides: in pairs, joined by key, counted by window, and mapped each in its way; all end in files. */
export const connected = defineJob(import.meta.url, 'connected', (env, params: FiledParams) => {
  const both = sideIn(env, 'left', params).connect(sideIn(env, 'right', params))
  const pairs = both.process(
    ([left, right]) => {
      const found: string[] = []
      while (left.hasData() && right.hasData()) found.push(`${left.read()!.n} ${right.read()!.n}`)
      return found
    },
    { uid: 'pairs' },
  )
  linesTo(pairs, params.output, 'pairs')
  const keyed = both.keyBy(({ key }) => key)
  const joined = keyed
    .join({ joinType: 'outer', within: JOINED_WITHIN_MS, uid: 'joined' })
    .map(([left, right]) => `${left?.n ?? '-'} ${right?.n ?? '-'}`)
  linesTo(joined, params.output, 'joined')
  const windows = keyed
    .window({ type: 'tumbling', size: WINDOW_MS })
    .process(
      ({ key, startTime, inputs: [left, right] }) =>
        `${key} ${startTime} ${left.length} ${right.length}`,
      {
        uid: 'windows',
      },
    )
  linesTo(windows, params.output, 'windows')
  const mapped = both.coMap([({ n }) => `left ${n}`, ({ n }) => `right ${n}`], { uid: 'mapped' })
  linesTo(mapped, params.output, 'mapped')
  return {}
})

/** A number on its way to 1. */
export interface Walk {
  readonly start: number
  readonly n: number
  readonly steps: number
}

/** Those that have not come to 1 by then are let go. */
const STEPS_MAX = 20
export const keyOfWalk = ({ n }: Walk): number => n % 13
export const stepOf = ({ start, n, steps }: Walk): Walk => ({
  start,
  n: n % 2 === 0 ? n / 2 : 3 * n + 1,
  steps: steps + 1,
})
export const hasArrived = ({ n, steps }: Walk): boolean => n === 1 || steps === STEPS_MAX
export const lineOfWalk = ({ start, n, steps }: Walk): string => `${start} ${n} ${steps}`

/** Numbers go round, a step each time; steps are counted by key. Where each has come to, and all counts, end in files. */
export const loops = defineJob(import.meta.url, 'loops', (env, params: FiledParams) => {
  const again = env.fromFuture<Walk>('again')
  const walked = env
    .fromGenerator(params.count, (i): Walk => ({ start: i + 1, n: i + 1, steps: 0 }), {
      uid: 'walks',
    })
    .map(Paced<Walk>, params, { uid: 'paced' })
    .union(again)
    .map(Paced<Walk>, params, { uid: 'steps paced' })
    .keyBy(keyOfWalk)
    .map(
      (walk, ctx: RuntimeContext<number>) => ({
        walk: stepOf(walk),
        line: `${ctx.key} ${++ctx.state('n', () => 0).value}`,
      }),
      { uid: 'steps' },
    )
  linesTo(
    walked.map(({ line }) => line, { uid: 'lines' }),
    params.output,
    'counts',
  )
  const [arrived, going] = walked
    .map(({ walk }) => walk, { uid: 'walked' })
    .rebalance()
    .asyncMap(async (walk) => walk, { capacity: 16, uid: 'promised' })
    .branch(hasArrived)
  going.fillFuture(again)
  linesTo(arrived.map(lineOfWalk, { uid: 'arrivals' }), params.output, 'arrived')
  return {}
})
