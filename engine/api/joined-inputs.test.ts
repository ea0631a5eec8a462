import { beforeEach, describe, expect, it } from 'vitest'
import { BaseCoMapFunction, BaseJoinFunction } from '../../operators/contract/function.ts'
import type { GraphNode } from '../graph/node.ts'
import { errorOf, TestEnvironment } from './fixtures/test-environment.ts'
import { ConnectedStreams, KeyedStream } from './stream-classes.ts'
import type { DataStream } from './streams.ts'

let env: TestEnvironment
let a: DataStream<string>
let b: DataStream<number>
let c: DataStream<boolean>

beforeEach(() => {
  env = new TestEnvironment('test')
  a = env.fromCollection(['x'], { name: 'a' })
  b = env.fromCollection([1], { name: 'b' })
  c = env.fromCollection([true], { name: 'c' })
})

function last(): GraphNode {
  return env.graph.nodes.at(-1)!
}

/** The inputs of the newest operator, in order. */
function inputs(): string[] {
  return last().inputs.map((edge) => `${edge.input}:${edge.from.name}:${edge.partitioning.type}`)
}

class Two extends BaseCoMapFunction<string> {
  map0(word: string) {
    return word
  }
  map1(n: number) {
    return String(n)
  }
}

class Both extends BaseJoinFunction {
  left() {
    return []
  }
  right() {
    return []
  }
}

describe('connected streams', () => {
  it('keep the order of connect', () => {
    c.connect(a.connect(b)).print()
    expect(inputs()).toEqual(['0:c:forward', '1:a:forward', '2:b:forward'])
    a.connect(b)
      .connect(c)
      .connect(b.connect(a))
      .sink(() => {})
    expect(inputs().map((input) => input[2])).toEqual(['a', 'b', 'c', 'b', 'a'])
    const connected = new ConnectedStreams([b, a])
    expect(connected).toBeInstanceOf(ConnectedStreams)
    connected.map((v) => v)
    expect([last().kind, ...inputs()]).toEqual(['map', '0:b:forward', '1:a:forward'])
  })

  it('sink and print return the connected streams', () => {
    const connected = a.connect(b)
    expect(connected.sink(() => {})).toBe(connected)
    expect(connected.print()).toBe(connected)
    expect(env.pipeline).toHaveLength(5)
  })

  it('coMap takes a class or functions, and tells inputs apart even of one stream', () => {
    a.connect(b).coMap(Two, undefined, { parallelism: 2 })
    expect([last().name, last().parallelism]).toEqual(['Two', 2])
    a.connect(a).coMap([(w) => w, (w) => w.length], { name: 'self' })
    expect([last().name, ...inputs()]).toEqual(['self', '0:a:forward', '1:a:forward'])
  })

  it('keyBy keys each input, with one selector or one for each; map then stays keyed', () => {
    const keyed = a.connect(b).keyBy([(w) => w.length, (n) => n])
    expect(keyed.map((v) => v)).toBeInstanceOf(KeyedStream)
    expect(inputs()).toEqual(['0:keyBy:hash', '1:keyBy_1:hash'])
    expect(
      a
        .connect(b)
        .keyBy((v) => String(v), 'round_robin')
        .map((v) => v),
    ).not.toBeInstanceOf(KeyedStream)
  })

  it('join reads two keyed inputs', () => {
    expect(
      a
        .connect(b)
        .keyBy((v) => String(v))
        .join(Both),
    ).not.toBeInstanceOf(KeyedStream)
    expect([last().kind, last().name, last().scales, ...inputs()]).toEqual([
      'join',
      'Both',
      true,
      '0:keyBy:hash',
      '1:keyBy_1:hash',
    ])
  })
})

describe('a method at fault throws', () => {
  it('SAGE_COMAP_INPUTS and SAGE_OPTION of coMap', () => {
    const three = a.connect(b).connect(c)
    expect(errorOf(() => three.coMap(Two))).toMatch(/^SAGE_COMAP_INPUTS: .*map2/)
    expect(errorOf(() => (three as any).coMap([() => 1]))).toContain('SAGE_COMAP_INPUTS')
    expect(errorOf(() => (three as any).coMap(() => 1))).toContain('SAGE_OPTION')
    expect(errorOf(() => (three as any).coMap([() => 1, () => 2, () => 3], { x: 1 }))).toContain(
      'SAGE_OPTION',
    )
    expect(env.pipeline).toHaveLength(3)
  })

  it('SAGE_JOIN_INPUTS, SAGE_NOT_KEYED, SAGE_OPTION of join', () => {
    const three = a
      .connect(b)
      .connect(c)
      .keyBy((v) => String(v))
    expect(errorOf(() => three.join(Both))).toContain(
      'SAGE_JOIN_INPUTS: join: expected exactly 2 input streams, got 3',
    )
    expect(errorOf(() => a.connect(b).join(Both))).toMatch(/^SAGE_NOT_KEYED: join: .*'a'/)
    const half = a.keyBy((w) => w).connect(b)
    expect(errorOf(() => half.join(Both))).toMatch(/^SAGE_NOT_KEYED: join: .*'b'/)
    const dealt = a.connect(b).keyBy((v) => String(v), 'round_robin')
    expect(errorOf(() => dealt.join(Both))).toContain('SAGE_NOT_KEYED')
    expect(errorOf(() => (half as any).join(() => 1))).toContain('SAGE_OPTION')
  })

  it('SAGE_SELECTORS of keyBy', () => {
    expect(errorOf(() => (a.connect(b) as any).keyBy([(v: unknown) => v]))).toContain(
      'SAGE_SELECTORS: keyBy: Key selector count (1) must match stream count (2)',
    )
  })

  it('SAGE_OPTION and SAGE_ENVIRONMENTS_DIFFER of the constructor', () => {
    expect(errorOf(() => new ConnectedStreams([a]))).toContain('SAGE_OPTION')
    expect(errorOf(() => new ConnectedStreams([a, 5 as any]))).toContain('SAGE_OPTION')
    const stranger = new TestEnvironment('other').fromCollection([1])
    expect(errorOf(() => new ConnectedStreams([a, stranger]))).toMatch(
      /^SAGE_ENVIRONMENTS_DIFFER: .*same environment/,
    )
  })
})
