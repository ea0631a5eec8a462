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

describe('what needs all records of streams that are not keyed', () => {
  const both = () => a.connect(b)
  const keyed = () => both().keyBy((v) => String(v))

  it('runs in one subtask, and in many where they are keyed, which the result then stays', () => {
    const tumbling = { type: 'tumbling', size: 10 } as const
    const condition = (x: string, y: number) => x === String(y)
    const made: [string, DataStream<unknown>, boolean][] = [
      ['process', both().process(() => []), false],
      [
        'window',
        both()
          .window(tumbling)
          .process(() => 1),
        false,
      ],
      ['join', both().join({ condition, within: '1s' }), false],
      ['process', keyed().process(() => []), true],
      [
        'window',
        keyed()
          .window(tumbling)
          .process(() => 1),
        true,
      ],
    ]
    for (const [name, stream, isKeyed] of made) {
      expect(stream instanceof KeyedStream).toBe(isKeyed)
      if (isKeyed) stream.setParallelism(4)
      else
        expect(errorOf(() => stream.setParallelism(2))).toMatch(
          new RegExp(`^SAGE_PARALLELISM: parallelism of '${name}.*': expected 1, .*got 2`),
        )
    }
    expect(errorOf(() => both().process(() => [], { parallelism: 3 }))).toMatch(
      /^SAGE_PARALLELISM: .*'process': expected 1/,
    )
  })

  it('joins by key key their inputs, unless they are keyed', () => {
    both().join({ keyFn: [(w) => w.length, (n) => n] })
    expect([last().kind, last().scales, ...inputs()]).toEqual([
      'join',
      true,
      '0:keyBy:hash',
      '1:keyBy_1:hash',
    ])
    both().join({ joinType: 'left', keyFn: (v) => String(v), name: 'mine' })
    expect([last().name, ...inputs()]).toEqual(['mine', '0:keyBy_2:hash', '1:keyBy_3:hash'])
    keyed().join({ joinType: 'outer' })
    expect(inputs()).toEqual(['0:keyBy_4:hash', '1:keyBy_5:hash'])
  })
})

describe('settings of connected streams', () => {
  const onError = () => 'continue' as const

  it('hold for the operators that follow on what is returned', () => {
    const both = a.connect(b)
    const set = both
      .onError(onError)
      .setErrorThreshold({ maxErrors: 10, timeWindow: '1m' })
      .configureBackpressure({ strategy: 'drop', bufferSize: 5 })
    both.map((v) => v)
    expect(last().handling).toBe(undefined)
    const handling = { inputs: ['a', 'b'], onError, threshold: { maxErrors: 10, windowMs: 60_000 } }
    set.map((v) => v)
    expect(last().handling).toEqual(handling)
    set.keyBy((v) => String(v)).process(() => [])
    expect(last().handling).toEqual(handling)
    const { backpressure } = last().inputs[1]
    expect(backpressure).toEqual({
      strategy: 'drop',
      drop: 'newest',
      bufferSize: 5,
      timeoutMs: Infinity,
    })
    set.connect(c).coMap([(v) => v, (v) => v, (v) => v])
    expect(last().handling).toEqual({ ...handling, inputs: ['a', 'b', 'c'] })
    set.sink(() => {})
    expect([last().kind, last().handling]).toEqual(['sink', handling])
  })

  it('synchronize by a time of its own stamps the inputs, and keeps them keyed', () => {
    const keyed = a.connect(b).keyBy((v) => String(v))
    const timestamp = () => 1
    const result = keyed
      .synchronize({ type: 'timestamp', tolerance: '1s', timestamp })
      .process(() => [])
    expect(result).toBeInstanceOf(KeyedStream)
    expect(last().inputs.map(({ from }) => from.kind)).toEqual([
      'assignTimestamps',
      'assignTimestamps',
    ])
  })
})

describe('a method at fault throws', () => {
  it('SAGE_OPTION of what is new in connected streams', () => {
    const any = a.connect(b) as any
    const cases: readonly [() => unknown, string][] = [
      [() => any.process(1), 'process: expected a function, got 1'],
      [() => any.process(class {}), 'process: expected a function, got'],
      [() => any.join({}), 'join: expected keyFn or condition, or inputs that are keyed'],
      [
        () => any.join({ joinType: 'full', keyFn: () => 1 }),
        "join.joinType: expected 'inner', 'left'",
      ],
      [
        () => any.join({ keyFn: () => 1, condition: () => 1 }),
        'join: expected keyFn or condition, got both',
      ],
      [() => any.join({ keyFn: () => 1, within: '1 s' }), 'join.within: expected a duration'],
      [
        () => any.join({ key: () => 1 }),
        'join: expected options joinType, keyFn, condition, within',
      ],
      [() => any.join({ condition: 1 }), 'join.condition: expected a function, got 1'],
      [() => any.window(), 'window: expected options, an object with type, size, slide, timeout'],
      [
        () => any.window({ type: 'hopping' }),
        "window.type: expected 'tumbling', 'sliding', 'session'",
      ],
      [() => any.window({ type: 'tumbling' }), 'window.size: expected a duration'],
      [
        () => any.window({ type: 'tumbling', size: 0 }),
        'window.size: expected a duration of whole',
      ],
      [
        () => any.window({ type: 'tumbling', size: 5, slide: 1 }),
        "window.slide: expected none with type 'tumbling'",
      ],
      [
        () => any.window({ type: 'sliding', size: 5, slide: 6 }),
        'window.slide: expected at most the size (5 ms)',
      ],
      [
        () => any.window({ type: 'session', timeout: Infinity }),
        'window.timeout: expected a duration of whole',
      ],
      [
        () => any.window({ type: 'session', size: 5 }),
        "window.size: expected none with type 'session'",
      ],
      [
        () => any.window({ type: 'session', timeout: 5 }).process(),
        'window.process: expected a function',
      ],
      [
        () => any.window({ type: 'session', timeout: 5 }).lateOutput('late'),
        'lateOutput: expected an OutputTag',
      ],
      [() => any.synchronize({ type: 'time' }), "synchronize.type: expected 'timestamp', 'event'"],
      [() => any.synchronize({ type: 'timestamp' }), 'synchronize.tolerance: expected a duration'],
      [() => any.synchronize({ type: 'event' }), 'synchronize.isMarker: expected a function'],
      [
        () => any.synchronize({ type: 'event', isMarker: () => 1, tolerance: 1 }),
        "synchronize.tolerance: expected none with type 'event'",
      ],
      [
        () => any.synchronize({ type: 'event', isMarker: () => 1, keepMarkers: 1 }),
        'synchronize.keepMarkers: expected a boolean, got 1',
      ],
      [() => any.onError('continue'), 'onError: expected a function'],
      [
        () => any.setErrorThreshold({ maxErrors: -1 }),
        'setErrorThreshold.maxErrors: expected an integer >= 0',
      ],
      [
        () => any.setErrorThreshold({ maxErrors: 1 }),
        'setErrorThreshold.timeWindow: expected a duration',
      ],
      [
        () => any.configureBackpressure({ strategy: 'wait' }),
        "configureBackpressure.strategy: expected 'block', 'drop', 'buffer'",
      ],
      [
        () => any.configureBackpressure({ strategy: 'drop', bufferSize: 0 }),
        'configureBackpressure.bufferSize: expected an integer >= 1',
      ],
      [
        () => any.configureBackpressure({ strategy: 'drop', drop: 'all' }),
        "configureBackpressure.drop: expected 'newest', 'oldest'",
      ],
      [
        () => any.configureBackpressure({ strategy: 'block', drop: 'oldest' }),
        "configureBackpressure.drop: expected none with strategy 'block'",
      ],
      [() => any.process(() => [], { maxBatch: 0 }), 'process.maxBatch: expected an integer >= 1'],
      [
        () => any.configureBackpressure({ strategy: 'drop', size: 0 }),
        'configureBackpressure: expected options strategy, drop, bufferSize, timeout, got "size"',
      ],
    ]
    for (const [call, message] of cases) expect(errorOf(call)).toContain(`SAGE_OPTION: ${message}`)
    expect(errorOf(() => any.connect(c).join({ keyFn: () => 1 }))).toContain(
      'SAGE_JOIN_INPUTS: join: expected exactly 2 input streams, got 3',
    )
    expect(errorOf(() => any.join({ keyFn: [() => 1] }))).toContain(
      'SAGE_SELECTORS: join.keyFn: Key selector count (1) must match stream count (2)',
    )
    expect(env.pipeline).toHaveLength(3)
  })

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
