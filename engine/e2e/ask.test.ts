import { getEventListeners } from 'node:events'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { EnvironmentConfig, OutputStream } from '../index.ts'
import { answering, gathering, type Question, summing, ticking } from './fixtures/ask-job.ts'

const modes: [string, EnvironmentConfig][] = [
  ['inline', { mode: 'inline', parallelism: 3 }],
  ['threads', { parallelism: 2, maxThreads: 2 }],
]

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i)
const question = (id: number, kind: Question['kind'] = 'plain'): Question => ({ id, kind })
const answerTo = (id: number) => `${id}/${id % 7}`

const timeout = expect.objectContaining({
  code: 'SAGE_TIMEOUT',
  message: expect.stringContaining("output 'answers'"),
})

describe.each(modes)('ask, %s', (_, config) => {
  test('50,000 at once: each gets its own answer', async () => {
    await using job = await answering.submit({}, config)
    const { questions, answers } = job.io
    void drop(job.io.seen)
    const all = upTo(50_000)
    const got = await Promise.all(
      all.map((id) => questions.ask(question(id), { reply: answers, timeout: '5m' })),
    )
    expect(got.every((answer, id) => answer === answerTo(id))).toBe(true)
  })

  test('one at a time, quick and after pauses: no answer waits for the next event', async () => {
    await using job = await answering.submit({}, config)
    const { questions, answers } = job.io
    void drop(job.io.seen)
    for (let id = 0; id < 2_000; id++) {
      const answer = questions.ask(question(id), { reply: answers, timeout: Infinity })
      expect(await answer).toBe(answerTo(id))
      if (id % 20 === 0) await new Promise((resolve) => setTimeout(resolve, (id / 20) % 4))
    }
  })

  test('what is left out times out alone; what is tried again is answered', async () => {
    await using job = await answering.submit({}, config)
    const { questions, answers } = job.io
    void drop(job.io.seen)
    const kinds = ['plain', 'filtered', 'skipped', 'nothing', 'retried', 'twice', 'plain'] as const
    const asked = kinds.map((kind, id) => {
      const patience = kind === 'filtered' || kind === 'skipped' || kind === 'nothing' ? 1 : '5m'
      return questions.ask(question(id, kind), { reply: answers, timeout: patience })
    })
    const settled = await Promise.allSettled(asked)
    expect(settled.map((s) => (s.status === 'fulfilled' ? s.value : s.reason))).toEqual([
      answerTo(0),
      timeout,
      timeout,
      timeout,
      answerTo(4),
      answerTo(5),
      answerTo(6),
    ])
  })

  test('what carries an ask is for its asker: never the reader of that output, always of others', async () => {
    const job = await answering.submit({}, config)
    const { questions, notes, answers, seen, count } = job.io
    const [read, all, total] = [answers.toArray(), seen.toArray(), count.toArray()]
    const ask = (id: number, kind: Question['kind'], patience: number | '5m' = '5m') =>
      questions.ask(question(id, kind), { reply: answers, timeout: patience })
    await questions.push(question(0, 'twice'))
    expect(await ask(1, 'twice')).toBe(answerTo(1))
    await questions.push(question(2))
    await notes.push('by the way')
    expect(await ask(3, 'plain')).toBe(answerTo(3))
    await expect(ask(4, 'filtered', 1)).rejects.toEqual(timeout)
    const { operators } = await job.stop()
    expect((await read).sort()).toEqual([answerTo(0), answerTo(0), answerTo(2), 'by the way'])
    expect((await all).map(({ id }) => id).sort()).toEqual([0, 1, 2, 3, 4])
    expect(await total).toEqual([5])
    // The second answer to ask 1.
    expect(operators.find(({ name }) => name === 'answers')!.dropped).toBe(1)
  })

  test('what gathers records first makes records of nobody: they are for the reader', async () => {
    const job = await gathering.submit(undefined, config)
    const { words, batches, batched, sizes, rest } = job.io
    const read = [batches, batched, sizes, rest].map((output) => output.toArray())
    for (const reply of [batches, batched, sizes, rest] as OutputStream<unknown>[]) {
      await expect(words.ask('a', { reply, timeout: 1 })).rejects.toMatchObject({
        code: 'SAGE_TIMEOUT',
      })
    }
    await job.stop()
    expect((await Promise.all(read)).map((records) => records.length)).toEqual([4, 4, 1, 2])
  })

  test('records that come another way into the same operator answer nobody', async () => {
    const job = await ticking.submit(undefined, config)
    const { words, all } = job.io
    const read = all.toArray()
    for (let n = 0; n < 200; n++)
      expect(await words.ask(`word ${n}`, { reply: all, timeout: '5m' })).toBe(`word ${n}`)
    await job.stop()
    const ticks = await read
    expect(ticks.length).toBeGreaterThan(0)
    expect(ticks.every((tick, n) => tick === `tick ${n}`)).toBe(true)
  })

  test('asks and pushes, interleaved at random: the reader gets the pushed, each asker its own', async () => {
    const job = await answering.submit({}, { ...config, memory: { ringBytes: 4096 } })
    const { questions, answers } = job.io
    void drop(job.io.seen)
    const reader = answers[Symbol.asyncIterator]()
    let id = 0
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 400 }), async (kinds) => {
        const pushed: string[] = []
        const asked: Promise<void>[] = []
        for (const isAsk of kinds) {
          id++
          const own = answerTo(id)
          if (isAsk) {
            const answer = questions.ask(question(id), { reply: answers, timeout: '5m' })
            asked.push(answer.then((got) => expect(got).toBe(own)))
          } else {
            void questions.push(question(id))
            pushed.push(own)
          }
        }
        const read: string[] = []
        while (read.length < pushed.length) read.push((await reader.next()).value)
        await Promise.all(asked)
        expect(read.sort()).toEqual(pushed.sort())
      }),
      { numRuns: 20 },
    )
    await job.stop()
    expect(await reader.next()).toEqual({ done: true, value: undefined })
  })

  test('with a schema, through a running reduce, and to an output without an operator', async () => {
    await using job = await summing.submit(undefined, config)
    const { orders, sums, direct } = job.io
    const order = (id: number, amount: number) => ({ id, amount })
    const patient = { timeout: '5m' } as const
    expect(await orders.ask(order(1, 5), { reply: sums, ...patient })).toEqual(order(1, 5))
    expect(await orders.ask(order(2, 7), { reply: sums, ...patient })).toEqual(order(2, 7))
    expect(await orders.ask(order(3, 6), { reply: sums, ...patient })).toEqual(order(3, 11))
    expect(await orders.ask(order(4, 1), { reply: direct, ...patient })).toEqual(order(4, 1))
    await expect(
      orders.ask({ id: 1.5, amount: 1 }, { reply: direct, ...patient }),
    ).rejects.toMatchObject({
      code: 'SAGE_SCHEMA_MISMATCH',
      message: expect.stringMatching(/^ask to 'orders': /),
    })
  })

  test('asks in flight are answered by a job that stops, and fail when it is cancelled or fails', async () => {
    const endings = {
      stop: 'answered',
      cancel: expect.objectContaining({ code: 'SAGE_STREAM_ENDED' }),
      fail: expect.objectContaining({ code: 'SAGE_USER_ERROR' }),
    } as const
    for (const [ending, outcome] of Object.entries(endings)) {
      const job = await answering.submit({}, config)
      const { questions, answers, seen } = job.io
      void drop(seen)
      const asked = upTo(500).map((id) => {
        if (ending === 'fail' && id === 100) void questions.push(question(-1, 'fatal'))
        const kind = ending === 'stop' ? 'plain' : 'nothing'
        return questions.ask(question(id, kind), { reply: answers, timeout: Infinity })
      })
      const settled = Promise.allSettled(asked)
      if (ending === 'stop') await job.stop()
      if (ending === 'cancel') await job.cancel()
      if (ending === 'fail') await job.finished.catch(() => {})
      const got = (await settled).map((s) => (s.status === 'fulfilled' ? 'answered' : s.reason))
      expect(new Set(got).size).toBe(1)
      expect(got[0]).toEqual(outcome)
      const late = questions.ask(question(1), { reply: answers, timeout: 1 })
      await expect(late).rejects.toMatchObject({
        code: ending === 'fail' ? 'SAGE_USER_ERROR' : 'SAGE_STREAM_ENDED',
      })
    }
  })
})

describe('an ask that is given up', () => {
  const config: EnvironmentConfig = { mode: 'inline', parallelism: 1 }

  test('before the call, in flight, while it waits for room; no listener is left', async () => {
    await using job = await answering.submit({}, { ...config, memory: { ringBytes: 4096 } })
    const { questions, answers, seen } = job.io
    const abort = new AbortController()
    const { signal } = abort
    const options = { reply: answers, timeout: '5m', signal } as const
    const reason = new Error('enough')
    const early = AbortSignal.abort(reason)
    await expect(questions.ask(question(0), { ...options, signal: early })).rejects.toBe(reason)
    expect(await questions.ask(question(1), options)).toBe(answerTo(1))
    expect(getEventListeners(signal, 'abort')).toEqual([])
    // More than there is room for: `seen` is read by nobody, so most wait.
    const asked = upTo(5_000).map((id) => questions.ask(question(id, 'nothing'), options))
    const behind = questions.push(question(-1))
    expect(getEventListeners(signal, 'abort').length).toBe(1)
    const settled = Promise.allSettled(asked)
    abort.abort(reason)
    expect(new Set((await settled).map((s) => (s as PromiseRejectedResult).reason))).toEqual(
      new Set([reason]),
    )
    expect(getEventListeners(signal, 'abort')).toEqual([])
    const read = seen.toArray()
    await behind
    await job.stop()
    // Those that found no room were not pushed.
    expect((await read).length).toBeLessThan(5_000)
    expect((await read).at(-1)).toEqual(question(-1))
  })

  test('by its timeout while it waits for room: it says so, and is not pushed', async () => {
    const job = await answering.submit({}, { ...config, memory: { ringBytes: 4096 } })
    const { questions, answers, seen } = job.io
    const pushes = upTo(5_000).map((id) => questions.push(question(id, 'nothing')))
    await expect(questions.ask(question(-1), { reply: answers, timeout: 1 })).rejects.toMatchObject(
      {
        code: 'SAGE_TIMEOUT',
        message: expect.stringContaining('it found no room: it was not pushed'),
      },
    )
    const read = seen.toArray()
    await Promise.all(pushes)
    await job.stop()
    expect((await read).map(({ id }) => id)).toEqual(upTo(5_000))
  })

  test('an answer that comes after it is dropped and counted', async () => {
    const job = await answering.submit({ width: 1, holdMs: 30 }, { parallelism: 1, maxThreads: 1 })
    const { questions, answers, seen } = job.io
    void drop(seen)
    const read = answers.toArray()
    const asked = questions.ask(question(1, 'slow'), { reply: answers, timeout: 1 })
    await expect(asked).rejects.toEqual(timeout)
    const { operators } = await job.stop()
    expect(await read).toEqual([])
    expect(operators.find(({ name }) => name === 'answers')!.dropped).toBe(1)
  })

  test('an answer behind records that nobody reads comes with the end of the job', async () => {
    const job = await answering.submit({}, config)
    const { questions, answers, seen } = job.io
    void drop(seen)
    const pushes = questions.pushMany(upTo(40).map((id) => question(id)))
    const asked = questions.ask(question(40), { reply: answers, timeout: '5m' })
    await pushes
    await job.stop()
    expect(await asked).toBe(answerTo(40))
    expect((await answers.toArray()).length).toBe(40)
  })
})

test('bad input is told at the call', async () => {
  const config: EnvironmentConfig = { mode: 'inline', parallelism: 1 }
  await using job = await answering.submit({}, config)
  await using other = await answering.submit({}, config)
  const { questions, notes, answers, seen, count } = job.io
  void drop(seen)
  const ask = (options: unknown, value: unknown = question(1)) =>
    questions.ask(value as Question, options as never)
  const reply = answers
  const refused: [Promise<unknown>, string, string | RegExp][] = [
    [ask({ reply, timeout: 1 }, null), 'SAGE_NULL_RECORD', /expected a record, got null/],
    [ask(undefined), 'SAGE_OPTION', 'ask: expected { reply, timeout, signal? }, got undefined'],
    [
      ask({ reply: other.io.answers, timeout: 1 }),
      'SAGE_OPTION',
      "ask.reply: expected an output of the same job behind stream 'questions', got output 'answers', which is none",
    ],
    [
      notes.ask('x', { reply: seen, timeout: 1 }),
      'SAGE_OPTION',
      "ask.reply: expected an output of the same job behind stream 'notes', got output 'seen', which is none",
    ],
    [
      ask({ reply: 'answers', timeout: 1 }),
      'SAGE_OPTION',
      /behind stream 'questions', got "answers"$/,
    ],
    [ask({ reply }), 'SAGE_OPTION', /^ask.timeout: expected a duration/],
    [ask({ reply, timeout: -1 }), 'SAGE_OPTION', /^ask.timeout: expected a duration/],
    [ask({ reply, timeout: Number.NaN }), 'SAGE_OPTION', /^ask.timeout: expected a duration/],
    [ask({ reply, timeout: 1, signal: 1 }), 'SAGE_OPTION', /^ask.signal: expected an AbortSignal/],
    // It gathers before it emits.
    [ask({ reply: count, timeout: 1 }), 'SAGE_TIMEOUT', /output 'total'/],
  ]
  for (const [asked, code, message] of refused)
    await expect(asked).rejects.toMatchObject({
      code,
      message: typeof message === 'string' ? message : expect.stringMatching(message),
    })
})

/** Reads an output whose records nobody needs. */
async function drop(output: AsyncIterable<unknown>): Promise<void> {
  try {
    for await (const _ of output);
  } catch {
    // The job's failure, which the test sees elsewhere.
  }
}
