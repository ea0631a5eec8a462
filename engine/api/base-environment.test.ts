import { beforeEach, describe, expect, it } from 'vitest'
import { schema } from '../../codec/schema.ts'
import { SourceFunction } from '../../operators/contract/function.ts'
import type { LogLevel } from '../../operators/contract/logger.ts'
import { IDLE } from '../../operators/contract/source.ts'
import { errorOf, TestEnvironment } from './fixtures/test-environment.ts'

let env: TestEnvironment

beforeEach(() => {
  env = new TestEnvironment('test')
})

describe('configuration', () => {
  it('is a copy; none is an empty one', () => {
    expect([env.name, env.platform, env.config, env.pipeline]).toEqual(['test', 'test', {}, []])
    const config = { parallelism: 2, memory: { ringBytes: 8192 } }
    const other = new TestEnvironment('other', config)
    expect(other.config).toEqual(config)
    other.config.parallelism = 3
    Object.assign(other.config.memory!, { ringBytes: 4096 })
    expect(config).toEqual({ parallelism: 2, memory: { ringBytes: 8192 } })
    expect(other.resolved()).toMatchObject({ parallelism: 3, ringBytes: 4096 })
    expect(other.resolved({ parallelism: 5 }).parallelism).toBe(5)
  })

  it('is checked when given', () => {
    expect(errorOf(() => new TestEnvironment('x', { parallelism: 0 }))).toContain(
      'SAGE_PARALLELISM',
    )
    expect(errorOf(() => new TestEnvironment('x', { threads: 2 } as object))).toContain(
      'SAGE_CONFIG',
    )
    expect(errorOf(() => new TestEnvironment(7 as unknown as string))).toContain('SAGE_OPTION')
  })

  it('keeps objects that are no data', () => {
    const logger = { debug() {}, info() {}, warning() {}, error() {} }
    const clock = new (class {
      now() {
        return 1
      }
    })()
    const { config } = new TestEnvironment('x', { logger, clock, mode: 'inline' })
    expect(config.clock).toBe(clock)
    expect(config.logger).toEqual(logger)
  })

  it('has a log level, set in any case', () => {
    expect(env.consoleLogLevel).toBe('INFO')
    env.setConsoleLogLevel('debug')
    expect([env.consoleLogLevel, env.resolved().logLevel]).toEqual(['DEBUG', 'DEBUG'])
    expect(errorOf(() => env.setConsoleLogLevel('verbose' as LogLevel))).toMatch(
      /^SAGE_CONFIG: Invalid log level/,
    )
  })

  it('has memory limits, set one by one', () => {
    env.setMemory({ ringBytes: 8192 })
    env.setMemory({ totalRingBytes: 1 << 20 })
    expect(env.resolved()).toMatchObject({ ringBytes: 8192, totalRingBytes: 1 << 20 })
    expect(errorOf(() => env.setMemory({ ringBytes: 5 }))).toContain('SAGE_CONFIG')
    expect(errorOf(() => env.setMemory(null!))).toContain('SAGE_CONFIG')
    expect(env.resolved().ringBytes).toBe(8192)
  })

  it('cannot change after submit', () => {
    env.graph.seal()
    const calls = [
      () => env.setMemory({}),
      () => env.setConsoleLogLevel('INFO'),
      () => env.registerService('s', class {}),
    ]
    for (const call of calls) expect(errorOf(call)).toContain('SAGE_SUBMITTED')
  })
})

describe('services', () => {
  it('are registered once by name', () => {
    class Store {}
    env.registerService('store', Store, undefined, { scope: 'worker' })
    expect(env.services).toEqual([
      {
        name: 'store',
        Class: Store,
        options: undefined,
        scope: 'worker',
        timeoutMs: Number.POSITIVE_INFINITY,
      },
    ])
    expect(errorOf(() => env.registerService('store', Store))).toContain('SAGE_DUPLICATE_NAME')
    expect(errorOf(() => env.registerService('x', 5 as any))).toContain('SAGE_OPTION')
    env.registerService('ids', Store, undefined, { scope: 'job', timeout: '1m' })
    env.registerService('names', Store, undefined, { scope: 'job' })
    expect(env.services.map(({ scope, timeoutMs }) => [scope, timeoutMs]).slice(1)).toEqual([
      ['job', 60_000],
      ['job', 30_000],
    ])
    for (const options of [{ scope: 'process' }, { timeout: -1 }, { retries: 1 }]) {
      expect(errorOf(() => env.registerService('x', Store, undefined, options as any))).toContain(
        'SAGE_OPTION',
      )
    }
  })
})

describe('sources', () => {
  class Ticks extends SourceFunction<number> {
    execute() {
      return null
    }
  }

  it('become nodes; partitioned ones scale', () => {
    const partitioned = {
      partitions: () => ['p'],
      open: () => ({ next: () => null, position: () => 0 }),
    }
    env.fromCollection(new Set([1]))
    env.fromBatch('text')
    env.fromBatch(function* () {
      yield 1
    })
    env.fromBatch(Ticks)
    env.fromSource(() => IDLE, { uid: 's' })
    env.fromSource(Ticks, undefined, { name: 'ticks' })
    env.fromSource(partitioned, { parallelism: 2 })
    env.fromIterable(() => [1])
    env.fromReadable(() => new ReadableStream() as any)
    env.fromGenerator(3, (i) => i)
    env.fromFile('x.txt', { format: 'lines', parallelism: 3 })
    expect(env.graph.nodes.map(({ name, scales }) => [name, scales])).toEqual([
      ['fromCollection', false],
      ['fromBatch', false],
      ['fromBatch_1', false],
      ['Ticks', false],
      ['fromSource', false],
      ['ticks', false],
      ['fromSource_1', true],
      ['fromIterable', false],
      ['fromReadable', false],
      ['fromGenerator', true],
      ['fromFile', true],
    ])
    expect(env.graph.nodes.at(-1)!.options).toEqual({ paths: 'x.txt', format: 'lines' })
    expect(env.graph.nodes.at(-1)!.parallelism).toBe(3)
  })

  it('refuse what they cannot read, and wrong options', () => {
    const any = env as any
    const cases: readonly [() => unknown, string][] = [
      [() => any.fromBatch(42), 'Unsupported source type'],
      [() => any.fromCollection(42), 'fromCollection: expected an iterable'],
      [() => any.fromCollection([1], { nam: 'x' }), 'fromCollection: expected options'],
      [() => any.fromSource(42), 'fromSource: expected'],
      [() => any.fromIterable([1]), 'fromIterable: expected'],
      [() => any.fromReadable(1), 'fromReadable: expected'],
      [() => any.fromGenerator(-1, () => 1), 'fromGenerator: expected'],
      [() => any.fromFile('x', { format: 'xml' }), 'fromFile: expected a format'],
      [() => any.fromFile('x'), 'fromFile: expected a format'],
      [() => any.fromFile('x', { format: 'lines', heade: 1 }), 'fromFile: expected options'],
      [() => any.fromFuture(), 'fromFuture name: expected a string'],
      [() => any.createStream(1), 'createStream name: expected a string'],
      [() => any.createStream('s', { schema: {} }), 'createStream.schema: expected a schema'],
      [() => any.createStream('s', { capacity: 0 }), 'createStream.capacity: expected an integer'],
    ]
    for (const [call, message] of cases) expect(errorOf(call)).toContain(`SAGE_OPTION: ${message}`)
    expect(env.pipeline).toEqual([])
  })

  it('createStream has a capacity, and the codec of its schema', () => {
    const S = schema('S', { n: 'int32' })
    env.createStream('orders', { schema: S, capacity: 5 }).sink(() => {})
    expect(env.graph.nodes[0].body).toEqual({
      type: 'input',
      capacity: 5,
      codec: S.codec,
      replay: false,
    })
    expect(env.graph.nodes[1].inputs[0].codec).toBe(S.codec)
    env.createStream('plain')
    expect(env.graph.nodes[2].body).toMatchObject({ type: 'input', capacity: 1024 })
  })
})
