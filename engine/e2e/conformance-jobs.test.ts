import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import type { JobHandle } from '../index.ts'
import * as jobs from './fixtures/conformance-jobs.ts'
import { MODES } from './fixtures/conformance-run.ts'
import { ownFolder } from './fixtures/own-folder.ts'

/** Jobs from outside: their ends on the main thread, their life, what they tell about themselves. */
function newLog(): string {
  return join(ownFolder(), 'log')
}

const linesOf = (log: string) => readFileSync(log, 'utf8').trimEnd().split('\n')

describe.each(MODES)('a job, mode %s', (mode) => {
  const config = { mode, parallelism: 2, maxThreads: 2 } as const
  /** Where the mode makes no difference. */
  const inline = it.runIf(mode === 'inline')

  it('is fed and read from the main thread', async () => {
    const job = await jobs.echo.submit({}, config)
    const { input, echoed } = job.io
    expect([job.name, job.status, typeof job.id]).toEqual(['echo', 'running', 'string'])
    const record = { n: 1 }
    const pushed = input.push(record)
    record.n = 100
    await pushed
    await input.pushMany([2, 0, ''])
    expect(input.tryPush(false)).toBe(true)
    await input.ready()
    await expect(input.push(null)).rejects.toMatchObject({ code: 'SAGE_NULL_RECORD' })
    await expect(input.push(() => {})).rejects.toMatchObject({ code: 'SAGE_CODEC_UNSUPPORTED' })
    const iterator = echoed[Symbol.asyncIterator]()
    const read = [await iterator.next(), await iterator.next()].map(({ value }) => value)
    expect(read).toEqual([{ n: 1 }, 2])
    expect(Object.isFrozen(record)).toBe(false)
    const live = job.metrics().find(({ name }) => name === 'same')
    expect(live?.recordsOut).toBeGreaterThanOrEqual(2)
    input.end()
    await expect(input.push(1)).rejects.toMatchObject({ code: 'SAGE_STREAM_ENDED' })
    expect(() => input.tryPush(1)).toThrow(expect.objectContaining({ code: 'SAGE_STREAM_ENDED' }))
    await expect(input.ready()).rejects.toMatchObject({ code: 'SAGE_STREAM_ENDED' })
    const rest: unknown[] = []
    for (let next = await iterator.next(); !next.done; next = await iterator.next())
      rest.push(next.value)
    expect(rest).toEqual([0, '', false])
    await expect(echoed.toArray()).rejects.toMatchObject({ code: 'SAGE_OUTPUT_READ' })
    const result = await job.finished
    expect(result).toMatchObject({ status: 'finished', restarts: 0, deadLetters: [] })
    expect(result.durationMs).toBeGreaterThan(0)
    expect(
      result.operators.map(({ name, kind, recordsIn, recordsOut }) => [
        name,
        kind,
        recordsIn,
        recordsOut,
      ]),
    ).toEqual([
      ['input', 'createStream', 0, 5],
      ['same', 'map', 5, 5],
      ['echoed', 'output', 5, 5],
    ])
    expect(job.status).toBe('finished')
    await expect(input.push(1)).rejects.toMatchObject({ code: 'SAGE_STREAM_ENDED' })
    expect(await job.stop()).toEqual(result)
  })

  it('presses back to the pusher, who may give up', async () => {
    const job = await jobs.echo.submit({ capacity: 1 }, { ...config, memory: { ringBytes: 4096 } })
    const { input, echoed } = job.io
    const text = 'x'.repeat(1500)
    let accepted = 0
    const room = async () => {
      while (input.tryPush(text)) accepted++
      await new Promise((resolve) => setTimeout(resolve, 20))
      if (!input.tryPush(text)) return false
      accepted++
      return true
    }
    while (await room());
    const aborted = new AbortController()
    const given = input.push('given up', { signal: aborted.signal })
    const kept = input.push('kept')
    aborted.abort(new Error('enough'))
    await expect(given).rejects.toThrow('enough')
    await expect(input.push(1, { signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow(
      'before',
    )
    const ready = input.ready()
    const all = echoed.toArray()
    await Promise.all([kept, ready])
    input.end()
    expect(await all).toEqual([...Array(accepted).fill(text), 'kept'])
    expect((await job.finished).status).toBe('finished')
  })

  it('goes on when its reader leaves, and counts what comes after', async () => {
    const job = await jobs.echo.submit({}, config)
    await job.io.input.pushMany([1, 2, 3])
    for await (const n of job.io.echoed) {
      expect(n).toBe(1)
      break
    }
    await job.io.input.pushMany([4, 5])
    job.io.input.end()
    const { operators, status } = await job.finished
    expect(status).toBe('finished')
    expect(operators.at(-1)).toMatchObject({ name: 'echoed', dropped: 4 })
  })

  it('stops: sources end, everything drains, what is final is emitted', async () => {
    const job = await jobs.endless.submit(undefined, config)
    const statuses: string[] = []
    job.on('status', (status) => void statuses.push(status))
    const counted = job.io.counted.toArray()
    while (job.metrics()[0].recordsOut < 100) await new Promise((resolve) => setImmediate(resolve))
    const [first, second] = await Promise.all([job.stop(), job.stop()])
    expect(first).toEqual(second)
    expect([first.status, job.status, statuses]).toEqual(['stopped', 'stopped', ['stopped']])
    const rows = await counted
    expect(rows.map(([key]) => key).sort()).toEqual([0, 1])
    expect(rows.reduce((sum, [, count]) => sum + count, 0)).toBe(first.operators[0].recordsOut)
  })

  it('is cancelled at once, and disposed of as a resource', async () => {
    const job = await jobs.endless.submit(undefined, config)
    const [result] = await Promise.all([job.cancel(), job.cancel()])
    expect([result.status, job.status]).toEqual(['cancelled', 'cancelled'])
    let disposed: JobHandle<any>
    {
      await using other = await jobs.endless.submit(undefined, config)
      void other.io.counted.toArray()
      disposed = other
    }
    expect(disposed.status).toBe('stopped')
  })

  it('hands out what had arrived, then fails everywhere', async () => {
    const job = await jobs.failsLater.submit(undefined, config)
    const { input, out } = job.io
    const iterator = out[Symbol.asyncIterator]()
    await input.pushMany([1, 2])
    expect([await iterator.next(), await iterator.next()].map(({ value }) => value)).toEqual([1, 2])
    await input.push(3)
    const failure = {
      code: 'SAGE_USER_ERROR',
      operator: 'picky',
      subtask: 0,
      cause: { name: 'RangeError', message: 'three' },
    }
    await expect(iterator.next()).rejects.toMatchObject(failure)
    await expect(job.finished).rejects.toMatchObject(failure)
    await expect(input.push(4)).rejects.toMatchObject(failure)
    expect(job.status).toBe('failed')
    await expect(job.stop()).rejects.toMatchObject(failure)
  })

  it('gets a copy of its parameters, and its configuration, on every thread', async () => {
    const params = { factors: [10] }
    const { outputs, status, operators } = await jobs.scaled.run(params, config)
    expect([params, status]).toEqual([{ factors: [10] }, 'finished'])
    expect({ results: outputs.results.sort(), names: Object.keys(outputs) }).toEqual({
      results: [10, 20],
      names: ['results'],
    })
    expect(operators[1]).toMatchObject({ name: `${mode} 0`, parallelism: 2 })
    await expect(jobs.scaled.run({ factors: [() => 1] as any }, config)).rejects.toMatchObject({
      code: 'SAGE_OPTION',
    })
  })

  inline('run() ends input streams at once', async () => {
    const { outputs, operators } = await jobs.echo.run({}, config)
    expect([outputs, operators[0].recordsOut]).toEqual([{ echoed: [] }, 0])
  })

  inline('tells functions where they run', async () => {
    const { outputs } = await jobs.contexts.run(undefined, config)
    const fields = { jobName: 'contexts', key: true, timestamp: true, now: true, logger: true }
    expect(outputs.plain).toEqual(
      Array(2).fill({ ...fields, name: 'plain', subtask: 0, parallelism: 1 }),
    )
    const parallel = [...outputs.parallel].sort((a, b) => a.subtask - b.subtask)
    expect(parallel).toEqual(
      [0, 1].map((subtask) => ({ ...fields, name: 'wide', subtask, parallelism: 2 })),
    )
  })

  it('opens its functions before, closes them after the last record, once per subtask', async () => {
    const log = newLog()
    await jobs.lives.run(log, config)
    const of = (tag: string) =>
      linesOf(log)
        .filter((line) => line.startsWith(tag))
        .map((line) => line.slice(tag.length + 1))
    expect(of('map')).toEqual(['new true', 'open living 0', 'call 1', 'call 2', 'close 0'])
    expect(of('sink')).toEqual(['open', 'call 1', 'done 1', 'call 2', 'done 2', 'finish', 'close'])
    expect(of('wide').sort()).toEqual([
      'call 1',
      'call 2',
      'close 0',
      'close 1',
      'new true',
      'new true',
      'open Life 0',
      'open Life 1',
    ])
    const lines = linesOf(log)
    expect(lines.indexOf('sink open')).toBeLessThan(lines.indexOf('map call 1'))
  })

  it.each(mode === 'inline' ? [1, 2, 3] : [2])(
    "reads a user's partitions once each, by %i subtasks",
    async (parallelism) => {
      const log = newLog()
      const { outputs, operators } = await jobs.shelves.run({ log, parallelism }, config)
      expect(outputs.books.map(({ book }) => book).sort()).toEqual([
        'a1',
        'a2',
        'b1',
        'b2',
        'c1',
        'c2',
        'd1',
        'd2',
        'e1',
        'e2',
      ])
      expect(operators[0]).toMatchObject({
        name: 'shelves',
        parallelism,
        recordsOut: 10,
        dropped: 10,
      })
      expect(linesOf(log).sort()).toEqual([
        'close a',
        'close b',
        'close c',
        'close d',
        'close e',
        'partitions',
      ])
      for (const partition of ['a', 'b', 'c', 'd', 'e']) {
        const own = outputs.books.filter(({ book }) => book.startsWith(partition))
        expect(own.map(({ book }) => book)).toEqual([`${partition}1`, `${partition}2`])
        expect(own[0].subtask).toBe(own[1].subtask)
      }
    },
  )

  inline('names its operators', async () => {
    const { operators } = await jobs.named.run(undefined, config)
    expect(operators.map(({ name, uid, kind }) => [name, uid, kind])).toEqual([
      ['fromBatch', undefined, 'fromBatch'],
      ['map', undefined, 'map'],
      ['map_1', undefined, 'map'],
      ['mine', 'id-1', 'map'],
      ['Positive', undefined, 'filter'],
      ['Positive_1', undefined, 'filter'],
      ['sink', undefined, 'sink'],
      ['inspect', undefined, 'inspect'],
      ['out', undefined, 'output'],
    ])
    expect(operators.map(({ recordsIn, recordsOut }) => [recordsIn, recordsOut])).toEqual([
      [0, 3],
      [3, 3],
      [3, 3],
      [3, 3],
      [3, 2],
      [2, 2],
      [2, 0],
      [3, 3],
      [3, 3],
    ])
    for (const operator of operators) expect(operator.subtasks).toHaveLength(operator.parallelism)
  })

  it('writes the log lines of its functions by the logger of the main thread', async () => {
    const lines: unknown[][] = []
    const logger = {
      debug: (...line: unknown[]) => void lines.push(['debug', ...line]),
      info: (...line: unknown[]) => void lines.push(['info', ...line]),
      warning: (...line: unknown[]) => void lines.push(['warning', ...line]),
      error: (...line: unknown[]) => void lines.push(['error', ...line]),
    }
    await jobs.logging.run(undefined, { ...config, logger })
    expect(lines).toEqual([
      ['info', 'one', { n: 1 }],
      ['warning', 'two'],
      ['error', 'three'],
    ])
  })

  it.each(mode === 'inline' ? ['constructor', 'open', 'close'] : ['close'])(
    'fails when a function throws in %s, whatever the policy',
    async (where) => {
      await expect(jobs.fails.run(where, config)).rejects.toMatchObject({
        name: 'StreamError',
        code: 'SAGE_USER_ERROR',
        operator: 'Fails',
        subtask: 0,
        cause: { message: `in ${where}` },
      })
    },
  )

  it('fails with what was thrown as the cause, also when it is no Error', async () => {
    await expect(jobs.fails.run('execute', config)).rejects.toMatchObject({
      code: 'SAGE_USER_ERROR',
      operator: 'Fails',
      cause: 'no error at all',
    })
  })

  it('prints by one writer', async () => {
    const written: string[] = []
    const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      written.push(String(text))
      return true
    })
    try {
      await jobs.printing.run(undefined, config)
    } finally {
      spy.mockRestore()
    }
    expect(written.join('').trimEnd().split('\n').sort()).toEqual(
      ['1', 'text', 'a=1, b=x', '[1, 2, 3, 4, 5, ... (+1 more)]', '[]', 'P | n=1', 'Q: n=1'].sort(),
    )
  })

  inline('explains itself', async () => {
    const job = await jobs.contexts.submit(undefined, config)
    void job.io.plain.toArray()
    void job.io.parallel.toArray()
    expect(job.explain()).toBe(job.explain('text'))
    expect(job.explain()).toMatch(/^job 'contexts': \d+ chains/)
    expect(job.explain()).toContain('wide')
    expect(job.explain('mermaid')).toMatch(/^flowchart LR\n/)
    expect(job.explain('dot')).toMatch(/^digraph "contexts" \{\n[\s\S]*\n\}$/)
    expect(() => job.explain('svg' as any)).toThrow(
      expect.objectContaining({ code: 'SAGE_OPTION' }),
    )
    await job.finished
  })
})
