import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RuntimeContext } from '../../operators/contract/context.ts'
import type { BaseEnvironment } from '../api/base-environment.ts'
import { Rig, turn } from './fixtures/rig.ts'
import type { SavedCut } from './fixtures/saved-cut.ts'
import { Steps } from './fixtures/steps.ts'

const PARTITIONS = ['a', 'b', 'c']

/** Numbers from 1, in partitions that are read from any position. */
const sourceOf = (each: number) => ({
  partitions: () => PARTITIONS,
  open(partition: string, position = 0) {
    let next = position as number
    return {
      next: (): number[] | null => {
        if (next >= each) return null
        const items: number[] = []
        for (const end = Math.min(each, next + 3); next < end; next++)
          items.push(1 + PARTITIONS.indexOf(partition) * each + next)
        return items
      },
      position: () => next,
    }
  },
})
const source = sourceOf(25)

interface Walk {
  readonly start: number
  readonly n: number
  readonly steps: number
}

const begun = (n: number): Walk => ({ start: n, n, steps: 0 })

/** Numbers on their way to 1. */
const collatz = (env: BaseEnvironment) => {
  const again = env.fromFuture<Walk>('again')
  const [done, going] = env
    .fromSource(source, { parallelism: 2 })
    .map(begun)
    .union(again)
    .branch(({ n }: Walk) => n === 1)
  going
    .map(({ start, n, steps }: Walk) => ({
      start,
      n: n % 2 === 0 ? n / 2 : 3 * n + 1,
      steps: steps + 1,
    }))
    .fillFuture(again)
  done.output('out')
}

/** Each goes round five times, and is counted by key each time: counts of a key come one by one. */
const counting = (env: BaseEnvironment) => {
  const again = env.fromFuture<Walk>('again')
  const counted = env
    .fromSource(source, { parallelism: 2 })
    .map(begun)
    .union(again)
    .keyBy(({ start }: Walk) => start % 5)
    .map((walk: Walk, ctx: RuntimeContext<number>) => {
      const count = ctx.state('count', () => 0)
      return { ...walk, steps: walk.steps + 1, n: ++count.value, key: ctx.key }
    })
  counted
    .filter(({ steps }: Walk) => steps < 5)
    .asyncMap(async (walk: Walk) => walk, { capacity: 3 })
    .fillFuture(again)
  counted.map(({ n, key }: { n: number; key: number }) => `${key}: ${n}`).output('out')
}

/** Each becomes three of the next depth: more goes round than rings hold. */
const expanding = (env: BaseEnvironment) => {
  const deeper = env.fromFuture<Walk>('deeper')
  const [leaves, inner] = env
    .fromSource(source, { parallelism: 2 })
    .map(begun)
    .union(deeper)
    .branch(({ steps }: Walk) => steps >= 3)
  inner
    .flatMap(({ start, n, steps }: Walk) =>
      [0, 1, 2].map((i) => ({ start, n: 3 * n + i, steps: steps + 1 })),
    )
    .fillFuture(deeper)
  leaves.map(({ n }: Walk) => n).output('out')
}

/** Four rounds inside for each of three around. */
const nestedOf = (each: number) => (env: BaseEnvironment) => {
  const around = env.fromFuture<Walk>('around')
  const inside = env.fromFuture<Walk>('inside').setParallelism(2)
  const [left, stays] = env
    .fromSource(sourceOf(each), { parallelism: 2 })
    .map(begun)
    .union(around)
    .keyBy(({ start }: Walk) => start)
    .union(inside.keyBy(({ start }: Walk) => start))
    .map((walk: Walk) => ({ ...walk, n: walk.n + 1 }))
    .branch(({ start, n }: Walk) => (n - start) % 4 === 0)
  stays.fillFuture(inside)
  const [done, again] = left
    .map((walk: Walk) => ({ ...walk, steps: walk.steps + 1 }))
    .branch(({ steps }: Walk) => steps >= 3)
  again.fillFuture(around)
  done.output('out')
}

const nested = nestedOf(25)

interface Word {
  readonly key: number
  readonly n: number
  readonly left: number
}

/** Each goes round twice; what a final says when none does goes round once more, as late records; then a loop behind it. */
const lastWordsOf = (each: number) => (env: BaseEnvironment) => {
  const again = env.fromFuture<Word>('again')
  const seen = env
    .fromSource(sourceOf(each), { parallelism: 2 })
    .map((n: number): Word => ({ key: n % 4, n, left: 2 }))
    .union(again)
    .map((word: Word) => ({ ...word, left: word.left - 1 }))
  const words = seen
    .keyBy(({ key }: Word) => key)
    .foldFinal(
      'sum',
      () => 0,
      (sum: number, { n }: Word) => sum + n,
    )
    .entries()
    .map(([key, n]: [number, number]): Word => ({ key, n: 100 + n, left: 0 }))
  seen
    .filter(({ left }: Word) => left >= 0)
    .union(words)
    .fillFuture(again)
  const second = env.fromFuture<Word>('second')
  const [out, back] = seen.union(second).branch(({ n }: Word) => n % 3 === 0)
  back.map((word: Word) => ({ ...word, n: word.n + 1 })).fillFuture(second)
  out.output('out')
}
const lastWords = lastWordsOf(25)

const sorted = (rows: readonly unknown[]) => rows.map((row) => JSON.stringify(row)).toSorted()

const whole = async (rig: Rig) => (await rig.run('out')) as unknown[]

describe.each([
  ['numbers on their way', collatz],
  ['by key, with state and promises', counting],
  ['more and more', expanding],
  ['a loop in a loop', nested],
  ['with last words, and a loop behind it', lastWords],
] as const)('a checkpoint of a loop: %s', (_, program) => {
  it('holds what circulates, wherever it falls; a job goes on from it at any parallelism', async () => {
    const expected = sorted(await whole(new Rig(program, { parallelism: 2 })))
    const scenario = fc.record({
      before: fc.nat({ max: 400 }),
      between: fc.nat({ max: 12 }),
      order: fc.infiniteStream(fc.nat()),
      from: fc.integer({ min: 1, max: 3 }),
      via: fc.integer({ min: 1, max: 3 }),
      to: fc.integer({ min: 1, max: 4 }),
      givesUp: fc.constantFrom('never', 'before', 'between', 'after'),
      suspends: fc.boolean(),
      unaligned: fc.boolean(),
      shares: fc.boolean(),
    })
    let held = 0
    await fc.assert(
      fc.asyncProperty(
        scenario,
        async ({ before, between, order, from, via, to, givesUp, suspends, unaligned, shares }) => {
          const seen: unknown[] = []
          let cuts: readonly SavedCut[] | undefined
          for (const parallelism of [from, via]) {
            const rig = new Rig(program, { parallelism, memory: { ringBytes: 4096 } }, cuts)
            rig.unaligned = unaligned && !suspends
            rig.holds = shares
            rig.holdEnd()
            await rig.open()
            const read = () => seen.push(...rig.readBefore('out', 2))
            const steps = new Steps(rig, order, read)
            const announce = (epoch: number) => steps.tell(between, (task) => task.announce(epoch))
            const trigger = (epoch: number) =>
              steps.tell(between, (task) => {
                if (task.begins || rig.unaligned)
                  task.trigger(epoch, suspends && rig.givenUp !== epoch)
              })
            steps.many(before)
            if (givesUp !== 'never') {
              announce(1)
              // Some threads know that it is given up before others hear that it begins.
              if (givesUp === 'between') rig.givenUp = 1
              if (givesUp !== 'before') trigger(1)
              rig.givenUp = 1
              steps.tell(between, (task) => task.goOn(1))
            }
            announce(2)
            trigger(2)
            cuts = await steps.until(2)
            held += cuts.flatMap(({ inFlight }) => inFlight).length
            read()
          }
          const again = new Rig(program, { parallelism: to }, cuts)
          expect(sorted([...seen, ...(await whole(again))])).toEqual(expected)
        },
      ),
      { numRuns: 60 },
    )
    expect(held).toBeGreaterThan(10)
  })

  it('that is given up leaves no trace: the job ends by itself', async () => {
    const expected = sorted(await whole(new Rig(program, { parallelism: 2 })))
    const scenario = fc.record({
      before: fc.nat({ max: 400 }),
      between: fc.nat({ max: 12 }),
      order: fc.infiniteStream(fc.nat()),
      parallelism: fc.integer({ min: 1, max: 3 }),
      early: fc.boolean(),
      suspends: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(
        scenario,
        async ({ before, between, order, parallelism, early, suspends }) => {
          const rig = new Rig(program, { parallelism, memory: { ringBytes: 4096 } })
          const seen: unknown[] = []
          await rig.open()
          const steps = new Steps(rig, order, () => seen.push(...rig.read('out')))
          steps.many(before)
          steps.tell(between, (task) => task.announce(1))
          if (early) rig.givenUp = 1
          steps.tell(between, (task) => {
            if (task.begins) task.trigger(1, suspends && !early)
          })
          rig.givenUp = 1
          steps.tell(between, (task) => task.goOn(1))
          for (let i = 0; !rig.ended; i++) {
            if (i > 20_000) throw new Error('expected the job to end')
            const moved = rig.step()
            seen.push(...rig.read('out'))
            if (!moved) await turn()
          }
          expect(sorted([...seen, ...rig.read('out')])).toEqual(expected)
        },
      ),
      { numRuns: 40 },
    )
  })
})

describe('a checkpoint of loops that come to their end, step by step,', () => {
  const config = { parallelism: 1, memory: { ringBytes: 4096 } }
  /** Does something after so many steps, one task after the other, up to where all have come to their end. */
  const nowAndThen = async (
    program: (env: BaseEnvironment) => void,
    stride: number,
    act: (rig: Rig, round: number) => Promise<unknown[] | undefined>,
  ) => {
    const expected = sorted(await whole(new Rig(program, config)))
    for (let ended = false, round = 0; !ended; round++) {
      const rig = new Rig(program, config)
      rig.holdEnd()
      await rig.open()
      for (let i = 0; i < round * stride; i++) rig.tasks[i % rig.tasks.length].step(rig.nowMs)
      ended = rig.taken(0) !== undefined
      const all = await act(rig, round)
      if (all !== undefined) expect(sorted(all)).toEqual(expected)
    }
  }

  it('begins in all that are one, or in none', async () => {
    const program = nestedOf(1)
    await nowAndThen(program, 2, async (rig, round) => {
      for (const task of rig.tasks) task.announce(1)
      const begin = rig.tasks.filter(({ begins }) => begins)
      // Much may happen between the first and the others.
      begin[round % begin.length].trigger(1, false)
      rig.settle()
      for (const task of begin) task.trigger(1, false)
      rig.settle()
      const cuts = rig.taken(1)
      expect(cuts).toBeDefined()
      if (round % 7 > 0) return undefined
      return [...rig.readBefore('out', 1), ...(await whole(new Rig(program, config, cuts)))]
    })
  })

  it('that waits for nothing, whichever thread hears of it last', async () => {
    const program = nestedOf(1)
    await nowAndThen(program, 13, async (rig, round) => {
      rig.unaligned = true
      const last = rig.tasks[round % rig.tasks.length]
      for (const task of rig.tasks) task.announce(1)
      for (const task of rig.tasks) if (task !== last) task.trigger(1, false)
      rig.settle()
      last.trigger(1, false)
      rig.settle()
      const cuts = rig.taken(1)
      expect(cuts).toBeDefined()
      return [...rig.readBefore('out', 1), ...(await whole(new Rig(program, config, cuts)))]
    })
  })

  it('that the job was to end with, and that was given up: it goes on', async () => {
    await nowAndThen(lastWordsOf(1), 3, async (rig) => {
      rig.trigger(1, true)
      rig.settle()
      rig.givenUp = 1
      for (const task of rig.tasks) task.goOn(1)
      rig.settle()
      return rig.read('out')
    })
  })
})
