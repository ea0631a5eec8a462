import { describe, expect, it } from 'vitest'
import { formatRecord } from './basic/print-format.ts'
import {
  BaseCoMapFunction,
  BaseJoinFunction,
  FlatMapFunction,
  KeyByFunction,
  MapFunction,
  SinkFunction,
  SourceFunction,
} from './contract/function.ts'
import { Packet, StopSignal } from './contract/packet.ts'
import { coMapFactory } from './multi/co-map.ts'
import { joinFactory } from './multi/join.ts'
import { batchSource } from './sources/batch.ts'
import { functionSource } from './sources/function.ts'
import { sourceContext } from './testing/harness-context.ts'
import { operatorHarness } from './testing/operator-harness.ts'
import { readAll } from './testing/read-all.ts'

/**
 * The unit cases of the specification, one test a case, by their numbers. Left out:
 *
 * | case   | what                         | why                                                |
 * | ------ | ---------------------------- | -------------------------------------------------- |
 * | 18     | a router that refuses        | a full ring is back-pressure, never a source's end |
 * | 23     | a join without keys          | refused when the graph is built: `SAGE_NOT_KEYED`  |
 * | 28, 29 | the key of the context       | the task's; the harness tests its own clearing     |
 * | 30-32  | state include and exclude    | `StatefulFunction` comes with state                |
 * | 33-37  | restarts, checkpoint store   | come with checkpoints                              |
 * | 38-40  | percentiles, metrics windows | come with monitoring                               |
 *
 * Where the public contract stands above a case, the test says what holds instead.
 */
const even = ({ value }: { value: number }) => value % 2 === 0
const double = ({ value }: { value: number }) => ({ value: value * 2 })

class Names extends BaseCoMapFunction<string> {
  map0(data: string) {
    return `Stream0: ${data}`
  }
  map1(data: string) {
    return `Stream1: ${data}`
  }
}

interface Side {
  readonly data: string
}

/** Pairs what the two sides have for a key, whichever comes first. */
class SymmetricJoin extends BaseJoinFunction<Side, Side, string> {
  readonly #sides = [new Map<string, Side>(), new Map<string, Side>()]

  override execute(payload: Side, key: string, tag: 0 | 1) {
    this.#sides[tag].set(key, payload)
    const [left, right] = this.#sides.map((side) => side.get(key))
    return left === undefined || right === undefined ? [] : [{ left, right, key }]
  }
}

function throws(): never {
  throw new Error('broken')
}

describe('conformance: operators and packets', () => {
  it('1 filter_passes_data', () => {
    const filter = operatorHarness(even, { shape: 'filter' })
    const payload = { value: 4 }
    filter.push(new Packet(payload))
    expect(filter.packets).toHaveLength(1)
    expect(filter.output[0]).toBe(payload)
  })

  it('2 filter_blocks_data', () => {
    const filter = operatorHarness(even, { shape: 'filter' })
    filter.push(new Packet({ value: 3 }))
    expect(filter.packets).toEqual([])
  })

  it('3 filter_handles_empty_packet, filter_handles_none_payload', () => {
    const filter = operatorHarness(even, { shape: 'filter' })
    filter.push(null)
    filter.push(new Packet(null))
    expect(filter.packets).toEqual([])
    expect(filter.errors).toBe(0)
    expect(filter.dropped).toBe(2)
  })

  it('4 filter_preserves_packet_metadata', () => {
    const filter = operatorHarness(even, { shape: 'filter' })
    const packet = new Packet({ value: 4 })
    packet.timestamp = 12345
    filter.push(packet)
    expect(filter.packets[0].timestamp).toBe(12345)
  })

  it('5 map_transforms_data', () => {
    const map = operatorHarness(double)
    map.push(new Packet({ value: 5 }))
    expect(map.output).toEqual([{ value: 10 }])
  })

  it('6 map_handles_empty_packet', () => {
    const map = operatorHarness(double)
    map.push(null)
    expect(map.output).toEqual([])
    expect(map.logs.map(({ level }) => level)).toEqual(['WARNING'])
  })

  it('7 flatmap_expands_list', () => {
    const flatMap = operatorHarness((items: number[]) => items, { shape: 'flatMap' })
    flatMap.push(new Packet([1, 2, 3]))
    expect(flatMap.packets.map(({ payload }) => payload)).toEqual([1, 2, 3])
  })

  it('8 flatmap_handles_dict_with_items', () => {
    const flatMap = operatorHarness(({ items }: { items: string[] }) => items, { shape: 'flatMap' })
    flatMap.push({ items: ['a', 'b', 'c'] })
    expect(flatMap.output).toEqual(['a', 'b', 'c'])
  })

  it('9 flatmap_handles_single_item', () => {
    const flatMap = operatorHarness((item: string) => [item], { shape: 'flatMap' })
    flatMap.push('single_item')
    expect(flatMap.output).toEqual(['single_item'])
  })

  it('10 flatmap_string_not_exploded', () => {
    class Whole extends FlatMapFunction<string, string> {
      execute(text: string) {
        return text
      }
    }
    const flatMap = operatorHarness(Whole)
    flatMap.push('ab')
    expect(flatMap.output).toEqual(['ab'])
  })

  it('11 flatmap_collect_order', () => {
    class Both extends FlatMapFunction<string, string> {
      execute(_: string, out: { collect(item: string): void }) {
        out.collect('c1')
        out.collect('c2')
        return ['r1']
      }
    }
    const flatMap = operatorHarness(Both)
    flatMap.push('x')
    expect(flatMap.output).toEqual(['r1', 'c1', 'c2'])
  })

  it('12 flatmap_inherits_partition_info', () => {
    const flatMap = operatorHarness((items: number[]) => items, { shape: 'flatMap' })
    flatMap.push(new Packet([1, 2], 0, 'test_key', 'hash'))
    const inherited = flatMap.packets.map((p) => [p.payload, p.partitionKey, p.partitionStrategy])
    expect(inherited).toEqual([
      [1, 'test_key', 'hash'],
      [2, 'test_key', 'hash'],
    ])
  })

  it('13 comap_processes_stream0, comap_processes_stream1', () => {
    const coMap = operatorHarness(Names)
    coMap.push(new Packet('test_data', 0))
    coMap.push(new Packet('test_data', 1))
    expect(coMap.output).toEqual(['Stream0: test_data', 'Stream1: test_data'])
  })

  it('14 comap_requires_comap_function: SAGE_OPTION in place of a TypeError', () => {
    class Plain extends MapFunction<number, number> {
      execute(value: number) {
        return value
      }
    }
    expect(() => coMapFactory(Plain, 2)).toThrow(
      expect.objectContaining({
        code: 'SAGE_OPTION',
        message: expect.stringContaining('requires CoMap function'),
      }),
    )
  })

  it.each(['map', 'filter', 'flatMap', 'sink'] as const)(
    '15 operators_swallow_exceptions: %s, under the policy skip',
    (shape) => {
      const harness = operatorHarness(throws, { shape, errors: 'skip' })
      harness.push(1)
      expect(harness.output).toEqual([])
      expect(harness.errors).toBe(1)
      expect(harness.logs.map(({ level }) => level)).toEqual(['ERROR'])
    },
  )

  it('16 source_generates_data', async () => {
    const values = [10, 20]
    expect(await readAll(functionSource(() => values.shift()))).toEqual([10, 20])
  })

  it('17 source_handles_stop_signal, source_prevents_duplicate', async () => {
    let asked = 0
    const stop = () => {
      asked++
      return new StopSignal('done')
    }
    const source = functionSource(stop).create(sourceContext())
    const reader = await source.open('0')
    expect(await reader.next(10)).toBeNull()
    expect(await reader.next(10)).toBeNull()
    expect(asked).toBe(1)
    expect(stop().source).toBe('done')
  })

  it('19 sink_processes_data, sink_handles_stop_signal', async () => {
    const collected: unknown[] = []
    let closed = 0
    class Collect extends SinkFunction {
      execute(data: unknown) {
        collected.push(data)
      }
      override close() {
        closed++
      }
    }
    const sink = operatorHarness(Collect)
    sink.push(new Packet({ value: 100 }))
    await sink.end()
    await sink.end()
    expect(collected).toEqual([{ value: 100 }])
    expect(closed).toBe(1)
  })

  it.each(['hash', 'broadcast', 'round_robin'] as const)(
    '20 keyby_extracts_key: %s',
    (strategy) => {
      class ById extends KeyByFunction<{ id: string }, string> {
        execute({ id }: { id: string }) {
          return id
        }
      }
      const payload = { id: 'user123', value: 100 }
      const keyBy = operatorHarness(ById, { strategy })
      keyBy.push(payload)
      expect(keyBy.packets).toMatchObject([
        { partitionKey: 'user123', partitionStrategy: strategy, payload },
      ])
      expect(keyBy.output[0]).toBe(payload)
    },
  )

  it('21 keyby_handles_exception: the policy decides, the operator goes on', () => {
    const failing = ({ id }: { id?: string }) => id ?? throws()
    const keyBy = operatorHarness(failing, { shape: 'key', errors: 'skip' })
    keyBy.push({})
    keyBy.push({ id: 'a' })
    expect(keyBy.output).toEqual([{ id: 'a' }])
    expect(keyBy.errors).toBe(1)
  })

  it('22 join_processes_keyed_packets', () => {
    const join = operatorHarness(SymmetricJoin)
    join.push(new Packet({ data: 'left1' }, 0, 'key1'))
    join.push(new Packet({ data: 'right1' }, 1, 'key1'))
    expect(join.output).toEqual([
      { left: { data: 'left1' }, right: { data: 'right1' }, key: 'key1' },
    ])
    expect(join.packets[0].partitionKey).toBe('key1')
  })

  it('24 join_handles_none_payload', () => {
    const join = operatorHarness(SymmetricJoin)
    join.push(new Packet(null, 0, 'key1'))
    join.push(new Packet({ data: 'right1' }, 1, 'key1'))
    expect(join.output).toEqual([])
    expect(join.dropped).toBe(1)
  })

  it('25 join_non_matching_keys', () => {
    const join = operatorHarness(SymmetricJoin)
    join.push({ data: 'left1' }, { key: 'key1', input: 0 })
    join.push({ data: 'right2' }, { key: 'key2', input: 1 })
    expect(join.output).toEqual([])
    expect(join.errors).toBe(0)
  })

  it('26 join_validation: SAGE_OPTION in place of a TypeError', () => {
    class Plain extends MapFunction<number, number> {
      execute(value: number) {
        return value
      }
    }
    expect(() => joinFactory(Plain)).toThrow(
      expect.objectContaining({
        code: 'SAGE_OPTION',
        message: expect.stringContaining('requires Join function'),
      }),
    )
  })

  it('27 packet_and_stop_signal', () => {
    const stop = new StopSignal('done', 'source-1')
    expect([stop.name, stop.source]).toEqual(['done', 'source-1'])
    const packet = new Packet({ x: 1 }, 2, 'k', 'hash')
    expect(packet.copy().equals(packet)).toBe(true)
    expect(packet.copy()).toEqual(packet)
    const moved = packet.updateKey('k2')
    expect([moved.partitionKey, moved.partitionStrategy]).toEqual(['k2', 'hash'])
    const inherited = packet.inheritPartitionInfo('payload')
    expect([inherited.partitionStrategy, inherited.inputIndex]).toEqual(['hash', 2])
  })

  it('41 print_formatting', () => {
    const texts = [42, 'text', { a: 1, b: 2 }, [1, 2, 3, 4, 5, 6], []]
    expect(texts.map((value) => formatRecord(value, false))).toEqual([
      '42',
      'text',
      'a=1, b=2',
      '[1, 2, 3, 4, 5, ... (+1 more)]',
      '[]',
    ])
  })

  it('53 from_batch', async () => {
    class Three extends SourceFunction<number> {
      #next = 0
      execute() {
        return this.#next < 3 ? this.#next++ : null
      }
    }
    function* generated() {
      yield* [1, 2]
    }
    const sources = [
      [1, 2],
      new Set([1, 2]),
      Iterator.from([1, 2]),
      generated,
      generated(),
      'ab',
      Three,
    ]
    const read = await Promise.all(sources.map((source) => readAll(batchSource(source))))
    expect(read).toEqual([
      [1, 2],
      [1, 2],
      [1, 2],
      [1, 2],
      [1, 2],
      ['a', 'b'],
      [0, 1, 2],
    ])
    expect(() => batchSource(42)).toThrow(
      expect.objectContaining({
        code: 'SAGE_OPTION',
        message: expect.stringContaining('Unsupported source type'),
      }),
    )
  })

  it('54 batch iterators: items, then the end, for good', async () => {
    const reader = await batchSource(['alpha', 'beta', 'gamma']).create(sourceContext()).open('0')
    expect(await reader.next(2)).toEqual(['alpha', 'beta'])
    expect(await reader.next(2)).toEqual(['gamma'])
    expect(await reader.next(2)).toBeNull()
    expect(await reader.next(2)).toBeNull()
  })
})
