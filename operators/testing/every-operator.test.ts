import { globSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { schema } from '../../codec/schema.ts'
import { asyncMapFactory } from '../async/async-map.ts'
import { enrichCachedFactory } from '../async/enrich-cached.ts'
import { BRANCH_FALSE, BRANCH_TRUE, branchFactory } from '../basic/branch.ts'
import { filterFactory } from '../basic/filter.ts'
import { flatMapFactory } from '../basic/flat-map.ts'
import { forwardFactory } from '../basic/forward.ts'
import { inspectFactory } from '../basic/inspect.ts'
import { keyByFactory } from '../basic/key-by.ts'
import { mapFactory } from '../basic/map.ts'
import { printFactory } from '../basic/print.ts'
import { processFactory } from '../basic/process.ts'
import { processBatchFactory } from '../basic/process-batch.ts'
import { sinkFactory } from '../basic/sink.ts'
import { withSchemaFactory } from '../basic/with-schema.ts'
import { joinRowsFactory } from '../connected/join-rows.ts'
import { processStreamsFactory } from '../connected/process-streams.ts'
import type { StreamReader } from '../connected/stream-readers.ts'
import { windowStreamsFactory } from '../connected/window-streams.ts'
import {
  BaseJoinFunction,
  FlatMapFunction,
  OutputTag,
  ProcessFunction,
  SinkFunction,
} from '../contract/function.ts'
import type { OperatorFactory } from '../contract/operator.ts'
import { aggregationFactory, combinerFactory } from '../final/aggregation.ts'
import { countFinalFactory } from '../final/count-final.ts'
import { entriesFactory } from '../final/entries.ts'
import { foldFinalFactory } from '../final/fold-final.ts'
import { maxFinalFactory, minFinalFactory } from '../final/min-max-final.ts'
import { reduceFactory } from '../final/reduce.ts'
import { reduceFinalFactory } from '../final/reduce-final.ts'
import { collectLogic } from '../keyed-window/collect-logic.ts'
import { keyedWindowFactory } from '../keyed-window/keyed-window.ts'
import { resolveWindow } from '../keyed-window/window-spec.ts'
import { coMapFactory } from '../multi/co-map.ts'
import { intervalJoinFactory } from '../multi/interval-join.ts'
import { joinFactory } from '../multi/join.ts'
import { patternStart } from '../pattern/pattern-builder.ts'
import { compilePattern } from '../pattern/pattern-machine.ts'
import { patternFactory } from '../pattern/pattern-operator.ts'
import { collectFactory } from '../stateful/collect.ts'
import { keyedJoinFactory } from '../stateful/keyed-join.ts'
import { StatefulBatchLogic, StatefulLogic } from '../stateful/logic.ts'
import { statefulBatchFactory, statefulFactory } from '../stateful/stateful.ts'
import { statefulFlatMapFactory, statefulMapFactory } from '../stateful/stateful-map.ts'
import { assignTimestampsFactory } from '../time/assign-timestamps.ts'
import { watermarks } from '../time/watermark-strategy.ts'
import { triggers } from '../window/trigger.ts'
import { tumbling } from '../window/window-assigner.ts'
import { sumContents } from '../window/window-contents.ts'
import { windowFactory } from '../window/window-factory.ts'
import { type HarnessOptions, operatorHarness } from './operator-harness.ts'

/**
 * Every operator of the package gives the same, whatever the pace: its records one by one, all at
 * once, and with every second record that it emits refused.
 */

interface Row {
  readonly make: () => OperatorFactory
  /** What came out: `[key, record]`, side outputs under their tags' ids. */
  readonly expected: readonly unknown[]
  /** Why what it keeps is in no snapshot. */
  readonly forgets?: string
  /** The order is kept by key only. */
  readonly perKey?: boolean
}

const ownFields = 'its function keeps what it counts in fields, and is no StatefulFunction'

const sizes = [3, 1, 4, 1, 5, 9, 2, 6]
const keys = ['b', 'a', 'b', 'c', 'a', 'a', 'c', 'b']
const keyed = (fn: (n: number, i: number) => unknown) =>
  sizes.flatMap((n, i) => {
    const value = fn(n, i)
    return value === undefined ? [] : [[keys[i], value]]
  })
const sum = { first: (n: any) => n, next: (a: any, n: any) => a + n, result: (a: any) => a }
/** The sum of each record's key so far. */
const running = keyed((_, i) =>
  sizes.slice(0, i + 1).reduce((a, n, j) => (keys[j] === keys[i] ? a + n : a), 0),
)
const late = new OutputTag<number>('late')
const seen: unknown[] = []

class Twice extends FlatMapFunction<number, number> {
  #sum = 0
  execute(n: number, out: { collect(n: number): void }) {
    this.#sum += n
    out.collect(n)
    return [-n]
  }
  override finish(out: { collect(n: number): void }) {
    for (let i = 0; i < 3; i++) out.collect(this.#sum + i)
  }
}

class Split extends ProcessFunction<number, number> {
  #count = 0
  process(n: number, _: unknown, out: any) {
    this.#count++
    for (let i = 1; i < n; i += 2) out.collect(i)
    out.collectTo(late, n)
  }
  override finish(out: { collect(n: number): void }) {
    out.collect(this.#count)
  }
}

class Sides extends BaseJoinFunction {
  left(n: number, key: string) {
    return [`${key}<${n}`]
  }
  right(n: number, key: string) {
    return [`${key}>${n}`, n]
  }
}

class Summing extends StatefulLogic<number, number, number> {
  #sum: number
  constructor(sum = 0) {
    super()
    this.#sum = sum
  }
  onItem(n: number): [number[], boolean] {
    this.#sum += n
    return [[this.#sum], StatefulLogic.RETAIN]
  }
  snapshot() {
    return this.#sum
  }
}

class SummingBatch extends StatefulBatchLogic<number, number, number> {
  #sum: number
  constructor(sum = 0) {
    super()
    this.#sum = sum
  }
  onBatch(values: number[]): [number[], boolean] {
    const sums = values.map((n) => {
      this.#sum += n
      return this.#sum
    })
    return [sums, StatefulBatchLogic.RETAIN]
  }
  snapshot() {
    return this.#sum
  }
}

class Gather extends SinkFunction<number> {
  async execute(n: number) {
    await undefined
    seen.push(n)
  }
  override finish() {
    seen.push('finished')
  }
}

const rows: Readonly<Record<string, Row>> = {
  mapFactory: {
    make: () => mapFactory((n: number) => (n > 1 ? n * 2 : null)),
    expected: keyed((n) => (n > 1 ? n * 2 : undefined)),
  },
  asyncMapFactory: {
    make: () => asyncMapFactory(async (n: number) => (n > 1 ? n * 2 : null)),
    expected: keyed((n) => (n > 1 ? n * 2 : undefined)),
  },
  enrichCachedFactory: {
    make: () => {
      let asked = 0
      const getter = async (n: number) => `${n}: ${asked++}`
      return enrichCachedFactory(getter, (cache: any, n: number) => cache.get(n))
    },
    forgets: 'what it has looked up is in no snapshot, as in Bytewax',
    expected: keyed((n) => `${n}: ${[...new Set(sizes)].indexOf(n)}`),
  },
  filterFactory: {
    make: () => filterFactory((n: number) => n % 2),
    expected: keyed((n) => (n % 2 === 1 ? n : undefined)),
  },
  flatMapFactory: {
    make: () => flatMapFactory(Twice),
    forgets: ownFields,
    expected: [
      ...sizes.flatMap((n, i) => [
        [keys[i], -n],
        [keys[i], n],
      ]),
      [undefined, 31],
      [undefined, 32],
      [undefined, 33],
    ],
  },
  inspectFactory: { make: () => inspectFactory(() => 'ignored'), expected: keyed((n) => n) },
  keyByFactory: {
    make: () => keyByFactory((n: number) => [n % 2]),
    expected: sizes.map((n) => [[n % 2], n]),
  },
  forwardFactory: { make: forwardFactory, expected: keyed((n) => n) },
  printFactory: { make: () => printFactory('p', ':', false), expected: keyed((n) => `p:${n}`) },
  withSchemaFactory: {
    make: () => withSchemaFactory({ validate: (n) => schema('N', { n: 'int32' }).validate({ n }) }),
    expected: keyed((n) => n),
  },
  processFactory: {
    make: () => processFactory(Split),
    forgets: ownFields,
    expected: [
      ...sizes.flatMap((n, i) => Array.from({ length: n >> 1 }, (_, j) => [keys[i], 2 * j + 1])),
      [undefined, 8],
      ...sizes.map((n) => ['late', n]),
    ],
  },
  processBatchFactory: {
    make: () => processBatchFactory((items: number[]) => items.flatMap((n) => [n, n])),
    expected: sizes.flatMap((n) => [
      [undefined, n],
      [undefined, n],
    ]),
  },
  branchFactory: {
    make: () => branchFactory((n: number) => n > 3),
    expected: [
      ...sizes.filter((n) => n > 3).map((n) => [BRANCH_TRUE.id, n]),
      ...sizes.filter((n) => n <= 3).map((n) => [BRANCH_FALSE.id, n]),
    ],
  },
  sinkFactory: { make: () => sinkFactory(Gather, undefined, 4), expected: [...sizes, 'finished'] },
  coMapFactory: {
    make: () => coMapFactory([(n: number) => n, (n: number) => -n], 2),
    expected: keyed((n, i) => (i % 2 === 0 ? n : -n)),
  },
  joinFactory: {
    make: () => joinFactory(Sides),
    expected: sizes.flatMap((n, i) =>
      i % 2 === 0
        ? [[keys[i], `${keys[i]}<${n}`]]
        : [
            [keys[i], `${keys[i]}>${n}`],
            [keys[i], n],
          ],
    ),
  },
  processStreamsFactory: {
    make: () =>
      processStreamsFactory({
        fn: (streams: StreamReader<number>[]) => streams.flatMap((stream) => [...stream]),
        names: ['left', 'right'],
        keyed: true,
        // Else what a batch holds would depend on the pace.
        alignment: { type: 'event', isMarker: () => false, keepMarkers: false },
      }),
    expected: Object.entries({ a: [5, 1, 9], b: [3, 4, 6], c: [2, 1] }).flatMap(([key, values]) =>
      values.map((n) => [key, n]),
    ),
  },
  joinRowsFactory: {
    make: () => joinRowsFactory({ joinType: 'outer', withinMs: Number.POSITIVE_INFINITY }),
    expected: [
      ['a', [5, 1]],
      ['a', [5, 9]],
      ['c', [2, 1]],
      ['b', [3, 6]],
      ['b', [4, 6]],
    ],
  },
  windowStreamsFactory: {
    make: () =>
      windowStreamsFactory({
        window: { type: 'session', timeoutMs: 5 },
        fn: ({ inputs }: { inputs: number[][] }) => inputs.join('|'),
        inputs: 2,
        keyed: true,
      }),
    // Whose windows end at the same time.
    perKey: true,
    expected: [
      ['b', '3,4|6'],
      ['a', '5|1,9'],
      ['c', '2|1'],
    ],
  },
  reduceFactory: {
    make: () => reduceFactory((a: number, n: number) => a + n),
    expected: running,
  },
  entriesFactory: { make: entriesFactory, expected: sizes.map((n, i) => [keys[i], [keys[i], n]]) },
  countFinalFactory: {
    make: countFinalFactory,
    expected: [
      ['a', 3],
      ['b', 3],
      ['c', 2],
    ],
  },
  minFinalFactory: {
    make: () => minFinalFactory(),
    expected: [
      ['a', 1],
      ['b', 3],
      ['c', 1],
    ],
  },
  maxFinalFactory: {
    make: () => maxFinalFactory(),
    expected: [
      ['a', 9],
      ['b', 6],
      ['c', 2],
    ],
  },
  reduceFinalFactory: {
    make: () => reduceFinalFactory((a: number, n: number) => a + n),
    expected: [
      ['a', 15],
      ['b', 13],
      ['c', 3],
    ],
  },
  foldFinalFactory: {
    make: () =>
      foldFinalFactory(
        () => 0,
        (a: number, n: number) => a + n,
        (a: number, b: number) => a + b,
      ),
    expected: [
      ['a', 15],
      ['b', 13],
      ['c', 3],
    ],
  },
  aggregationFactory: {
    make: () => aggregationFactory([], sum),
    expected: [
      ['a', 15],
      ['b', 13],
      ['c', 3],
    ],
  },
  assignTimestampsFactory: {
    make: () => assignTimestampsFactory((n: number) => n, watermarks.monotonic()),
    expected: keyed((n) => n),
  },
  patternFactory: {
    make: () =>
      patternFactory(
        compilePattern(
          patternStart
            .begin('first')
            .next('more')
            .where((n, ctx) => n > ctx.last('first')),
        ),
        { timedOut: undefined, late: undefined },
      ),
    expected: [
      ['b', { first: [3], more: [4] }],
      ['a', { first: [1], more: [5] }],
      ['a', { first: [5], more: [9] }],
      ['c', { first: [1], more: [2] }],
      ['b', { first: [4], more: [6] }],
    ],
  },
  keyedWindowFactory: {
    make: () =>
      keyedWindowFactory({
        window: resolveWindow(
          {
            clock: { type: 'event', timestamp: (n: number) => n, wait: Infinity },
            windower: { type: 'tumbling', length: 5 },
          },
          'collectWindow',
        ),
        logic: collectLogic('array'),
        ordered: true,
        sides: 1,
      }),
    expected: [
      ['a', [0, [1]]],
      ['a', [1, [5, 9]]],
      ['b', [0, [3, 4]]],
      ['b', [1, [6]]],
      ['c', [0, [1, 2]]],
    ],
  },
  windowFactory: {
    perKey: true,
    make: () =>
      windowFactory({
        assigner: tumbling(4),
        contents: sumContents(),
        event: true,
        latenessMs: 0,
        trigger: triggers.eventTime(),
        late: undefined,
        process: undefined,
      }),
    expected: [
      ['b', { key: 'b', start: 0, end: 4, value: 7 }],
      ['a', { key: 'a', start: 0, end: 4, value: 1 }],
      ['c', { key: 'c', start: 0, end: 4, value: 1 }],
      ['b', { key: 'b', start: 4, end: 8, value: 6 }],
      ['a', { key: 'a', start: 4, end: 8, value: 14 }],
      ['c', { key: 'c', start: 4, end: 8, value: 2 }],
    ],
  },
  intervalJoinFactory: {
    make: () => intervalJoinFactory(3, 1),
    expected: [
      ['a', [5, 1]],
      ['a', [5, 9]],
      ['c', [2, 1]],
    ],
  },
  statefulMapFactory: {
    make: () => statefulMapFactory((sum: number = 0, n: number) => [sum + n, sum + n]),
    expected: running,
  },
  statefulFlatMapFactory: {
    make: () =>
      statefulFlatMapFactory((last: number | undefined, n: number) => [
        n,
        last === undefined ? [n] : [last, n],
      ]),
    expected: sizes.flatMap((n, i) => {
      const before = sizes.findLast((_, j) => j < i && keys[j] === keys[i])
      return before === undefined
        ? [[keys[i], n]]
        : [
            [keys[i], before],
            [keys[i], n],
          ]
    }),
  },
  statefulFactory: {
    make: () => statefulFactory((sum?: number) => new Summing(sum)),
    expected: running,
    perKey: true,
  },
  statefulBatchFactory: {
    make: () => statefulBatchFactory((sum?: number) => new SummingBatch(sum)),
    expected: running,
    perKey: true,
  },
  collectFactory: {
    make: () => collectFactory(1000, 2),
    expected: [
      ['b', [3, 4]],
      ['a', [1, 5]],
      ['c', [1, 2]],
      ['a', [9]],
      ['b', [6]],
    ],
    perKey: true,
  },
  keyedJoinFactory: {
    make: () => keyedJoinFactory(2, 'product', 'final'),
    // The second side has every second record.
    expected: [
      ['a', [5, 1]],
      ['a', [5, 9]],
      ['b', [3, 6]],
      ['b', [4, 6]],
      ['c', [2, 1]],
    ],
  },
  combinerFactory: {
    make: () => combinerFactory([], sum, 2),
    forgets: 'what it holds is on its way: a checkpoint has it sent on',
    // Two keys are held; the third sends both on.
    expected: [
      ['b', 7],
      ['a', 1],
      ['c', 3],
      ['a', 14],
      ['b', 6],
    ],
  },
}

const paces: [string, HarnessOptions, boolean][] = [
  ['one by one', {}, true],
  ['all at once', {}, false],
  ['all at once, output refused every second call', { pressed: true }, false],
  ['one by one, output refused every second call', { pressed: true }, true],
]

/** Every second record comes through the second input, where there are two. */
async function run(
  factory: OperatorFactory,
  options: HarnessOptions,
  oneByOne: boolean,
  restored = false,
): Promise<unknown[]> {
  seen.length = 0
  const harness = operatorHarness(factory, options)
  for (const [i, n] of sizes.entries()) {
    const pushed = harness.push(n, { key: keys[i], input: i % 2, timestamp: i })
    if (oneByOne) {
      await pushed
      await harness.endOfBatch()
    }
    if (restored) harness.restore(harness.snapshot())
  }
  await harness.end()
  return [...outputOf(harness), ...seen]
}

/** In the order of the keys, and for each as it was. */
function byKey(output: readonly unknown[]): unknown[] {
  return (output as [string, unknown][]).toSorted(([a], [b]) => a.localeCompare(b))
}

function outputOf(harness: ReturnType<typeof operatorHarness>): unknown[] {
  const sides = [late, BRANCH_TRUE, BRANCH_FALSE].flatMap((tag) =>
    harness.sideOutput(tag).map((n) => [tag.id, n]),
  )
  return [...harness.packets.map(({ partitionKey, payload }) => [partitionKey, payload]), ...sides]
}

describe.each(paces)('%s', (_, options, oneByOne) => {
  it.each(Object.entries(rows))('%s', async (_, { make, expected, perKey = false }) => {
    const seen = await run(make(), options, oneByOne)
    expect(perKey ? byKey(seen) : seen).toEqual(perKey ? byKey(expected) : expected)
  })

  it.each(Object.entries(rows).filter(([, { make }]) => make().combiner !== undefined))(
    '%s behind its combiner',
    async (_, { make, expected }) => {
      const factory = make()
      const combiner = operatorHarness(factory.combiner, options)
      const operator = operatorHarness(factory, { ...options, combined: true })
      for (const [i, n] of sizes.entries()) combiner.push(n, { key: keys[i], timestamp: i })
      await combiner.end()
      for (const packet of combiner.packets) operator.push(packet)
      await operator.end()
      expect(outputOf(operator)).toEqual(expected)
    },
  )
})

describe('snapshot and restore after each record', () => {
  const kept = Object.entries(rows).filter(([, { forgets }]) => forgets === undefined)
  it.each(kept)('%s', async (_, { make, expected, perKey = false }) => {
    const seen = await run(make(), {}, true, true)
    expect(perKey ? byKey(seen) : seen).toEqual(perKey ? byKey(expected) : expected)
  })
})

it('leaves no operator out', () => {
  const root = new URL('../', import.meta.url)
  const files = globSync('*/*.ts', { cwd: root }).filter(
    (file) => !/^(contract|testing)\/|\.test\.ts$/.test(file),
  )
  const factories = files.flatMap((file) =>
    [
      ...readFileSync(new URL(file, root), 'utf8').matchAll(/^export function (\w+Factory)\b/gm),
    ].map(([, name]) => name),
  )
  expect(Object.keys(rows).sort()).toEqual(factories.sort())
})
