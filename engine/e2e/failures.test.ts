import { expect, test } from 'vitest'
import { type InputStream, type JobStatus, StreamError } from '../index.ts'
import { type Failure, failing, type Place, skewed, type Thrown } from './fixtures/failures-job.ts'
import { hoarding } from './fixtures/failures-memory-job.ts'
import { threadsOf } from './fixtures/failures-threads.ts'
import { type Disaster, disaster } from './fixtures/failures-threads-job.ts'

const modes = ['threads', 'inline'] as const

const config = (mode: 'threads' | 'inline') => ({ mode, parallelism: 1, maxThreads: 1 })

async function failureOf(failure: Failure, mode: 'threads' | 'inline'): Promise<StreamError> {
  const error: unknown = await failing.run(failure, config(mode)).catch((e: unknown) => e)
  expect(error).toBeInstanceOf(StreamError)
  return error as StreamError
}

const everywhere: readonly Place[] = [
  'map',
  'filter',
  'flatMap',
  'generator',
  'keyBy',
  'sink',
  'asyncSink',
  'constructor',
  'open',
  'close',
  'finish',
  'sinkFinish',
  'sinkClose',
  'source',
  'asyncSource',
  'sourceOpen',
  'iterable',
]

/** Every place in one thread, a few across threads: what differs there is only how the failure travels. */
const places = {
  inline: everywhere,
  threads: ['asyncSink', 'constructor', 'close', 'sourceOpen'] as const,
}

for (const mode of modes) {
  test.each(places[mode])(
    `a throw in %s fails the job with its cause and place (${mode})`,
    async (at) => {
      const error = await failureOf({ at, thrown: 'range' }, mode)
      expect(error.code).toBe('SAGE_USER_ERROR')
      expect([error.operator, error.subtask]).toEqual(['culprit', 0])
      expect(error.message).toContain('RangeError: too far')
      expect(error.message).toContain("operator 'culprit', subtask 0")
      const cause = error.cause as Error
      expect(cause).toBeInstanceOf(RangeError)
      expect([cause.name, cause.message]).toEqual(['RangeError', 'too far'])
      expect(cause.stack).toMatch(/^RangeError: too far\n[\s\S]*failures-job\.ts/)
      expect(cause.cause).toBeInstanceOf(TypeError)
      expect((cause.cause as Error).message).toBe('too fast')
    },
  )
}

test('without a parallelism of one, the failing subtask is named', async () => {
  const job = await skewed.submit(undefined, { parallelism: 3, maxThreads: 2 })
  await job.io.numbers.pushMany([1, 2, 3])
  const error: StreamError = await job.finished.catch((e) => e)
  expect([error.code, error.operator, error.subtask]).toEqual(['SAGE_USER_ERROR', 'culprit', 2])
  expect(job.status).toBe('failed')
})

const causes: readonly (readonly [Thrown, unknown])[] = [
  ['text', 'only text'],
  ['object', { why: 'data', at: [1, 2] }],
  ['nothing', undefined],
]

for (const mode of modes) {
  test(`what is thrown and no Error is the cause as it is (${mode})`, async () => {
    for (const [thrown, cause] of causes) {
      const error = await failureOf({ at: 'map', thrown }, mode)
      expect([error.code, error.operator, error.cause]).toEqual([
        'SAGE_USER_ERROR',
        'culprit',
        cause,
      ])
      expect('cause' in error).toBe(true)
    }
    const error = await failureOf({ at: 'asyncSink', thrown: 'custom' }, mode)
    expect(error.cause).toMatchObject({ name: 'OutOfInk', message: 'no ink', code: 'E_INK' })
    expect(error.cause).toBeInstanceOf(Error)
  })
}

test('a service that cannot open fails the job', async () => {
  const error = await failureOf({ at: 'service', thrown: 'range' }, 'inline')
  expect([error.code, (error.cause as Error).name]).toEqual(['SAGE_SERVICE', 'RangeError'])
})

/** Pushes more than rings and sinks can hold; gives the error of the last push, which waits. */
function overflow(stuck: InputStream<string>): Promise<unknown> {
  const pushes = Array.from({ length: 100 }, () =>
    stuck.push('x'.repeat(1000)).catch((error: unknown) => error),
  )
  return pushes.at(-1)!
}

/** Starts the job of disasters, hands one record through, then lets `word` loose. */
async function ruined(word: Disaster) {
  const { value: job, threads } = await threadsOf(() =>
    disaster.submit(undefined, { maxThreads: 2, memory: { ringBytes: 4096 } }),
  )
  const { words, stuck, echoes } = job.io
  const reader = echoes[Symbol.asyncIterator]()
  const statuses: JobStatus[] = []
  job.on('status', (status) => statuses.push(status))
  // Accepted in one turn, they travel in one frame, so that the second has arrived when the first has.
  await words.pushMany(['first', 'second'])
  expect(await reader.next()).toEqual({ done: false, value: 'first' })
  const waiting = overflow(stuck)
  const ready = stuck.ready().catch((error: unknown) => error)
  await words.push(word)
  const error: StreamError = await job.finished.then(
    () => {
      throw new Error('it finished')
    },
    (e) => e,
  )
  return { job, threads, statuses, reader, error, waiting, ready }
}

/** What holds after every failure of a job, whatever its cause. */
async function expectRuin({
  job,
  threads,
  statuses,
  reader,
  error,
  waiting,
  ready,
}: Awaited<ReturnType<typeof ruined>>) {
  expect(error).toBeInstanceOf(StreamError)
  expect(job.status).toBe('failed')
  expect(statuses).toEqual(['failed'])
  expect(await waiting).toBe(error)
  expect(await ready).toBe(error)
  expect(await reader.next()).toEqual({ done: false, value: 'second' })
  await expect(reader.next()).rejects.toBe(error)
  await expect(job.io.words.push('late')).rejects.toBe(error)
  expect(() => job.io.words.tryPush('late')).toThrow(error)
  await expect(job.stop()).rejects.toBe(error)
  await expect(job.cancel()).rejects.toBe(error)
  expect(threads.length).toBe(3)
  // A thread that is gone has no id any more.
  expect(threads.map(({ threadId }) => threadId)).toEqual([-1, -1, -1])
}

test('an exception ends the job: pushes reject, outputs throw behind what had arrived', async () => {
  const ruin = await ruined('throw')
  await expectRuin(ruin)
  expect([ruin.error.code, ruin.error.operator, ruin.error.subtask]).toEqual([
    'SAGE_USER_ERROR',
    'culprit',
    0,
  ])
})

test('an unhandled rejection on a worker', async () => {
  const ruin = await ruined('rejection')
  await expectRuin(ruin)
  expect(ruin.error.code).toBe('SAGE_UNHANDLED_REJECTION')
  expect(ruin.error.message).toContain('TypeError: nobody looks')
  expect(ruin.error.cause).toMatchObject({ name: 'TypeError', message: 'nobody looks' })
  expect((ruin.error.cause as Error).stack).toContain('failures-threads-job.ts')
})

test('an uncaught exception in a timer on a worker', async () => {
  const ruin = await ruined('timer')
  await expectRuin(ruin)
  expect(ruin.error.code).toBe('SAGE_USER_ERROR')
  expect(ruin.error.cause).toMatchObject({ name: 'RangeError', message: 'tick' })
})

test('process.exit() in user code', async () => {
  const ruin = await ruined('exit')
  await expectRuin(ruin)
  expect(ruin.error.code).toBe('SAGE_WORKER_EXIT')
  expect(ruin.error.message).toContain('exit code 3')
})

test('a worker out of memory', async () => {
  const { value: job, threads } = await threadsOf(() =>
    hoarding.submit(undefined, { maxThreads: 2, memory: { workerHeapMb: 32 } }),
  )
  const reading = job.io.ready.toArray().catch((error: unknown) => error)
  const error: StreamError = await job.finished.catch((e) => e)
  expect(error.code).toBe('SAGE_OUT_OF_MEMORY')
  expect(error.message).toContain('memory.workerHeapMb')
  expect((error.cause as { code: string }).code).toBe('ERR_WORKER_OUT_OF_MEMORY')
  expect(await reading).toBe(error)
  expect(threads.map(({ threadId }) => threadId)).toEqual([-1, -1])
})

test.each([0, 1, 2])('a thread that is terminated from outside: thread %i of 3', async (victim) => {
  const { value: job, threads } = await threadsOf(() =>
    disaster.submit(undefined, { maxThreads: 2 }),
  )
  const reading = job.io.echoes.toArray().catch((error: unknown) => error)
  await threads[victim].terminate()
  const error: StreamError = await job.finished.catch((e) => e)
  expect(error.code).toBe('SAGE_WORKER_EXIT')
  expect(await reading).toBe(error)
  expect(job.status).toBe('failed')
  expect(threads.map(({ threadId }) => threadId)).toEqual([-1, -1, -1])
})

test('cancel() ends a job whose worker hangs in an endless loop', async () => {
  const { value: job, threads } = await threadsOf(() =>
    disaster.submit(undefined, { maxThreads: 1 }),
  )
  await job.io.words.push('before')
  await job.io.words.push('endless')
  const reader = job.io.echoes[Symbol.asyncIterator]()
  const result = await job.cancel()
  expect([result.status, job.status]).toEqual(['cancelled', 'cancelled'])
  expect(threads.map(({ threadId }) => threadId)).toEqual([-1, -1])
  await expect(job.io.words.push('late')).rejects.toMatchObject({ code: 'SAGE_STREAM_ENDED' })
  let left = await reader.next()
  while (left.done !== true) left = await reader.next()
  expect(left).toEqual({ done: true, value: undefined })
})

test('a failure that nobody asks for is no unhandled rejection', async () => {
  const unhandled: unknown[] = []
  const listen = (reason: unknown) => void unhandled.push(reason)
  process.on('unhandledRejection', listen)
  const job = await skewed.submit(undefined, { parallelism: 3, mode: 'inline' })
  const ended = new Promise<void>((resolve) => job.on('status', () => resolve()))
  await job.io.numbers.pushMany([1, 2, 3])
  await ended
  await new Promise(setImmediate)
  process.off('unhandledRejection', listen)
  expect(unhandled).toEqual([])
  expect(job.status).toBe('failed')
  await expect(job.finished).rejects.toMatchObject({ code: 'SAGE_USER_ERROR' })
})
