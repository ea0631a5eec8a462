import { describe, expect, it, test } from 'vitest'
import { counted, deadly, misused, tickets, tooEarly, viewed } from './fixtures/shared-state-job.ts'

const COUNT = 100_000

/** What `counted` leaves of so many records. */
function leftOf(count: number) {
  return {
    sum: (count * (count - 1)) / 2,
    sums: 10,
    calls: count,
    even: Math.ceil(count / 2),
    names: ['default', 'module'],
  }
}

test('increments, appends and updates of four threads at a time are exact', async () => {
  const { outputs, operators } = await counted.run(COUNT, { parallelism: 4, maxThreads: 4 })
  expect(operators[1].subtasks.map(({ recordsIn }) => recordsIn)).toEqual(Array(4).fill(COUNT / 4))
  const [{ list, ...left }] = outputs.left
  expect(left).toEqual(leftOf(COUNT))
  expect([...list].sort((a, b) => a - b)).toEqual(Array.from({ length: COUNT }, (_, i) => i))
  // The order of each thread's own appends is kept.
  const quarter = list.filter((n) => n < COUNT / 4)
  expect(quarter).toEqual(Array.from({ length: COUNT / 4 }, (_, i) => i))
})

test('two inline jobs at a time have each their own stores', async () => {
  const runs = [3_000, 2_000].map((count) => counted.run(count, { mode: 'inline', parallelism: 2 }))
  for (const [index, { outputs }] of (await Promise.all(runs)).entries()) {
    const [{ list, ...left }] = outputs.left
    expect(left).toEqual(leftOf([3_000, 2_000][index]))
    expect(new Set(list).size).toBe(list.length)
  }
})

test('a StreamState outside of a running job is refused', () => {
  expect(tooEarly).toThrow(expect.objectContaining({ code: 'SAGE_STATE' }))
})

describe.each(['inline', 'threads'] as const)('shared state, %s', (mode) => {
  const config = { mode, parallelism: 1, maxThreads: 1 }

  it('a MemoryFunction has the default store', async () => {
    const { outputs } = await tickets.run(undefined, config)
    expect(outputs.numbered).toEqual(['a 1 of 1', 'b 2 of 2', 'c 3 of 3'])
  })

  it('keeps no view on a record that passes by', async () => {
    const { outputs } = await viewed.run(undefined, config)
    const [one, three] = ['one', 'three'].map((text) => ({ text, length: text.length }))
    expect(outputs.kept).toEqual([one, three, [{ word: one }, { word: three }]])
  })

  it.each([
    ['nested', 'SAGE_STATE', /outside of the function given to update\(\)/],
    ['function', 'SAGE_CODEC_UNSUPPORTED', /function/],
    ['fill', 'SAGE_MEMORY', /^memory\.sharedBytes: expected room for/],
  ])('%s fails the job with %s', async (word, code, message) => {
    const job = await misused.submit(undefined, { ...config, memory: { sharedBytes: 100_000 } })
    await job.io.words.pushMany(['fine', word])
    const error = await job.finished.catch((e) => e)
    expect([error.operator, error.subtask]).toEqual(['culprit', 0])
    // What user code throws is the cause.
    expect(error.cause ?? error).toMatchObject({ code, message: expect.stringMatching(message) })
  })
})

test('a thread that dies within an update leaves no lock behind', async () => {
  const job = await deadly.submit(undefined, { parallelism: 4, maxThreads: 4 })
  await expect(job.finished).rejects.toMatchObject({ code: 'SAGE_WORKER_EXIT' })
  expect(job.status).toBe('failed')
})
