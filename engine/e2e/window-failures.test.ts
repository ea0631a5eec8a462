import { describe, expect, it } from 'vitest'
import {
  type ErrorPolicy,
  LocalEnvironment,
  session,
  sliding,
  triggers,
  tumbling,
  tumblingCount,
  type WindowAssigner,
  type WindowedStream,
  watermarks,
} from '../index.ts'

// User code of windows that throws, under each policy: what fails is the result of a window, or a record, and never half of
// either.

type Windowed = WindowedStream<string, number>

/** Throws at the calls of these numbers, from 1. */
function failsAt(...calls: number[]) {
  let call = 0
  return () => {
    if (calls.includes(++call)) throw new Error(`call ${call} is broken`)
  }
}

/** A sum that is changed in place. */
const inPlace = {
  create: () => ({ sum: 0 }),
  add: (a: { sum: number }, n: number) => {
    a.sum += n
    return a
  },
  merge: (a: { sum: number }, b: { sum: number }) => {
    a.sum += b.sum
    return a
  },
  result: (a: { sum: number }) => a.sum,
}

/** `[value, timestamp]`, all of key k. */
async function run(
  records: readonly (readonly [number, number])[],
  assigner: WindowAssigner,
  policy: ErrorPolicy,
  make: (windowed: Windowed, options: { errors: ErrorPolicy }) => any,
) {
  const env = new LocalEnvironment('failures', { mode: 'inline', parallelism: 1 })
  const windowed = env
    .fromCollection(records)
    .assignTimestamps(([, at]) => at, watermarks.monotonic())
    .map(([value]) => value)
    .keyBy(() => 'k')
    .window(assigner)
  const stream = make(windowed, { errors: policy })
  const results = stream.map((r: any) => r.value ?? r).output('results')
  const done = env.submit({ autostop: true })
  done.catch(() => undefined)
  const found = await results.toArray().catch(() => undefined)
  const { operators, deadLetters } = (await done) as any
  const { errors, retries, dropped } = operators.find((one: any) => one.kind === 'window')
  return { found, errors, retries, dropped, letters: deadLetters.map((one: any) => one.value) }
}

const policies: ErrorPolicy[] = [
  'skip',
  { retry: 1 },
  { retry: 1, backoff: 1 },
  { deadLetter: true },
]
const retries = (policy: ErrorPolicy) => typeof policy === 'object' && 'retry' in policy

describe.each(policies)('with errors: %j', (policy) => {
  const again = retries(policy)
  const dead = typeof policy === 'object' && 'deadLetter' in policy

  it.each<
    [
      string,
      WindowAssigner,
      (w: Windowed) => Windowed,
      readonly (readonly [number, number])[],
      number[],
      object,
    ]
  >([
    [
      'a count trigger',
      tumbling(100),
      (w) => w.trigger(triggers.count(2)),
      [
        [1, 0],
        [2, 1],
        [3, 2],
        [4, 3],
      ],
      [3, 10],
      { start: 0, end: 100, timestamp: 99 },
    ],
    [
      'a purging trigger',
      tumbling(100),
      (w) => w.trigger(triggers.purging(triggers.count(2))),
      [
        [1, 0],
        [2, 1],
        [3, 2],
        [4, 3],
      ],
      [3, 7],
      { start: 0, end: 100, timestamp: 99 },
    ],
    [
      'a late record',
      tumbling(10),
      (w) => w.allowedLateness(100),
      [
        [1, 0],
        [2, 1],
        [100, 50],
        [3, 2],
        [4, 3],
      ],
      [3, 6, 10, 100],
      { start: 0, end: 10, timestamp: 9 },
    ],
    [
      'a late record of a session',
      session(10),
      (w) => w.allowedLateness(100),
      [
        [1, 0],
        [2, 1],
        [100, 50],
        [3, 0],
        [4, 1],
      ],
      [3, 6, 10, 100],
      { start: 0, end: 11, timestamp: 10 },
    ],
    [
      'the end of a window',
      tumbling(10),
      (w) => w,
      [
        [3, 0],
        [7, 10],
      ],
      [3, 7],
      { start: 0, end: 10, timestamp: 9 },
    ],
    [
      'the end of a session',
      session(10),
      (w) => w,
      [
        [3, 0],
        [7, 50],
      ],
      [3, 7],
      { start: 0, end: 10, timestamp: 9 },
    ],
    [
      'a count',
      tumblingCount(2),
      (w) => w,
      [
        [1, 0],
        [2, 1],
        [3, 2],
        [4, 3],
      ],
      [3, 7],
      { start: Number.NEGATIVE_INFINITY, end: Number.POSITIVE_INFINITY, timestamp: 1 },
    ],
  ])('a result that throws at %s', async (_, assigner, set, records, expected, window) => {
    const fail = failsAt(1)
    const result = ({ sum }: { sum: number }) => {
      fail()
      return sum
    }
    const found = await run(records, assigner, policy, (w, options) =>
      set(w).aggregate({ ...inPlace, result }, options),
    )
    expect(found).toEqual({
      found: again ? expected : expected.slice(1),
      errors: again ? 0 : 1,
      retries: again ? 1 : 0,
      dropped: 0,
      letters: dead ? [{ key: 'k', ...window, value: { sum: expected[0] } }] : [],
    })
  })

  it('a process that throws half-way: what it has emitted is not in the result twice, nor half', async () => {
    const fail = failsAt(1)
    const records = [
      [1, 0],
      [2, 5],
      [3, 12],
    ] as const
    const found = await run(records, tumbling(10), policy, (w, options) =>
      w.process<number>((_, __, values, out) => {
        out.collect(values[0])
        fail()
        out.collect(-values[0])
      }, options),
    )
    expect(found).toEqual({
      found: again ? [1, -1, 3, -3] : [3, -3],
      errors: again ? 0 : 1,
      retries: again ? 1 : 0,
      dropped: 0,
      letters: dead ? [{ key: 'k', start: 0, end: 10, timestamp: 9, value: [1, 2] }] : [],
    })
  })

  it.each([0, 100])(
    'a merge that throws for a window of several panes, lateness %d',
    async (late) => {
      const fail = failsAt(1)
      const merge = (a: { sum: number }, b: { sum: number }) => {
        fail()
        return inPlace.merge(a, b)
      }
      const records = [
        [1, 5],
        [2, 15],
        [4, 55],
      ] as const
      const found = await run(records, sliding(20, 10), policy, (w, options) =>
        w.allowedLateness(late).aggregate({ ...inPlace, merge }, options),
      )
      const merged = { key: 'k', start: 0, end: 20, timestamp: 19 }
      expect(found).toEqual({
        found: again ? [1, 3, 2, 4, 4] : [1, 2, 4, 4],
        errors: again ? 0 : 1,
        retries: again ? 1 : 0,
        dropped: 0,
        letters: dead ? [{ ...merged, partials: [{ sum: 1 }, { sum: 2 }] }] : [],
      })
    },
  )

  it.each([0, 100])(
    'a merge that throws for the second of three sessions, lateness %d',
    async (late) => {
      const fail = failsAt(2)
      const merge = (a: { sum: number }, b: { sum: number }) => {
        fail()
        return inPlace.merge(a, b)
      }
      // The record 8 is within reach of all three, in an assigner whose windows are as long as it.
      const assigner = {
        merges: true,
        assign: (n: number, at: number) => [{ start: at, end: at + (n === 8 ? 30 : 5) }],
      }
      const records = [
        [1, 0],
        [2, 10],
        [4, 20],
        [8, 0],
        [64, 0],
      ] as const
      const env = new LocalEnvironment('sessions', { mode: 'inline', parallelism: 1 })
      const results = env
        .fromCollection(records)
        .assignTimestamps(([, at]) => at, watermarks.boundedOutOfOrderness(1_000))
        .map(([value]) => value)
        .keyBy(() => 'k')
        .window(assigner)
        .allowedLateness(late)
        .aggregate({ ...inPlace, merge }, { errors: policy })
        .map(({ start, end, value }) => [start, end, value])
        .output('results')
      const done = env.submit({ autostop: true })
      const found = await results.toArray()
      const { deadLetters } = (await done) as any
      const whole = [[0, 30, 79]]
      expect(found).toEqual(
        again
          ? whole
          : [
              [0, 5, 65],
              [10, 15, 2],
              [20, 25, 4],
            ],
      )
      expect(deadLetters.map((one: any) => one.value)).toEqual(dead ? [8] : [])
    },
  )
})
