import { describe, expect, it, test } from 'vitest'
import type { DataStream } from '../index.ts'
import { type Collector, FlatMapFunction, OutputTag, ProcessFunction } from '../index.ts'
import { Rig } from './fixtures/rig.ts'

type Numbers = DataStream<number>

/** Runs `values` through `build` in one chain; gives what came out, and the counts of the operator named `op`. */
async function through(
  values: readonly unknown[],
  build: (s: Numbers) => DataStream<any>,
  strict = false,
) {
  const rig = new Rig((env) => void build(env.fromCollection(values as number[])).output('out'), {
    strict,
  })
  expect(rig.tasks.length).toBe(1)
  return { out: await rig.run('out'), counts: rig.counts('op'), rig }
}

const op = { name: 'op' }

describe('each shape: what it emits, and its counts [in, out, errors, retries, dropped]', () => {
  const cases: [string, (s: Numbers) => DataStream<any>, unknown[], number[]][] = [
    ['map', (s) => s.map((n) => n * 2, op), [0, 2, 4, 6], [4, 4, 0, 0, 0]],
    [
      'map to nothing',
      (s) => s.map((n) => (n % 2 === 0 ? n : n === 1 ? null : undefined), op),
      [0, 2],
      [4, 2, 0, 0, 0],
    ],
    [
      'map to falsy records',
      (s) => s.map((n) => [0, '', false, Number.NaN][n] as any, op),
      [0, '', false, Number.NaN],
      [4, 4, 0, 0, 0],
    ],
    ['filter by truthiness', (s) => s.filter((n) => n, op), [1, 2, 3], [4, 3, 0, 0, 0]],
    [
      'flatMap of arrays',
      (s) => s.flatMap((n) => Array(n).fill(n), op),
      [1, 2, 2, 3, 3, 3],
      [4, 6, 0, 0, 0],
    ],
    [
      'flatMap of generators',
      (s) =>
        s.flatMap(function* (n) {
          yield n
          yield null
          yield -n
        }, op),
      [0, -0, 1, -1, 2, -2, 3, -3],
      [4, 8, 0, 0, 0],
    ],
    [
      'flatMap of strings',
      (s) => s.flatMap((n) => 'x'.repeat(n), op),
      ['', 'x', 'xx', 'xxx'],
      [4, 4, 0, 0, 0],
    ],
    ['inspect', (s) => s.inspect(() => false, op), [0, 1, 2, 3], [4, 4, 0, 0, 0]],
    [
      'process',
      (s) =>
        s.process((n: number, _, out) => {
          out.collect(n)
          out.collect(null)
          if (n > 2) out.collect('end')
        }, op),
      [0, 1, 2, 3, 'end'],
      [4, 5, 0, 0, 0],
    ],
    [
      'key',
      (s) => s.keyBy((n) => n % 2, 'hash', op).map((n, ctx) => [ctx.key, n]),
      [
        [0, 0],
        [1, 1],
        [0, 2],
        [1, 3],
      ],
      [4, 4, 0, 0, 0],
    ],
    ['sink', (s) => s.sink(() => 7, op), [0, 1, 2, 3], [4, 0, 0, 0, 0]],
    [
      'union with itself',
      (s) => s.map((n) => n, op).union(s),
      [0, 0, 1, 1, 2, 2, 3, 3],
      [4, 4, 0, 0, 0],
    ],
    [
      'coMap of itself',
      (s) => s.connect(s).coMap([(n) => n, (n) => -n - 1], op),
      [0, -1, 1, -2, 2, -3, 3, -4],
      [8, 8, 0, 0, 0],
    ],
    ['processBatch', (s) => s.processBatch((items) => [items.length], op), [4], [4, 1, 0, 0, 0]],
  ]

  test.each(cases)('%s', async (_, build, out, counts) => {
    for (const strict of [false, true]) {
      const seen = await through([0, 1, 2, 3], build, strict)
      expect(seen.out).toEqual(out)
      expect(seen.counts).toEqual(counts)
    }
  })
})

describe('sources', () => {
  it('leave out null elements and count them as dropped', async () => {
    const { out, rig } = await through([null, 0, undefined, 1], (s) => s.map((n) => n, op))
    expect(out).toEqual([0, 1])
    expect(rig.counts('fromCollection')).toEqual([0, 2, 0, 0, 2])
  })
})

describe('ways', () => {
  it('chains deeper than one function is written for', async () => {
    const deep = (s: Numbers) =>
      Array.from({ length: 40 }).reduce<Numbers>(
        (stream, _, i) => stream.map((n) => n + 1, { name: `m${i}` }),
        s,
      )
    const { out, rig } = await through([0, 1, 2, 3], (s) => deep(s).map((n) => n, op))
    expect(out).toEqual([40, 41, 42, 43])
    for (let i = 0; i < 40; i++) expect(rig.counts(`m${i}`)).toEqual([4, 4, 0, 0, 0])
  })

  it('a diamond: fan-out, then fan-in, in the order of the edges, counted once at the fan-out', async () => {
    const { out, rig } = await through([0, 1, 2, 3], (s) => {
      const even = s.map((n) => n, op)
      return even
        .map((n) => `a${n}`, { name: 'a' })
        .union(even.filter((n) => n > 1, { name: 'b' }) as any)
    })
    expect(out).toEqual(['a0', 'a1', 'a2', 2, 'a3', 3])
    expect(rig.counts('op')).toEqual([4, 4, 0, 0, 0])
    expect([rig.counts('a'), rig.counts('b'), rig.counts('union')]).toEqual([
      [4, 4, 0, 0, 0],
      [4, 2, 0, 0, 0],
      [6, 6, 0, 0, 0],
    ])
  })

  it('side outputs: counted with the main ones; nobody reads one: nothing happens', async () => {
    const [side, unread] = [new OutputTag<string>('side'), new OutputTag<string>('unread')]
    const { out, counts } = await through([0, 1, 2, 3], (s) => {
      const main = s.process((n: number, _, collector) => {
        collector.collectTo(side, `s${n}`)
        collector.collectTo(unread, `u${n}`)
        collector.collect(n)
      }, op)
      return main.union(main.sideOutput(side) as any)
    })
    expect(out).toEqual(['s0', 0, 's1', 1, 's2', 2, 's3', 3])
    expect(counts).toEqual([4, 8, 0, 0, 0])
  })

  it('branch parts the records and counts each once', async () => {
    const { out, counts } = await through([0, 1, 2, 3], (s) => {
      const [trues, falses] = s.branch((n) => n > 1, op)
      return trues.map((n) => `t${n}`).union(falses.map((n) => `f${n}`))
    })
    expect(out).toEqual(['f0', 'f1', 't2', 't3'])
    expect(counts).toEqual([4, 4, 0, 0, 0])
  })

  it('hides the key from a stream that is not keyed, and shows it again behind', async () => {
    const { out } = await through([5], (s) => {
      const keyed = s.keyBy((n) => n, 'hash', op)
      const seen = (name: string) => (_: number, ctx: { key: unknown }) => `${name} ${ctx.key}`
      return keyed
        .rebalance()
        .map(seen('rebalanced'))
        .union(
          keyed.map(seen('keyed')),
          keyed.broadcast().map(seen('copied')),
          keyed.map(seen('again')),
        )
    })
    expect(out).toEqual(['rebalanced undefined', 'keyed 5', 'copied undefined', 'again 5'])
  })

  it('an inner keyBy sets its key for what is behind it only', async () => {
    const { out } = await through([5], (s) => {
      const outer = s.keyBy(() => 'outer', 'hash', op)
      const inner = outer.keyBy(() => 'inner').map((_, ctx) => ctx.key)
      return outer
        .flatMap((n) => [n, n])
        .process((_, ctx, collector) => {
          collector.collect(ctx.key)
          collector.collect(ctx.key)
        })
        .union(inner)
    })
    expect(out).toEqual(['inner', 'outer', 'outer', 'outer', 'outer'])
  })
})

describe('ends', () => {
  it('finish emits behind the last record, upstream first', async () => {
    class Tail extends FlatMapFunction<number, number> {
      override execute(n: number) {
        return [n]
      }
      override finish(out: Collector<number>) {
        out.collect(this.ctx.key ?? 100)
        out.collect(101)
      }
    }
    class Late extends ProcessFunction<number, string> {
      override process(n: number, _: unknown, out: Collector<string>) {
        out.collect(`p${n}`)
      }
      override finish(out: Collector<string>) {
        out.collect('end')
      }
    }
    const { out, counts } = await through([0, 1], (s) =>
      s.flatMap(Tail, undefined, op).process(Late),
    )
    expect(out).toEqual(['p0', 'p1', 'p100', 'p101', 'end'])
    expect(counts).toEqual([2, 4, 0, 0, 0])
  })

  it('micro-batches are handed over when the input runs dry, and whole', async () => {
    const rig = new Rig((env) =>
      env
        .createStream<number>('in')
        .processBatch((items) => [items], op)
        .output('out'),
    )
    await rig.open()
    rig.push('in', 1, 2)
    rig.push('in', 3)
    rig.settle()
    expect(rig.read('out')).toEqual([[1, 2, 3]])
    rig.push('in', 4)
    rig.settle()
    expect(rig.read('out')).toEqual([[4]])
    expect(rig.counts('op')).toEqual([4, 2, 0, 0, 0])
  })
})

it('what one operator emits at its end reaches a micro-batch behind it', async () => {
  const { out, counts } = await through([1, 2, 3], (s) =>
    s
      .keyBy(() => 'all')
      .foldFinal(
        'sum',
        () => 0,
        (a, b) => a + b,
      )
      .processBatch((items) => [items], op),
  )
  expect(out).toEqual([[6]])
  expect(counts).toEqual([1, 1, 0, 0, 0])
})

test('the text of a chain bears its id, so that stacks name it and V8 keeps its feedback apart', async () => {
  let stack = ''
  await through([1], (s) =>
    s.map((n) => {
      stack = new Error('here').stack!
      return n
    }, op),
  )
  expect(stack).toMatch(/sage-stream-chain-rig\d+-0-0\.js/)
})
