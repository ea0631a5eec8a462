import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { watermarks } from '../../operators/time/watermark-strategy.ts'
import type { BaseEnvironment } from '../api/base-environment.ts'
import type { ConnectedStreams, DataStream, JoinType } from '../index.ts'
import { Rig } from './fixtures/rig.ts'
import { Steps } from './fixtures/steps.ts'

interface Item {
  readonly side: string
  readonly key: string
  readonly n: number
  readonly at: number
}

const KEYS = 5
const EACH = 40

/** Two partitions, each with keys of its own, so that a key's records come in order; they are up to 20 ms behind. */
function source(side: string, step: number) {
  return {
    partitions: () => ['0', '1'],
    open(partition: string, position = 0) {
      let next = position as number
      return {
        next: (): Item[] | null => {
          if (next >= EACH) return null
          const items: Item[] = []
          for (const to = Math.min(EACH, next + 3); next < to; next++) {
            const at = 20 + next * step - 10 * (next % 3)
            items.push({ side, key: `k${partition}${(next * next) % KEYS}`, n: next, at })
          }
          return items
        },
        position: () => next,
      }
    },
  }
}

/** One partition, in order; each tenth record is a marker. */
function inOrder(side: string, step: number) {
  const { open } = source(side, step)
  return { partitions: () => ['0'], open }
}

type Both = ConnectedStreams<[Item, Item]>

const both = (env: BaseEnvironment, make = source): Both => {
  const [left, right] = [make('left', 10), make('right', 14)].map(
    (one, i): DataStream<Item> =>
      env
        .fromSource(one, { parallelism: 2, name: i === 0 ? 'left' : 'right' })
        .assignTimestamps(({ at }: Item) => at, watermarks.boundedOutOfOrderness(20)),
  )
  return left.connect(right)
}

const text = (items: readonly Item[]) =>
  items
    .map(({ key, n, at }) => `${key}.${n}@${at}`)
    .sort()
    .join(' ')
const textOf = (inputs: readonly (readonly Item[])[]) => inputs.map(text).join(' | ')
const rowOf = (row: readonly (Item | null)[]) =>
  row.map((one) => (one === null ? '-' : text([one]))).join(' + ')

/** What takes two at a time and leaves the rest for later. */
const pairs = (streams: Both) =>
  streams.process(([left, right]) => {
    const found: string[] = []
    while (left.hasData() && right.hasData()) found.push(rowOf([left.read()!, right.read()!]))
    return found
  })
const batches = (streams: Both) =>
  streams.process((inputs) => {
    const batch = inputs.map((input) => [...input])
    return batch.some((one) => one.length > 0) ? [textOf(batch)] : []
  })
const join = (streams: Both, joinType: JoinType, within?: number) =>
  streams.join({ joinType, ...(within === undefined ? {} : { within }) }).map(rowOf)
const byUser = (streams: Both) => streams.keyBy(({ key }) => key)

const programs: Record<string, (env: BaseEnvironment) => DataStream<string>> = {
  'process by key': (env) => pairs(byUser(both(env))),
  'process in one place': (env) => pairs(both(env, inOrder)),
  'tumbling windows': (env) =>
    both(env)
      .window({ type: 'tumbling', size: 50 })
      .process(({ startTime, inputs }) => `${startTime}: ${textOf(inputs)}`),
  'sliding windows by key': (env) =>
    byUser(both(env))
      .window({ type: 'sliding', size: 90, slide: 30 })
      .process(({ key, startTime, inputs }) => `${key} ${startTime}: ${textOf(inputs)}`),
  'sessions by key': (env) =>
    byUser(both(env))
      .window({ type: 'session', timeout: 25 })
      .process(
        ({ key, startTime, endTime, inputs }) =>
          `${key} ${startTime}-${endTime}: ${textOf(inputs)}`,
      ),
  'inner join': (env) => join(byUser(both(env)), 'inner', 60),
  'outer join': (env) => join(byUser(both(env)), 'outer', 20),
  'left join without a bound': (env) => join(byUser(both(env)), 'left'),
  'outer join by a condition': (env) =>
    both(env)
      .join({
        joinType: 'outer',
        condition: (a, b) => a.key === b.key && a.n % 2 === b.n % 2,
        within: 40,
      })
      .map(rowOf),
  'synchronize by time': (env) =>
    batches(both(env).synchronize({ type: 'timestamp', tolerance: 35 })),
  'synchronize by time, by key': (env) =>
    batches(byUser(both(env)).synchronize({ type: 'timestamp', tolerance: 70 })),
  'synchronize by marker': (env) =>
    batches(
      both(env, inOrder).synchronize({
        type: 'event',
        isMarker: ({ n }) => n % 10 === 9,
        keepMarkers: true,
      }),
    ),
}

async function whole(rig: Rig): Promise<string[]> {
  return (await rig.run('out')) as string[]
}

describe.each(Object.keys(programs))('%s', (name) => {
  const program = (env: BaseEnvironment) => void programs[name](env).output('out')

  it('goes on from a checkpoint wherever it falls, at any parallelism: nothing lost, nothing twice', async () => {
    const expected = (await whole(new Rig(program, { parallelism: 2 }))).sort()
    expect(expected.length).toBeGreaterThan(3)
    const scenario = fc.record({
      before: fc.nat({ max: 200 }),
      order: fc.infiniteStream(fc.nat()),
      from: fc.integer({ min: 1, max: 3 }),
      to: fc.integer({ min: 1, max: 4 }),
      unaligned: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(scenario, async ({ before, order, from, to, unaligned }) => {
        const rig = new Rig(program, { parallelism: from })
        rig.unaligned = unaligned
        rig.holdEnd()
        await rig.open()
        const steps = new Steps(rig, order)
        steps.many(before)
        rig.trigger(1)
        const cuts = await steps.until(1)
        const seen = rig.readBefore('out', 1)
        const rest = await whole(new Rig(program, { parallelism: to }, cuts))
        expect([...seen, ...rest].sort()).toEqual(expected)
      }),
      { numRuns: 30 },
    )
  })
})
