import { beforeEach, describe, expect, it } from 'vitest'
import { generalCodec } from '../../codec/general-codec.ts'
import { schema } from '../../codec/schema.ts'
import {
  KeyByFunction,
  MapFunction,
  OutputTag,
  SinkFunction,
} from '../../operators/contract/function.ts'
import type { GraphNode } from '../graph/node.ts'
import { TestEnvironment } from './fixtures/test-environment.ts'
import { DataStream, KeyedStream } from './stream-classes.ts'
import type { DataStream as Stream } from './streams.ts'

let env: TestEnvironment
let numbers: Stream<number>

beforeEach(() => {
  env = new TestEnvironment('test')
  numbers = env.fromCollection([1, 2, 3])
})

function last(): GraphNode {
  return env.graph.nodes.at(-1)!
}

/** How the newest operator reads its inputs. */
function wiring() {
  return last().inputs.map(({ from, port, partitioning, input, keyed, exchange, keying }) => ({
    from: from.name,
    ...(port === 'main' ? {} : { port }),
    deal: partitioning.type,
    ...(input === 0 ? {} : { input }),
    ...(keyed ? { keyed } : {}),
    ...(exchange ? { exchange } : {}),
    ...(keying === undefined ? {} : { keying: keying.type }),
  }))
}

class Double extends MapFunction<number, number> {
  execute(n: number) {
    return n * 2
  }
}

describe('operators of a stream', () => {
  it('become nodes with names, options and forward edges', () => {
    numbers
      .map((n) => n)
      .map(Double, undefined, { uid: 'd', parallelism: 4, errors: 'skip' })
      .filter((n) => n > 1, { name: 'big' })
      .flatMap((n) => [n])
    expect(
      env.pipeline.map(({ kind, name, uid, parallelism }) => [kind, name, uid, parallelism]),
    ).toEqual([
      ['fromCollection', 'fromCollection', undefined, undefined],
      ['map', 'map', undefined, undefined],
      ['map', 'Double', 'd', 4],
      ['filter', 'big', undefined, undefined],
      ['flatMap', 'flatMap', undefined, undefined],
    ])
    expect(wiring()).toEqual([{ from: 'big', deal: 'forward' }])
    expect(env.graph.nodes[2].errors).toBe('skip')
  })

  it('sink and print return the stream itself, so that what follows branches', () => {
    expect(numbers.sink(() => {})).toBe(numbers)
    expect(numbers.print('A')).toBe(numbers)
    numbers.map((n) => n).print('B')
    expect(env.pipeline.map((node) => node.name)).toEqual([
      'fromCollection',
      'sink',
      'print',
      'map',
      'print_1',
    ])
    expect(env.graph.nodes[3].inputs[0].from.name).toBe('fromCollection')
  })

  it('carry what workers compare: constructor options and options of their own', () => {
    class Store extends SinkFunction<number> {
      constructor(_options: { path: string }) {
        super()
      }
      execute() {}
    }
    numbers.sink(Store, { path: 'x' }, { capacity: 4, name: 'store' })
    expect(last().options).toEqual({ constructorOptions: { path: 'x' }, capacity: 4 })
  })

  it('setParallelism changes the operator that made the stream', () => {
    const mapped = numbers.map((n) => n)
    expect(mapped.setParallelism(3)).toBe(mapped)
    expect(env.graph.parallelismOf(last())).toBe(3)
  })

  it('branch and sideOutput read other ports, deadLetters too', () => {
    const [trues, falses] = numbers.branch((n) => n > 1)
    trues.sink(() => {})
    expect(wiring()).toEqual([{ from: 'branch', port: 'tag:branch:true', deal: 'forward' }])
    falses.sink(() => {})
    expect(wiring()).toEqual([{ from: 'branch', port: 'tag:branch:false', deal: 'forward' }])
    numbers
      .process(() => {})
      .sideOutput(new OutputTag<string>('late'))
      .sink(() => {})
    expect(wiring()).toEqual([{ from: 'process', port: 'tag:late', deal: 'forward' }])
    numbers
      .map((n) => n)
      .deadLetters()
      .sink(() => {})
    expect(wiring()).toEqual([{ from: 'map', port: 'dead-letters', deal: 'forward' }])
  })

  it('output ends on the main thread, as an exchange', () => {
    const out = numbers.output('out', { capacity: 8 })
    expect(out.name).toBe('out')
    expect(last().body).toEqual({ type: 'output', capacity: 8 })
    expect(wiring()).toEqual([{ from: 'fromCollection', deal: 'forward', exchange: true }])
  })

  it('print makes text, whose node feeds the main thread', () => {
    numbers.print('p', ': ', false)
    const { body } = last()
    if (body.type !== 'output' || body.factory === undefined) throw new Error('expected a printer')
    const { call } = body.factory.create(undefined!)
    expect((call as (value: unknown) => unknown)(7)).toBe('p: 7')
  })

  it('withSchema sets the codec of what follows, until records change', () => {
    const S = schema('S', { n: 'int32' })
    const typed = numbers.withSchema(S)
    const codecAfter = (stream: Stream<any>) => {
      stream.sink(() => {})
      return last().inputs[0].codec
    }
    expect(codecAfter(typed)).toBe(S.codec)
    expect(
      codecAfter(
        typed
          .filter(() => true)
          .inspect(() => {})
          .rebalance(),
      ),
    ).toBe(S.codec)
    expect(codecAfter(typed.keyBy((r) => r.n))).toBe(S.codec)
    expect(codecAfter(typed.branch(() => true)[1])).toBe(S.codec)
    expect(codecAfter(typed.union(typed))).toBe(S.codec)
    expect(codecAfter(typed.union(numbers))).toBe(generalCodec)
    expect(codecAfter(typed.map((r) => r))).toBe(generalCodec)
  })
})

describe('keyBy', () => {
  it('hash deals by key, once; what follows is forward and knows how to deal again', () => {
    const keyed = numbers.keyBy((n) => n)
    expect(keyed).toBeInstanceOf(KeyedStream)
    expect([last().kind, last().scales]).toEqual(['keyBy', false])
    const mapped = keyed.map((n) => n)
    expect(last().scales).toBe(true)
    const exchange = { deal: 'hash', keyed: true, exchange: true, keying: 'hash' }
    expect(wiring()).toEqual([{ from: 'keyBy', ...exchange }])
    expect(mapped).toBeInstanceOf(KeyedStream)
    mapped.sink(() => {})
    expect(last().scales).toBe(false)
    expect(wiring()).toEqual([{ from: 'map', deal: 'forward', keyed: true, keying: 'hash' }])
  })

  it('round_robin and broadcast give an unkeyed stream whose records have keys', () => {
    const dealt = numbers.keyBy((n) => n, 'round_robin')
    expect(dealt).toBeInstanceOf(DataStream)
    expect(dealt).not.toBeInstanceOf(KeyedStream)
    const mapped = dealt.map((n) => n)
    expect(wiring()).toEqual([{ from: 'keyBy', deal: 'rebalance', keyed: true, exchange: true }])
    mapped.sink(() => {})
    expect(wiring()).toEqual([{ from: 'map', deal: 'forward', keyed: true }])
    numbers.keyBy((n) => n, 'broadcast').map((n) => n)
    expect(wiring()).toEqual([{ from: 'keyBy_1', deal: 'broadcast', keyed: true, exchange: true }])
  })

  it('custom carries its partition function', () => {
    const partition = (key: number, n: number) => key % n
    numbers.keyBy((n) => n, 'custom', { partition }).sink(() => {})
    expect(last().inputs[0].partitioning).toEqual({ type: 'custom', partition })
  })

  it('takes a class with constructor options', () => {
    class ByRest extends KeyByFunction<number, number> {
      n: number
      constructor({ n }: { n: number }) {
        super()
        this.n = n
      }
      execute(value: number) {
        return value % this.n
      }
    }
    numbers.keyBy(ByRest, 'hash', { options: { n: 2 }, name: 'rest' })
    expect([last().name, last().options]).toEqual(['rest', { strategy: 'hash', options: { n: 2 } }])
  })

  it('rebalance and broadcast end keys; rebalance takes the parallelism of the environment', () => {
    const keyed = numbers.keyBy((n) => n).map((n) => n)
    keyed.rebalance().sink(() => {})
    expect(wiring()).toEqual([{ from: 'map', deal: 'rebalance', exchange: true }])
    expect(last().scales).toBe(true)
    keyed.broadcast().sink(() => {})
    expect(wiring()).toEqual([{ from: 'map', deal: 'broadcast' }])
    expect(last().scales).toBe(false)
  })

  it('finals have their stepId as uid and name, and stay keyed; entries do not', () => {
    const keyed = numbers.keyBy((n) => n)
    const finals = keyed
      .reduceFinal('sum', (a, b) => a + b)
      .foldFinal(
        'fold',
        () => 0,
        (a) => a + 1,
        { merge: (a, b) => a + b, name: 'n' },
      )
      .minFinal('min')
      .maxFinal('max', (n) => -n)
      .reduce((a, b) => a + b)
    expect(finals).toBeInstanceOf(KeyedStream)
    expect(env.pipeline.slice(2).map(({ name, uid }) => [name, uid])).toEqual([
      ['sum', 'sum'],
      ['n', 'fold'],
      ['min', 'min'],
      ['max', 'max'],
      ['reduce', undefined],
    ])
    const { body } = env.graph.nodes[3]
    expect(body.type === 'operator' && body.factory.combiner).toBeTruthy()
    finals.entries().sink(() => {})
    expect(wiring()).toEqual([{ from: 'entries', deal: 'forward' }])
  })

  it('a future gets records without their keys', () => {
    const future = env.fromFuture<number>('loop')
    future
      .union(numbers)
      .keyBy((n) => n)
      .map((n) => n)
      .fillFuture(future)
    const [edge] = env.graph.nodes[1].inputs
    expect([edge.from.name, edge.keyed, edge.keying]).toEqual(['map', false, undefined])
  })

  it('countFinal keys and counts', () => {
    expect(numbers.countFinal('count', (n) => n)).toBeInstanceOf(KeyedStream)
    expect(env.pipeline.map((node) => node.kind)).toEqual(['fromCollection', 'keyBy', 'countFinal'])
    expect(wiring()).toMatchObject([{ from: 'keyBy', deal: 'hash' }])
  })

  it('union of streams keyed alike stays keyed; with an unkeyed one it does not', () => {
    const a = numbers.keyBy((n) => n)
    const b = numbers.keyBy((n) => n + 1).map((n) => n)
    expect(a.union(b)).toBeInstanceOf(KeyedStream)
    expect(last().scales).toBe(true)
    expect(wiring()).toEqual([
      { from: 'keyBy', deal: 'hash', keyed: true, exchange: true, keying: 'hash' },
      { from: 'map', deal: 'forward', input: 1, keyed: true, keying: 'hash' },
    ])
    expect(a.union(numbers)).not.toBeInstanceOf(KeyedStream)
  })
})
