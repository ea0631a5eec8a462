import { describe, expect, it } from 'vitest'
import { schema } from '../../codec/schema.ts'
import type { BaseEnvironment } from '../api/base-environment.ts'
import { Rig } from './fixtures/rig.ts'

const Item = schema('Item', { n: 'int32', text: 'string' })
const item = (n: number) => ({ n, text: `${n}` })
const COUNT = 500
const memory = { ringBytes: 4096 }

const views = (env: BaseEnvironment) =>
  env.fromGenerator(COUNT, item, { parallelism: 1 }).withSchema(Item, { read: 'view' })

const isView = (record: object) => Object.getOwnPropertyDescriptor(record, 'n')!.get !== undefined

/** The records that functions got, as they are when all is over. */
async function given(
  build: (
    env: BaseEnvironment,
    keep: (record: object) => void,
  ) => { output(name: string): unknown },
  strict = false,
) {
  const records: object[] = []
  const rig = new Rig(
    (env) => void build(env, (record) => void records.push(record)).output('out'),
    { strict, memory },
  )
  return { out: await rig.run('out'), records, distinct: [...new Set(records)] }
}

describe('where functions get views', () => {
  it('behind an exchange: one object for all records of a subtask', async () => {
    const { distinct, records } = await given((env, keep) =>
      views(env)
        .rebalance()
        .inspect(keep, { parallelism: 2 })
        .map(({ n }) => n),
    )
    expect([records.length, distinct.length, distinct.every(isView)]).toEqual([COUNT, 2, true])
  })

  it('from several senders too', async () => {
    const { distinct } = await given((env, keep) =>
      env
        .fromGenerator(COUNT, item, { parallelism: 3 })
        .withSchema(Item, { read: 'view' })
        .rebalance()
        .inspect(keep, { parallelism: 2 })
        .map(({ n }) => n),
    )
    expect([distinct.length, distinct.every(isView)]).toEqual([2, true])
  })

  it('not where the operator is fused behind: the records themselves', async () => {
    const { distinct } = await given((env, keep) =>
      views(env)
        .inspect(keep)
        .map(({ n }) => n),
    )
    expect([distinct.length, distinct.some(isView)]).toEqual([COUNT, false])
  })

  it('there in strict mode: one view for each record', async () => {
    const { distinct } = await given(
      (env, keep) =>
        views(env)
          .inspect(keep)
          .map(({ n }) => n),
      true,
    )
    expect([distinct.length, distinct.every(isView)]).toEqual([COUNT, true])
  })

  it('until an operator makes records of its own', async () => {
    const { distinct } = await given((env, keep) =>
      views(env)
        .rebalance()
        .map((view) => view, { parallelism: 2 })
        .inspect(keep),
    )
    expect([distinct.length, distinct.some(isView)]).toEqual([COUNT, false])
  })

  it('not in a batch, which keeps its records', async () => {
    const { out } = await given((env) =>
      views(env)
        .rebalance()
        .filter(() => true, { parallelism: 2 })
        .processBatch((items) => items),
    )
    expect(out.length).toBe(COUNT)
    expect(new Set(out.map((record) => (record as { n: number }).n)).size).toBe(COUNT)
  })

  it('not in a class that says that it keeps records', async () => {
    class Keeps {
      static readonly keepsRecords = true
      readonly #keep: (record: object) => void
      constructor(keep: (record: object) => void) {
        this.#keep = keep
      }
      execute(record: object) {
        this.#keep(record)
        return 1
      }
    }
    const { distinct } = await given((env, keep) =>
      (
        views(env)
          .rebalance()
          .filter(() => true, { parallelism: 2 }) as any
      ).map(Keeps, keep),
    )
    expect([distinct.length, distinct.some(isView)]).toEqual([COUNT, false])
  })

  it('not in what an asynchronous sink gets after its first call', async () => {
    const { distinct } = await given((env, keep) => {
      const filtered = views(env)
        .rebalance()
        .filter(() => true, { parallelism: 2 })
      filtered.sink(async (record) => keep(record))
      return filtered.map(({ n }) => n)
    })
    expect(distinct.length).toBe(COUNT)
    expect(distinct.filter(isView).length).toBe(2)
    expect(new Set(distinct.map((record) => (record as { n: number }).n)).size).toBe(COUNT)
  })
})

it('a frame keeps its room until the records in it are worked on', async () => {
  const seen: number[] = []
  const rig = new Rig(
    (env) =>
      void views(env)
        .rebalance()
        .map(({ n, text }) => seen.push(n) > 0 && `${text} ${'.'.repeat(100)}`, { parallelism: 2 })
        .output('out'),
    { memory },
  )
  await rig.open()
  rig.settle()
  const before = seen.length
  expect(before).toBeLessThan(COUNT)
  const out: unknown[] = []
  while (out.length < COUNT) {
    const more = rig.read('out', 1)
    out.push(...more)
    rig.settle()
  }
  const numbers = out.map((text) => Number.parseInt(text as string, 10)).sort((a, b) => a - b)
  expect(numbers).toEqual(Array.from({ length: COUNT }, (_, n) => n))
})

it('an error in a function counts as always, on views as on records', async () => {
  const rig = new Rig(
    (env) =>
      void views(env)
        .rebalance()
        .filter(
          ({ n }) => {
            if (n % 5 === 0) throw new Error('no')
            return n % 2 === 0
          },
          { parallelism: 2, errors: 'skip', name: 'even' },
        )
        .rebalance()
        .map(({ n }) => n, { parallelism: 3, name: 'last' })
        .output('out'),
    { memory },
  )
  const out = await rig.run('out')
  expect(out.length).toBe(200)
  expect([rig.counts('even'), rig.counts('last')]).toEqual([
    [COUNT, 200, 100, 0, 0],
    [200, 200, 0, 0, 0],
  ])
})
