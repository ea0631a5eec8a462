import { beforeEach, describe, expect, it } from 'vitest'
import { schema } from '../../codec/schema.ts'
import { MapFunction, OutputTag } from '../../operators/contract/function.ts'
import { FileSink } from '../../operators/files/file-sink.ts'
import { errorOf, TestEnvironment } from './fixtures/test-environment.ts'
import { KeyedStream } from './stream-classes.ts'
import type { DataStream } from './streams.ts'

let env: TestEnvironment
let numbers: DataStream<number>

class Double extends MapFunction<number, number> {
  execute(n: number): number {
    return n * 2
  }
}

beforeEach(() => {
  env = new TestEnvironment('test')
  numbers = env.fromCollection([1, 2, 3])
})

describe('a method at fault throws', () => {
  it('SAGE_OPTION for what is no function and for wrong options', () => {
    const any = numbers as any
    const byNumber = () => any.keyBy((n: number) => n)
    const cases: readonly [() => unknown, string][] = [
      [() => any.map(42), 'map: expected a function or a class, got 42'],
      [
        () => any.map(new Double()),
        'map: expected a function or a class, got Double {}; give the class itself, and its options behind it',
      ],
      [() => any.map(), 'map: expected a function or a class, got undefined'],
      [
        () => any.map((n: number) => n, { paralelism: 2 }),
        'map: expected options name, uid, parallelism, errors, got "paralelism"',
      ],
      [() => any.map((n: number) => n, 'name'), 'map: expected options, an object, got "name"'],
      [() => any.map((n: number) => n, {}, {}), 'map: expected (fn, options), got {} behind them'],
      [() => any.map((n: number) => n, { name: 1 }), 'map.name: expected a string, got 1'],
      [() => any.map((n: number) => n, { uid: '' }), 'map.uid: expected a string, got ""'],
      [
        () => any.filter(() => 1, { toString: 1 }),
        'filter: expected options name, uid, parallelism, errors, got "toString"',
      ],
      [() => any.sink(() => {}, { capacity: 0 }), 'sink.capacity: expected an integer >= 1, got 0'],
      [() => any.print(1), 'print prefix: expected a string, got 1'],
      [() => any.output(), 'output name: expected a string, got undefined'],
      [() => any.inspect(null), 'inspect: expected a function or a class, got null'],
      [() => any.processBatch(1), 'processBatch: expected a function, got 1'],
      [() => any.sideOutput('late'), 'sideOutput: expected an OutputTag, got "late"'],
      [() => any.withSchema({}), 'withSchema: expected a schema, got {}'],
      [
        () => any.withSchema(schema('S', { n: 'int32' }), { read: 'copy' }),
        `withSchema.read: expected 'object' or 'view', got "copy"`,
      ],
      [() => any.union(5), 'union: expected a stream, got 5'],
      [() => any.connect(null), 'connect: expected a stream, got null'],
      [() => any.pipe(5), 'pipe: expected a function or a registered name'],
      [() => any.countFinal(1, (n: number) => n), 'countFinal stepId: expected a string, got 1'],
      [() => any.countFinal('c', 1), 'countFinal: expected a function, got 1'],
      [
        () => any.keyBy((n: number) => n).reduceFinal('r'),
        'reduceFinal: expected a function, got undefined',
      ],
      [
        () => any.keyBy((n: number) => n).reduceFinal('r', () => 1, { uid: 'u' }),
        "reduceFinal.uid: expected none beside the stepId 'r'",
      ],
      [
        () =>
          any
            .keyBy((n: number) => n)
            .foldFinal(
              'f',
              () => 1,
              () => 1,
              { merge: 1 },
            ),
        'foldFinal.merge: expected a function, got 1',
      ],
      [
        () => byNumber().statefulMap((n: number) => [n, n]),
        'statefulMap stepId: expected a string, got function (anonymous)',
      ],
      [() => byNumber().statefulMap('s', class A {}), 'statefulMap: expected a function'],
      [
        () => byNumber().statefulFlatMap('s'),
        'statefulFlatMap: expected a function, got undefined',
      ],
      [() => byNumber().stateful(7, () => 1), 'stateful stepId: expected a string, got 7'],
      [() => byNumber().stateful('s', {}), 'stateful: expected a function, got {}'],
      [() => byNumber().statefulBatch('s', null), 'statefulBatch: expected a function, got null'],
      [() => byNumber().collect('c'), 'collect.timeout: expected a duration'],
      [
        () => byNumber().collect('c', { timeout: '5 s', maxSize: 1 }),
        'collect.timeout: expected a duration',
      ],
      [
        () => byNumber().collect('c', { timeout: 1 }),
        'collect.maxSize: expected an integer >= 1, got undefined',
      ],
      [
        () => byNumber().collect('c', { timeout: 1, maxSize: 0 }),
        'collect.maxSize: expected an integer >= 1, got 0',
      ],
      [() => byNumber().join('j'), 'join: expected a stream, got undefined'],
      [
        () => byNumber().join('j', []),
        'join: expected a keyed stream, or an array of at least one',
      ],
      [
        () => byNumber().join('j', byNumber(), { insertMode: 'newest' }),
        `join.insertMode: expected 'first', 'last', 'product', got "newest"`,
      ],
      [
        () => byNumber().join('j', byNumber(), { emitMode: 'left' }),
        `join.emitMode: expected 'complete', 'final', 'running', got "left"`,
      ],
      [
        () => any.keyBy((n: number) => n, 'range'),
        `keyBy: expected strategy 'hash', 'round_robin', 'broadcast', 'custom', got "range"`,
      ],
      [
        () => any.keyBy((n: number) => n, 'custom'),
        "keyBy.partition: expected a function (key, n) => index with strategy 'custom', got undefined",
      ],
      [
        () => any.keyBy((n: number) => n, 'hash', { partition: () => 0 }),
        "keyBy.partition: expected none with strategy 'hash'",
      ],
      [() => any.keyBy(7), 'keyBy: expected a function or a class, got 7'],
      [
        () => any.map((n: number) => n, { errors: 'ignore' }),
        "map.errors: expected 'fail', 'skip'",
      ],
    ]
    for (const [call, message] of cases) expect(errorOf(call)).toContain(`SAGE_OPTION: ${message}`)
    expect(env.pipeline.filter((node) => node.kind !== 'keyBy')).toHaveLength(1)
  })

  it('SAGE_OPTION for the side output of an operator that has none', () => {
    expect(errorOf(() => numbers.map((n) => n).sideOutput(new OutputTag('x')))).toContain(
      "SAGE_OPTION: sideOutput: expected a stream made by process or flatMap, which emit with out.collectTo, got 'map' made by map",
    )
  })

  it('SAGE_PARALLELISM', () => {
    for (const parallelism of [0, -1, 1.5, Number.NaN, '2' as unknown as number]) {
      expect(errorOf(() => numbers.map((n) => n, { parallelism }))).toContain(
        'SAGE_PARALLELISM: map.parallelism',
      )
      expect(errorOf(() => numbers.setParallelism(parallelism))).toContain('SAGE_PARALLELISM')
    }
    expect(errorOf(() => numbers.output('o', { parallelism: 2 }))).toContain('SAGE_PARALLELISM')
    expect(errorOf(() => numbers.print('', '', true, { parallelism: 2 }))).toContain(
      'SAGE_PARALLELISM',
    )
    expect(env.pipeline).toHaveLength(1)
  })

  it('SAGE_DUPLICATE_UID and SAGE_DUPLICATE_NAME', () => {
    numbers.map((n) => n, { uid: 'u' }).output('o')
    expect(errorOf(() => numbers.map((n) => n, { uid: 'u' }))).toContain('SAGE_DUPLICATE_UID')
    expect(errorOf(() => numbers.countFinal('u', (n) => n))).toContain('SAGE_DUPLICATE_UID')
    const keyed = numbers.keyBy((n) => n)
    keyed.statefulMap('step', (n: number | undefined) => [n ?? 0, 1])
    expect(errorOf(() => keyed.join('step', keyed))).toContain('SAGE_DUPLICATE_UID')
    expect(errorOf(() => keyed.collect('step', { timeout: 1, maxSize: 1 }))).toContain(
      'SAGE_DUPLICATE_UID',
    )
    expect(errorOf(() => numbers.output('o'))).toContain('SAGE_DUPLICATE_NAME')
    expect(errorOf(() => env.createStream('o'))).toContain('SAGE_DUPLICATE_NAME')
  })

  it('SAGE_OPTION for two sinks that write to one folder', () => {
    const written = numbers.sink(FileSink, { path: 'out', format: 'lines' }, { name: 'first' })
    written.sink(FileSink, { path: 'out/a', format: 'lines' })
    expect(
      errorOf(() => written.sink(FileSink, { path: './out/', format: 'csv' }, { name: 'second' })),
    ).toMatch(/SAGE_OPTION.*folder '.*out', got 'first' and 'second'/)
  })

  it('SAGE_NOT_KEYED, also in programs without types', () => {
    for (const method of [
      'reduce',
      'reduceFinal',
      'foldFinal',
      'minFinal',
      'maxFinal',
      'statefulMap',
      'statefulFlatMap',
      'stateful',
      'statefulBatch',
      'collect',
      'join',
      'entries',
    ]) {
      expect(errorOf(() => (numbers as any)[method]('s', () => 1))).toContain(
        `SAGE_NOT_KEYED: ${method}: expected a keyed stream`,
      )
    }
    const dealt = numbers.keyBy((n) => n, 'round_robin')
    expect(errorOf(() => (dealt as any).statefulMap('s', () => [1, 1]))).toContain('SAGE_NOT_KEYED')
    expect(errorOf(() => (numbers.keyBy((n) => n) as any).join('j', numbers))).toContain(
      "SAGE_NOT_KEYED: join: expected a keyed stream (keyBy with strategy 'hash' or 'custom' above it)",
    )
  })

  it('SAGE_STRATEGY where streams keyed differently meet', () => {
    const partition = () => 0
    const hash = numbers.keyBy((n) => n)
    const custom = numbers.keyBy((n) => n, 'custom', { partition })
    expect(custom.union(numbers.keyBy((n) => n, 'custom', { partition }))).toBeInstanceOf(
      KeyedStream,
    )
    expect(errorOf(() => hash.union(custom))).toContain('SAGE_STRATEGY: union')
    expect(errorOf(() => hash.connect(custom))).toContain('SAGE_STRATEGY: connect')
    expect(errorOf(() => hash.join('j', custom))).toContain('SAGE_STRATEGY: join')
    const other = numbers.keyBy((n) => n, 'custom', { partition: () => 0 })
    expect(errorOf(() => custom.union(other))).toContain('SAGE_STRATEGY')
  })

  it('SAGE_ENVIRONMENTS_DIFFER', () => {
    const stranger = new TestEnvironment('other').fromCollection([1])
    for (const call of [() => numbers.union(stranger), () => numbers.connect(stranger)]) {
      expect(errorOf(call)).toMatch(/^SAGE_ENVIRONMENTS_DIFFER: .*same environment/)
    }
    const future = new TestEnvironment('third').fromFuture<number>('f')
    expect(errorOf(() => numbers.fillFuture(future))).toContain('SAGE_ENVIRONMENTS_DIFFER')
  })

  it('SAGE_NOT_A_FUTURE and SAGE_FUTURE_FILLED', () => {
    const future = env.fromFuture<number>('loop')
    const body = future.union(numbers).filter((n) => n > 0)
    expect(errorOf(() => body.fillFuture(numbers))).toMatch(
      /^SAGE_NOT_A_FUTURE: .*must be a future stream/,
    )
    body.fillFuture(future)
    expect(env.graph.nodes[1].inputs.map((edge) => edge.from.name)).toEqual(['filter'])
    expect(errorOf(() => body.fillFuture(future))).toMatch(
      /^SAGE_FUTURE_FILLED: .*has already been filled/,
    )
  })

  it('SAGE_SUBMITTED after submit', () => {
    env.graph.seal()
    const calls = [
      () => numbers.map((n) => n),
      () => numbers.print(),
      () => numbers.setParallelism(2),
      () => env.fromCollection([1]),
    ]
    for (const call of calls) expect(errorOf(call)).toContain('SAGE_SUBMITTED')
  })
})
