import { expect, it } from 'vitest'
import {
  type DataStream,
  defineJob,
  type KeyedStream,
  session,
  sliding,
  tumbling,
  watermarks,
} from '../index.ts'
import { settled } from '../testing/index.ts'
import { NEVER } from './fixtures/checkpointed.ts'
import { ownFolder } from './fixtures/own-folder.ts'
import { silent } from './fixtures/silent.ts'

interface Reading {
  readonly key: string
  readonly at: number
  readonly n: number
}
type Readings = KeyedStream<string, Reading>
const uid = { uid: 'it' }

const sum = (a: Reading, b: Reading): Reading => ({ ...a, n: a.n + b.n })

/** What an operator of one uid may become from one version of a program to the next. */
const versions = {
  state: (all: Readings) =>
    all.map(({ n }, ctx) => `sum ${(ctx.state('s', () => 0).value += n)}`, uid),
  'state, in a process': (all: Readings) =>
    all.process(
      ({ n }: Reading, ctx, out) => out.collect(`sum ${(ctx.state('s', () => 0).value += n)}`),
      uid,
    ),
  'state with ttl': (all: Readings) =>
    all.map(({ n }, ctx) => `sum ${(ctx.state('s', () => 0, { ttl: '1h' }).value += n)}`, uid),
  listState: (all: Readings) =>
    all.map(({ n }, ctx) => {
      const list = ctx.listState<number>('s')
      list.add(n)
      return list.get().join()
    }, uid),
  mapState: (all: Readings) =>
    all.map(({ n }, ctx) => {
      const map = ctx.mapState<number, number>('s')
      map.set(n, n)
      return map.size
    }, uid),
  statefulMap: (all: Readings) =>
    all.statefulMap('it', (s: number | undefined, { n }) => [(s ?? 0) + n, `sum ${(s ?? 0) + n}`]),
  statefulFlatMap: (all: Readings) =>
    all.statefulFlatMap('it', (s: number | undefined, { n }) => [
      (s ?? 0) + n,
      [`sum ${(s ?? 0) + n}`],
    ]),
  reduceFinal: (all: Readings) => all.reduceFinal('it', sum),
  tumbling: (all: Readings) => all.window(tumbling(100)).count(uid),
  'tumbling, other lateness': (all: Readings) =>
    all.window(tumbling(100)).allowedLateness(50).count(uid),
  'tumbling, other size': (all: Readings) => all.window(tumbling(50)).count(uid),
  'tumbling, other result': (all: Readings) => all.window(tumbling(100)).toArray(uid),
  sliding: (all: Readings) => all.window(sliding(200, 100)).count(uid),
  session: (all: Readings) => all.window(session(50)).count(uid),
} satisfies Record<string, (all: Readings) => DataStream<any>>
type Version = keyof typeof versions

async function change(before: Version, after: Version): Promise<unknown[]> {
  const job = defineJob(import.meta.url, 'changed-state', (env, version: Version) => {
    const readings = env.createStream<Reading>('readings')
    const keyed = readings
      .assignTimestamps(({ at }) => at, watermarks.monotonic())
      .keyBy(({ key }) => key)
    const results: DataStream<any> = versions[version](keyed)
    return { readings, results: results.output('results') }
  })
  const checkpoint = { dir: ownFolder(), interval: NEVER }
  const config = {
    mode: 'inline',
    parallelism: 2,
    restart: 'none',
    logger: silent,
    checkpoint,
  } as const
  const first = await job.submit(before, config)
  await first.io.readings.pushMany([
    { key: 'a', at: 10, n: 1 },
    { key: 'a', at: 20, n: 2 },
    { key: 'b', at: 30, n: 5 },
  ])
  await settled(first)
  await first.checkpoint()
  await first.cancel()
  const second = await job.submit(after, config)
  await second.io.readings.push({ key: 'a', at: 40, n: 7 })
  second.io.readings.end()
  const results = await second.io.results.toArray()
  await second.finished
  return results
}

it.each<[Version, Version]>([
  ['state', 'state, in a process'],
  ['state, in a process', 'state'],
  ['statefulMap', 'statefulFlatMap'],
  ['statefulFlatMap', 'statefulMap'],
])('goes on with what it finds: %s, then %s', async (before, after) => {
  expect(await change(before, after)).toEqual(['sum 10'])
})

it.each<[Version, Version]>([
  ['tumbling', 'tumbling, other lateness'],
  ['tumbling, other lateness', 'tumbling'],
])('goes on with what it finds: %s, then %s', async (before, after) => {
  const counts = (await change(before, after)) as { key: string; value: number }[]
  expect(counts.map(({ key, value }) => `${key} ${value}`).sort()).toEqual(['a 3', 'b 1'])
})

it.each<[Version, Version, string]>([
  ['state', 'listState', 'expected state, as in the checkpoint, got listState'],
  ['listState', 'state', 'expected listState, as in the checkpoint, got state'],
  ['listState', 'mapState', 'expected listState, as in the checkpoint, got mapState'],
  ['mapState', 'state', 'expected mapState, as in the checkpoint, got state'],
  ['state', 'state with ttl', 'expected state, as in the checkpoint, got state with ttl'],
  ['state with ttl', 'state', 'expected state with ttl, as in the checkpoint, got state'],
  ['state', 'statefulMap', "expected 'it' to keep its state as functions, got statefulMap"],
  ['statefulMap', 'state', 'to keep its state as statefulMap, got functions'],
  ['statefulMap', 'reduceFinal', 'as statefulMap, got reduceFinal'],
  ['tumbling', 'tumbling, other size', 'size: 100'],
  ['tumbling', 'tumbling, other result', '"count"'],
  ['tumbling', 'sliding', 'slide: 100'],
  ['tumbling', 'session', 'SessionWindows'],
  ['session', 'tumbling', 'SessionWindows'],
  ['tumbling', 'state', 'got functions'],
])('is never taken for what it is not: %s, then %s', async (before, after, message) => {
  await expect(change(before, after)).rejects.toMatchObject({
    code: 'SAGE_CHECKPOINT_INCOMPATIBLE',
    message: expect.stringContaining(message),
  })
})
