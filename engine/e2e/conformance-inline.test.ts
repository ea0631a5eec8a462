import { describe, expect, it } from 'vitest'
import {
  type ConnectedStreams,
  type DataStream,
  defineJob,
  type EnvironmentConfig,
  IDLE,
  LocalEnvironment,
  registerFunction,
  SinkFunction,
  SourceFunction,
  StopSignal,
  schema,
} from '../index.ts'
import { settled } from '../testing/index.ts'

/** What holds in both modes and needs no thread to show: closures over local variables work inline. */
const inline: EnvironmentConfig = { mode: 'inline', parallelism: 1, signals: false }

/** Runs a graph of the test's own; gives what arrives at its end. */
async function collect<T>(
  build: (env: LocalEnvironment) => DataStream<T>,
  config: EnvironmentConfig = {},
): Promise<T[]> {
  const env = new LocalEnvironment('inline', { ...inline, ...config })
  const got: T[] = []
  build(env).sink((value) => void got.push(value), { parallelism: 1 })
  await env.submit({ autostop: true })
  return got
}

const codeOf = (code: string) => expect.objectContaining({ name: 'StreamError', code })

describe('strict mode', () => {
  it('freezes what several consumers share, never what the caller holds', async () => {
    const held = { list: [1], nested: { n: 1 } }
    const env = new LocalEnvironment('strict', inline)
    const source = env.fromCollection([held])
    const frozen: boolean[] = []
    source.sink(
      (record) => void frozen.push(Object.isFrozen(record), Object.isFrozen(record.nested)),
    )
    source.map((record) => record.list.push(2), { name: 'mutates' })
    await expect(env.submit({ autostop: true })).rejects.toMatchObject({
      code: 'SAGE_USER_ERROR',
      operator: 'mutates',
      cause: { name: 'TypeError' },
    })
    expect(frozen).toEqual([true, true])
    expect([Object.isFrozen(held), held]).toEqual([false, { list: [1], nested: { n: 1 } }])
  })

  it('copies what cannot be frozen, for each consumer', async () => {
    const held = { map: new Map([['a', 1]]), at: new Date(5), bytes: new Uint8Array([1]) }
    const env = new LocalEnvironment('copies', inline)
    const source = env.fromCollection([held])
    const seen: unknown[] = []
    const change = (record: typeof held) => {
      seen.push([record.map.get('a'), record.at.getTime(), record.bytes[0]])
      record.map.set('a', 2)
      record.at.setTime(6)
      record.bytes[0] = 7
    }
    source.sink(change)
    source.sink(change)
    await env.submit({ autostop: true })
    expect(seen).toEqual([
      [1, 5, 1],
      [1, 5, 1],
    ])
    expect([held.map.get('a'), held.at.getTime(), held.bytes[0]]).toEqual([1, 5, 1])
  })

  it('leaves a record to its only consumer', async () => {
    const got = await collect((env) =>
      env
        .fromGenerator(2, (n) => ({ n, tags: [] as string[] }))
        .map((record) => {
          record.tags.push('seen')
          return record
        }),
    )
    expect(got).toEqual([
      { n: 0, tags: ['seen'] },
      { n: 1, tags: ['seen'] },
    ])
  })
})

describe('sources', () => {
  it('a function is called until null, undefined or a StopSignal; IDLE is nothing yet', async () => {
    for (const end of [null, undefined, new StopSignal('end')]) {
      const answers: unknown[] = [1, IDLE, 0, IDLE, 2, end, 3]
      const got = await collect((env) => env.fromSource<unknown>(() => answers.shift() as number))
      expect([got, answers]).toEqual([[1, 0, 2], [3]])
    }
  })

  it('a function may be async, one call at a time', async () => {
    let inside = 0
    let most = 0
    let n = 0
    const got = await collect((env) =>
      env.fromSource(async () => {
        most = Math.max(most, ++inside)
        await new Promise((resolve) => setImmediate(resolve))
        inside--
        return n < 5 ? n++ : null
      }),
    )
    expect([got, most]).toEqual([[0, 1, 2, 3, 4], 1])
  })

  it('ctx.wake() asks an idle source again', async () => {
    let ready = false
    let sent = false
    const got = await collect((env) =>
      env.fromSource<number>((ctx) => {
        if (sent) return null
        if (ready) {
          sent = true
          return 1
        }
        setTimeout(() => {
          ready = true
          ctx.wake()
        }, 1)
        return IDLE
      }),
    )
    expect(got).toEqual([1])
  })

  it('a class has its life too', async () => {
    const steps: string[] = []
    class Two extends SourceFunction<number> {
      #next = 0
      override open() {
        steps.push(`open ${this.name}`)
      }
      async execute() {
        return this.#next < 2 ? this.#next++ : null
      }
      override close() {
        steps.push('close')
      }
    }
    expect(await collect((env) => env.fromSource(Two))).toEqual([0, 1])
    expect(steps).toEqual(['open Two', 'close'])
  })

  it('a failing one fails the job, or is asked again under skip', async () => {
    const source = () => {
      let calls = 0
      return () => {
        calls++
        if (calls === 2) throw new Error('second')
        return calls < 4 ? calls : null
      }
    }
    await expect(collect((env) => env.fromSource(source(), { name: 'src' }))).rejects.toMatchObject(
      { code: 'SAGE_USER_ERROR', operator: 'src' },
    )
    expect(await collect((env) => env.fromSource(source(), { errors: 'skip' }))).toEqual([1, 3])
  })

  it('iterables, generators, async generators, readables', async () => {
    const { Readable } = await import('node:stream')
    expect(await collect((env) => env.fromCollection(new Set([1, 2])))).toEqual([1, 2])
    expect(await collect((env) => env.fromBatch('ab'))).toEqual(['a', 'b'])
    expect(
      await collect((env) =>
        env.fromBatch(function* () {
          yield* [1, 2]
        }),
      ),
    ).toEqual([1, 2])
    expect(
      await collect((env) =>
        env.fromIterable(async function* () {
          yield* [1, 2]
        }),
      ),
    ).toEqual([1, 2])
    expect(await collect((env) => env.fromReadable(() => Readable.from([1, 2])))).toEqual([1, 2])
    expect(await collect((env) => env.fromReadable(() => ReadableStream.from([1, 2])))).toEqual([
      1, 2,
    ])
    expect(await collect((env) => env.fromGenerator(0, (i) => i))).toEqual([])
  })
})

describe('sinks', () => {
  it.each([1, 3])(
    'an async one has at most %i promises in flight, called in order, all awaited',
    async (capacity) => {
      const env = new LocalEnvironment('async', inline)
      let inside = 0
      let most = 0
      const called: number[] = []
      let done = 0
      env
        .fromGenerator(10, (i) => i)
        .sink(
          async (n) => {
            called.push(n)
            most = Math.max(most, ++inside)
            await new Promise((resolve) => setTimeout(resolve, (n % 3) + 1))
            inside--
            done++
          },
          { capacity },
        )
      const { status } = await env.submit({ autostop: true })
      expect([status, done, most, inside]).toEqual(['finished', 10, capacity, 0])
      expect(called).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    },
  )

  it('all are closed, also when one of them fails to', async () => {
    const closed: string[] = []
    class Closes extends SinkFunction<number> {
      readonly #tag: string
      constructor(tag: string) {
        super()
        this.#tag = tag
      }
      execute() {}
      override close() {
        closed.push(this.#tag)
        if (this.#tag === 'first') throw new Error('stuck')
      }
    }
    const env = new LocalEnvironment('closes', inline)
    const source = env.fromBatch([1])
    source.sink(Closes, 'first', { name: 'first', errors: 'skip' }).sink(Closes, 'second')
    await expect(env.submit({ autostop: true })).rejects.toMatchObject({
      operator: 'first',
      cause: { message: 'stuck' },
    })
    expect(closed).toEqual(['first', 'second'])
  })

  it('a rejection goes to errors', async () => {
    const env = new LocalEnvironment('rejects', inline)
    env.fromBatch([1]).sink(async () => Promise.reject(new RangeError('no')), { name: 'refuses' })
    await expect(env.submit({ autostop: true })).rejects.toMatchObject({
      code: 'SAGE_USER_ERROR',
      operator: 'refuses',
      cause: { name: 'RangeError' },
    })
  })
})

describe('script form', () => {
  it('submit gives a handle, close stops the job, a second submit is refused', async () => {
    const env = new LocalEnvironment('handle', inline)
    const orders = env.createStream<number>('orders')
    const doubled = orders.map((n) => n * 2).output('doubled')
    await expect(orders.push(1)).rejects.toEqual(codeOf('SAGE_STREAM_ENDED'))
    const job = await env.submit()
    expect([job.name, job.status]).toEqual(['handle', 'running'])
    await expect(env.submit()).rejects.toEqual(codeOf('SAGE_SUBMITTED'))
    expect(() => orders.map((n) => n)).toThrow(codeOf('SAGE_SUBMITTED'))
    expect(() => env.fromBatch([1])).toThrow(codeOf('SAGE_SUBMITTED'))
    await orders.push(4)
    const read = doubled.toArray()
    await env.close()
    expect([await read, job.status]).toEqual([[8], 'stopped'])
  })

  it('an empty graph is refused: SAGE_NO_SOURCE', async () => {
    await expect(new LocalEnvironment('empty', inline).submit()).rejects.toEqual(
      codeOf('SAGE_NO_SOURCE'),
    )
  })

  it('wrong configuration is refused where it is given', () => {
    const make = (config: object) => () => new LocalEnvironment('config', config)
    for (const parallelism of [0, -1, 1.5, '2', Number.NaN]) {
      expect(make({ parallelism })).toThrow(codeOf('SAGE_PARALLELISM'))
    }
    for (const config of [
      { mode: 'x' },
      { maxThreads: 0 },
      { memory: { ringBytes: 5 } },
      { spin: '-1s' },
      { nothing: 1 },
    ]) {
      expect(make(config)).toThrow(codeOf('SAGE_CONFIG'))
    }
    const env = new LocalEnvironment('config', inline)
    for (const parallelism of [0, -1, 1.5]) {
      expect(() => env.fromBatch([1]).map((n) => n, { parallelism })).toThrow(
        codeOf('SAGE_PARALLELISM'),
      )
    }
  })

  it('pieces by name and by function', async () => {
    const twice = registerFunction('conformance twice', (s: DataStream<number>) =>
      s.flatMap((n) => [n, n]),
    )
    const merge = (c: ConnectedStreams<[number, number]>) => c.coMap([(a) => a, (b) => -b])
    expect(await collect((env) => env.fromBatch([1]).pipe(twice))).toEqual([1, 1])
    expect(await collect((env) => env.fromBatch([1]).pipe('conformance twice'))).toEqual([1, 1])
    expect(
      (
        await collect((env) =>
          env
            .fromBatch([1])
            .connect(env.fromBatch([2]))
            .pipe(merge),
        )
      ).sort(),
    ).toEqual([-2, 1])
  })
})

describe('schemas at the door', () => {
  const Bid = schema('Bid', { auction: 'int64', price: 'float64' })
  const job = defineJob(import.meta.url, 'bids', (env) => {
    const bids = env.createStream('bids', { schema: Bid })
    return { bids, prices: bids.map(({ price }) => price).output('prices') }
  })

  it('a push that does not fit rejects, others pass', async () => {
    const { io, finished } = await job.submit(undefined, inline)
    await io.bids.push({ auction: 1, price: 2.5 })
    for (const wrong of [
      { auction: 2 ** 53 + 2, price: 1 },
      { auction: 1 },
      { auction: 1, price: 'x' },
      { auction: 1, price: 1, x: 1 },
    ]) {
      await expect(io.bids.push(wrong as any)).rejects.toEqual(codeOf('SAGE_SCHEMA_MISMATCH'))
    }
    await io.bids.push({ auction: 2, price: 3 })
    io.bids.end()
    expect(await io.prices.toArray()).toEqual([2.5, 3])
    expect((await finished).operators[0]).toMatchObject({ recordsOut: 2 })
  })
})

describe('module form', () => {
  it('what is not returned cannot be reached', async () => {
    const unreturned = defineJob(import.meta.url, 'unreturned', (env) => {
      env.createStream('input').output('out')
      return {}
    })
    await expect(unreturned.run(undefined, inline)).rejects.toEqual(
      codeOf('SAGE_OUTPUT_UNREACHABLE'),
    )
  })

  it('a failure is no unhandled rejection', async () => {
    const unhandled: unknown[] = []
    const note = (reason: unknown) => void unhandled.push(reason)
    process.on('unhandledRejection', note)
    const bad = defineJob(import.meta.url, 'bad', (env) => ({
      out: env
        .fromBatch([1])
        .map(() => {
          throw new Error('bad')
        })
        .output('out'),
    }))
    const job = await bad.submit(undefined, inline).catch(() => undefined)
    if (job !== undefined) await settled(job).catch(() => {})
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
    if (job !== undefined) await expect(job.finished).rejects.toEqual(codeOf('SAGE_USER_ERROR'))
  })

  it('its configuration is checked', async () => {
    const fine = defineJob(import.meta.url, 'fine', (env) => ({
      out: env.fromBatch([env.config.parallelism]).output('out'),
    }))
    await expect(fine.run(undefined, { ...inline, parallelism: 0 })).rejects.toEqual(
      codeOf('SAGE_PARALLELISM'),
    )
    expect((await fine.run(undefined, { ...inline, parallelism: 3 })).outputs.out).toEqual([3])
  })
})
