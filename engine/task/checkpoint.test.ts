import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RuntimeContext } from '../../operators/contract/context.ts'
import { type Collector, ProcessFunction } from '../../operators/contract/function.ts'
import { watermarks } from '../../operators/time/watermark-strategy.ts'
import type { BaseEnvironment } from '../api/base-environment.ts'
import { Rig, turn } from './fixtures/rig.ts'
import type { SavedCut } from './fixtures/saved-cut.ts'
import { Steps } from './fixtures/steps.ts'

const PARTITIONS = ['a', 'b', 'c']
const EACH = 40

interface Item {
  readonly key: string
  readonly n: number
  readonly at: number
}

/** Partitions that are read from any position; each call gives a few records. */
const source = {
  partitions: () => PARTITIONS,
  open(partition: string, position = 0) {
    let next = position as number
    return {
      next: (): Item[] | null => {
        if (next >= EACH) return null
        const to = Math.min(EACH, next + 3)
        const items: Item[] = []
        for (; next < to; next++) {
          const n = PARTITIONS.indexOf(partition) * 1000 + next
          items.push({ key: `k${n % 7}`, n, at: next * 10 + (next % 3) })
        }
        return items
      },
      position: () => next,
    }
  },
}

/** Sums up per key and 100 ms of event time. */
class Sums extends ProcessFunction<Item, string> {
  process({ n, at }: Item, ctx: RuntimeContext<string>) {
    const end = Math.floor(at / 100) * 100 + 100
    const sums = ctx.mapState<number, number>('sums')
    sums.set(end, (sums.get(end) ?? 0) + n)
    ctx.timers.registerEventTime(end)
  }
  override onTimer(end: number, ctx: RuntimeContext<string>, out: Collector<string>) {
    const sums = ctx.mapState<number, number>('sums')
    out.collect(`${ctx.key}@${end}: ${sums.get(end)}`)
    sums.delete(end)
  }
}

const program = (env: BaseEnvironment) => {
  env
    .fromSource(source, { parallelism: 2 })
    .assignTimestamps(({ at }: Item) => at, watermarks.boundedOutOfOrderness(30))
    .map((item: Item) => item)
    .rebalance()
    .filter(() => true)
    .keyBy(({ key }: Item) => key)
    .process(Sums)
    .output('sums')
}

/** Two sources that meet, one on two ways; promises and micro-batches on the way. */
const meeting = (env: BaseEnvironment) => {
  const timed = () =>
    env
      .fromSource(source, { parallelism: 2 })
      .assignTimestamps(({ at }: Item) => at, watermarks.boundedOutOfOrderness(30))
  const [even, odd] = timed().branch(({ n }: Item) => n % 2 === 0)
  even
    .rebalance()
    .asyncMap(async (item: Item) => item, { capacity: 4 })
    .union(odd.processBatch((items: readonly Item[]) => items).rebalance(), timed().rebalance())
    .keyBy(({ key }: Item) => key)
    .process(Sums)
    .output('sums')
}

/** Two keyed streams that are joined, with what both have had. */
const joining = (env: BaseEnvironment) => {
  const left = env.fromSource(source, { parallelism: 2 }).keyBy(({ key }: Item) => key)
  const right = env
    .fromSource(source)
    .rebalance()
    .keyBy(({ key }: Item) => key)
  left
    .join('joined', right, { insertMode: 'product', emitMode: 'final' })
    .map((row: unknown) => JSON.stringify(row))
    .output('sums')
}

async function whole(rig: Rig): Promise<string[]> {
  return (await rig.run('sums')) as string[]
}

/** In one order. */
const canonical = (all: readonly string[]) => all.toSorted()

describe('a checkpoint', () => {
  it('holds what lay before its barriers, wherever it falls; a job goes on from it at any parallelism', async () => {
    const expected = (await whole(new Rig(program, { parallelism: 2 }))).sort()
    const scenario = fc.record({
      before: fc.nat({ max: 120 }),
      order: fc.infiniteStream(fc.nat()),
      from: fc.integer({ min: 1, max: 3 }),
      to: fc.integer({ min: 1, max: 4 }),
    })
    await fc.assert(
      fc.asyncProperty(scenario, async ({ before, order, from, to }) => {
        const rig = new Rig(program, { parallelism: from })
        rig.holdEnd()
        await rig.open()
        const steps = new Steps(rig, order)
        steps.many(before)
        rig.trigger(1)
        const cuts = await steps.until(1)
        // What had left before the barrier, and what comes after a crash in this moment.
        const seen = rig.readBefore('sums', 1)
        const again = new Rig(program, { parallelism: to }, cuts)
        const rest = await whole(again)
        const all = [...seen, ...rest].sort()
        expect(all).toEqual(expected)
      }),
      { numRuns: 150 },
    )
  })

  it.each([
    ['one after the other', program, 100],
    ['two sources that meet', meeting, 60],
    ['a join', joining, 40],
  ] as const)(
    'that does not wait holds what was on its way, wherever it falls; a job goes on from it at any parallelism: %s',
    async (_, program, numRuns) => {
      const expected = canonical(await whole(new Rig(program, { parallelism: 2 })))
      const scenario = fc.record({
        before: fc.nat({ max: 200 }),
        between: fc.nat({ max: 100 }),
        order: fc.infiniteStream(fc.nat()),
        from: fc.integer({ min: 1, max: 3 }),
        via: fc.integer({ min: 1, max: 3 }),
        to: fc.integer({ min: 1, max: 4 }),
        givesUp: fc.boolean(),
      })
      let held = 0
      await fc.assert(
        fc.asyncProperty(scenario, async ({ before, between, order, from, via, to, givesUp }) => {
          const seen: string[] = []
          let cuts: readonly SavedCut[] | undefined
          // The first goes on from the beginning, the second from a checkpoint while it works on what that held.
          for (const parallelism of [from, via]) {
            const rig = new Rig(program, { parallelism, memory: { ringBytes: 4096 } }, cuts)
            rig.unaligned = true
            rig.holdEnd()
            await rig.open()
            const read = () => seen.push(...(rig.readBefore('sums', 2) as string[]))
            const steps = new Steps(rig, order, read)
            steps.many(before)
            if (givesUp) {
              // Some have heard of it, some have not, when it is given up.
              rig.tasks[0].trigger(1, false)
              steps.many(between)
              rig.givenUp = 1
              steps.many(between)
            }
            rig.trigger(2)
            cuts = await steps.until(2)
            held += cuts.flatMap(({ inFlight }) => inFlight).length
            read()
          }
          const again = new Rig(program, { parallelism: to }, cuts)
          expect(canonical([...seen, ...(await whole(again))])).toEqual(expected)
        }),
        { numRuns },
      )
      expect(held).toBeGreaterThan(numRuns)
    },
  )

  it('holds what its subtasks share as of its barriers, on all ways of a diamond, and is never in its own way', async () => {
    const names = ['even', 'odd', 'keys']
    const sharing = (env: BaseEnvironment) => {
      const items = env.fromSource(source, { parallelism: 2 })
      const [even, odd] = items.branch(({ n }: Item) => n % 2 === 0)
      const left = even.inspect((_: Item, ctx: RuntimeContext) => ctx.shared('even').increment(1))
      const right = odd
        .rebalance()
        .inspect((_: Item, ctx: RuntimeContext) => ctx.shared('odd').increment(1))
      left
        .union(right)
        .keyBy(({ key }: Item) => key)
        .inspect((_: Item, ctx: RuntimeContext<string>) => ctx.shared('keys').increment(ctx.key!))
        .output('sums')
    }
    const shared = (rig: Rig) => names.map((name) => [name, rig.stores.store(name).snapshot()])
    const sorted = (rig: Rig) =>
      JSON.stringify(shared(rig), (_, value) => (Array.isArray(value) ? value.toSorted() : value))
    const first = new Rig(sharing, { parallelism: 2 })
    await whole(first)
    const expected = sorted(first)
    const scenario = fc.record({
      before: fc.nat({ max: 120 }),
      order: fc.infiniteStream(fc.nat()),
      from: fc.integer({ min: 1, max: 3 }),
      to: fc.integer({ min: 1, max: 4 }),
    })
    await fc.assert(
      fc.asyncProperty(scenario, async ({ before, order, from, to }) => {
        const rig = new Rig(sharing, { parallelism: from, memory: { ringBytes: 4096 } })
        rig.holds = true
        rig.holdEnd()
        await rig.open()
        const steps = new Steps(rig, order, () => rig.read('sums'))
        steps.many(before)
        rig.trigger(1)
        const cuts = await steps.until(1)
        const again = new Rig(sharing, { parallelism: to }, cuts)
        for (const name of names)
          for (const [key, value] of rig.stores.store(name).snapshot())
            again.stores.store(name).set(key, value)
        await whole(again)
        expect(sorted(again)).toBe(expected)
        // Those that stood still go on.
        rig.release()
        while (!rig.ended) {
          if (!rig.step()) await turn()
          rig.read('sums')
          rig.release()
        }
        expect(sorted(rig)).toBe(expected)
      }),
      { numRuns: 100 },
    )
  })

  it('of a job that stands still behind it: nothing follows', async () => {
    const rig = new Rig(program, { parallelism: 2 })
    await rig.open()
    for (let i = 0; i < 5; i++) rig.step()
    rig.trigger(1, true)
    rig.settle()
    const seen = rig.readBefore('sums', 1)
    expect(rig.read('sums')).toEqual([])
    const rest = await whole(new Rig(program, { parallelism: 3 }, rig.taken(1)))
    const expected = await whole(new Rig(program, { parallelism: 2 }))
    expect([...seen, ...rest].sort()).toEqual(expected.sort())
  })

  it('that was given up, of a job that stands still behind it: the job goes on', async () => {
    const rig = new Rig(program, { parallelism: 2 })
    await rig.open()
    for (let i = 0; i < 5; i++) rig.step()
    rig.trigger(1, true)
    rig.settle()
    const seen = rig.readBefore('sums', 1)
    // The abort of another one means nothing.
    for (const task of rig.tasks) task.goOn(2)
    rig.settle()
    expect(rig.read('sums')).toEqual([])
    for (const task of rig.tasks) task.goOn(1)
    const rest: unknown[] = []
    while (!rig.ended) {
      rig.settle()
      rest.push(...rig.read('sums'))
      await turn()
    }
    const expected = await whole(new Rig(program, { parallelism: 2 }))
    expect([...seen, ...rest, ...rig.read('sums')].sort()).toEqual(expected.sort())
  })

  it('a later one takes the place of one that never came together', async () => {
    const rig = new Rig(program, { parallelism: 2 })
    await rig.open()
    const [first] = rig.tasks.filter((task) => task.begins)
    first.trigger(1, false)
    for (let i = 0; i < 3; i++) rig.step()
    expect(rig.taken(1)).toBeUndefined()
    expect(rig.checkpoint(2).length).toBe(rig.tasks.length)
    await turn()
  })

  it('waits for promises and retries, which belong to it', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const rig = new Rig((env) => {
      env
        .createStream<number>('in')
        .asyncMap(async (n: number) => {
          await promise
          return n
        })
        .output('out')
    })
    await rig.open()
    rig.push('in', 1, 2)
    rig.settle()
    rig.trigger(1)
    rig.settle()
    expect(rig.taken(1)).toBeUndefined()
    resolve()
    await turn()
    rig.settle()
    expect(rig.taken(1)).toBeDefined()
    expect(rig.readBefore('out', 1)).toEqual([1, 2])
  })

  it('stands still until its sinks have made their share durable: no record, no time, no barrier', async () => {
    class Late extends ProcessFunction<number, string> {
      process(n: number, { timers }: RuntimeContext<number>) {
        timers.registerProcessingTime(2_000 + n)
      }
      override onTimer(time: number, _: unknown, out: Collector<string>) {
        out.collect(`timer ${time}`)
      }
    }
    const rig = new Rig((env) => {
      env
        .createStream<number>('in')
        .keyBy((n: number) => n)
        .process(Late)
        .output('out')
    })
    await rig.open()
    const { promise, resolve } = Promise.withResolvers<void>()
    rig.share = promise
    rig.push('in', 1)
    rig.trigger(1)
    rig.settle()
    rig.push('in', 2)
    rig.nowMs = 5_000
    rig.settle()
    expect(rig.tasks[0]).toMatchObject({ state: 'busy', asynchronous: true, quiet: false })
    expect(rig.tasks[0].dueMs).toBe(Number.POSITIVE_INFINITY)
    // A later one begins meanwhile, and takes the place of the first.
    rig.trigger(2)
    rig.settle()
    expect(rig.read('out')).toEqual([])
    rig.share = undefined
    resolve()
    await turn()
    rig.settle()
    expect(rig.taken(2)).toBeDefined()
    expect([...rig.readBefore('out', 2), ...rig.read('out')].sort()).toEqual([
      'timer 2001',
      'timer 2002',
    ])
  })

  it('a share that cannot be made durable ends the job; an abort waits for it', async () => {
    const program = (env: BaseEnvironment) => env.createStream<number>('in').output('out')
    const failing = new Rig(program)
    await failing.open()
    failing.share = Promise.reject(new Error('the disk is full'))
    failing.trigger(1)
    failing.settle()
    await turn()
    expect(() => failing.settle()).toThrow('the disk is full')
    const aborted = new Rig(program)
    await aborted.open()
    const { promise, resolve } = Promise.withResolvers<void>()
    aborted.share = promise
    aborted.trigger(1)
    aborted.settle()
    let closed = false
    const abort = aborted.tasks[0].abort().then(() => {
      closed = true
    })
    await turn()
    expect(closed).toBe(false)
    resolve()
    await abort
  })
})
