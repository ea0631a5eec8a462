import { getEventListeners } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { StreamError } from '../../codec/errors.ts'
import { Link } from '../channel/fixtures/link.ts'
import { thisLoop } from './loop-turn.ts'
import { ReplayLog } from './replay-log.ts'
import { StreamInput } from './stream-input.ts'

const RECORD = 'x'.repeat(900)

/** An input whose ring refuses: a few records are accepted, and further ones wait. */
function full() {
  const link = new Link()
  const input = new StreamInput('orders', link.output, 1024, () => {})
  while (input.tryPush(RECORD));
  /** Empties the ring as its reader would, and pumps, until nothing comes any more. */
  const drain = async (): Promise<unknown[]> => {
    const all: unknown[] = []
    for (let still = 0; still < 3; still++) {
      const { values } = link.read()
      if (values.length > 0) still = 0
      all.push(...values)
      input.pump()
      await new Promise(setImmediate)
    }
    return all.filter((value) => value !== RECORD)
  }
  return { link, input, drain }
}

/** How a promise stands once all others have gone on. */
async function stateOf(promise: Promise<unknown>): Promise<unknown> {
  await new Promise(setImmediate)
  return Promise.race([promise.then(() => 'resolved'), Promise.resolve('pending')])
}

const ended = expect.objectContaining({ code: 'SAGE_STREAM_ENDED' })

// A turn of the event loop is never spent, but where a test says so.
beforeEach(async () => {
  await thisLoop.machine.turn()
  vi.spyOn(performance, 'now').mockReturnValue(0)
})
afterEach(() => void vi.restoreAllMocks())

describe('room', () => {
  it('what finds none waits, in the order of the calls, and is accepted when there is some', async () => {
    const { input, drain } = full()
    const calls = [input.push('a'), input.pushMany(['b', 'c']), input.push('d'), input.ready()]
    expect(await Promise.all(calls.map(stateOf))).toEqual(calls.map(() => 'pending'))
    expect(input.tryPush('never')).toBe(false)
    expect(await drain()).toEqual(['a', 'b', 'c', 'd'])
    await Promise.all(calls)
    expect(input.clear).toBe(true)
    expect(input.tryPush('e')).toBe(true)
  })

  it('capacity bounds what one frame gathers', async () => {
    const link = new Link()
    const input = new StreamInput('orders', link.output, 2, () => {})
    expect([1, 2, 3].map((n) => input.tryPush(n))).toEqual([true, true, false])
    const third = input.push(4)
    expect(link.output.gathered).toBe(2)
    await third
    expect(link.output.gathered).toBe(0)
    expect(link.read().values).toEqual([1, 2, 4])
  })

  it('a hundred thousand that wait', async () => {
    const { input, drain } = full()
    const numbers = Array.from({ length: 100_000 }, (_, n) => n)
    const pushes = Promise.all(numbers.map((n) => input.push(n)))
    const got: unknown[] = []
    while (got.length < numbers.length) {
      got.push(...(await drain()))
    }
    await pushes
    expect(got.every((n, i) => n === i)).toBe(true)
  })

  it('ready() that waits when the stream ends rejects: nothing can be pushed any more', async () => {
    const { input, drain } = full()
    const ready = input.ready()
    input.end()
    const outcome = expect(ready).rejects.toEqual(ended)
    await drain()
    await outcome
  })
})

describe('an abort', () => {
  it('before the call: nothing is pushed', async () => {
    const link = new Link()
    const input = new StreamInput('orders', link.output, 1024, () => {})
    const reason = new Error('too late')
    await expect(input.push(1, AbortSignal.abort(reason))).rejects.toBe(reason)
    expect(link.output.gathered).toBe(0)
  })

  it('while waiting gives the place free: those behind go on', async () => {
    const { input, drain } = full()
    const abort = new AbortController()
    const first = input.push('a', abort.signal)
    const second = input.push('b')
    const third = input.push('c', abort.signal)
    const fourth = input.push('d')
    abort.abort()
    for (const aborted of [first, third])
      await expect(aborted).rejects.toMatchObject({ name: 'AbortError' })
    expect(await drain()).toEqual(['b', 'd'])
    await Promise.all([second, fourth])
  })

  it('after acceptance does nothing, and no listener is left', async () => {
    const { input, drain } = full()
    const abort = new AbortController()
    const pushes = [input.push('a', abort.signal), input.push('b', abort.signal)]
    expect(getEventListeners(abort.signal, 'abort').length).toBe(1)
    expect(await drain()).toEqual(['a', 'b'])
    await Promise.all(pushes)
    expect(getEventListeners(abort.signal, 'abort')).toEqual([])
    abort.abort()
    expect(input.tryPush('c')).toBe(true)
  })

  it('of the last that waits lets the end go out', async () => {
    const { link, input, drain } = full()
    const abort = new AbortController()
    const push = input.push('a', abort.signal)
    input.end()
    abort.abort()
    await expect(push).rejects.toMatchObject({ name: 'AbortError' })
    expect(await drain()).toEqual([])
    expect(link.input.ended).toBe(true)
  })
})

describe('a record that cannot be carried', () => {
  const bad = { deep: [() => 1] }
  const refused = (what: string) =>
    expect.objectContaining({
      code: 'SAGE_CODEC_UNSUPPORTED',
      message: expect.stringContaining(`${what} to 'orders': `),
      operator: 'orders',
    })

  it('is refused, and the stream goes on', async () => {
    const link = new Link()
    const input = new StreamInput('orders', link.output, 1024, () => {})
    await input.push('a')
    await expect(input.push(bad)).rejects.toEqual(refused('push'))
    expect(() => input.tryPush(bad)).toThrow(refused('tryPush'))
    await input.push('b')
    await new Promise(setImmediate)
    expect(link.read().values).toEqual(['a', 'b'])
  })

  it('also when it had to wait', async () => {
    const { input, drain } = full()
    const pushes = [input.push('a'), input.push(bad), input.push('b')]
    const settled = Promise.allSettled(pushes)
    expect(await drain()).toEqual(['a', 'b'])
    expect((await settled)[1]).toEqual({ status: 'rejected', reason: refused('push') })
  })

  it('among many: those before it are accepted, none behind it, and what comes later is', async () => {
    const { input, drain } = full()
    const many = input.pushMany(['a', 'b', bad, 'never'])
    const later = input.push('c')
    const outcome = expect(many).rejects.toEqual(refused('record 2 of 4 pushed'))
    expect(await drain()).toEqual(['a', 'b', 'c'])
    await Promise.all([outcome, later])
  })
})

describe('the end', () => {
  it('comes behind all that was pushed before it, and nothing is taken after it', async () => {
    const { link, input, drain } = full()
    const pushes = [input.push('a'), input.pushMany(['b', 'c'])]
    input.end()
    input.end()
    await expect(input.push('late')).rejects.toEqual(ended)
    await expect(input.pushMany(['late'])).rejects.toEqual(ended)
    await expect(input.ready()).rejects.toEqual(ended)
    expect(() => input.tryPush('late')).toThrow(ended)
    expect(await drain()).toEqual(['a', 'b', 'c'])
    await Promise.all(pushes)
    expect(link.input.ended).toBe(true)
    expect(input.clear).toBe(true)
  })

  it('of the job refuses what waits and what comes, with its error', async () => {
    const { input } = full()
    const abort = new AbortController()
    const error = new StreamError('SAGE_USER_ERROR', 'it broke')
    const waiting = [input.push('a', abort.signal), input.pushMany(['b']), input.ready()]
    const outcomes = Promise.allSettled(waiting)
    input.close(error)
    const rejected = { status: 'rejected', reason: error }
    expect(await outcomes).toEqual([rejected, rejected, rejected])
    await expect(input.push('late')).rejects.toBe(error)
    await expect(input.ready()).rejects.toBe(error)
    expect(() => input.tryPush('late')).toThrow(error)
    expect(getEventListeners(abort.signal, 'abort')).toEqual([])
  })
})

describe('frames', () => {
  it('one for all that is pushed in one go', async () => {
    const link = new Link()
    const input = new StreamInput('orders', link.output, 1024, () => {})
    await new Promise(setImmediate)
    for (let n = 0; n < 5; n++) void input.push(n)
    expect(link.ring.usedBytes).toBe(0)
    await Promise.resolve()
    expect(link.output.gathered).toBe(0)
    expect(link.read().values).toEqual([0, 1, 2, 3, 4])
  })

  it('the first of a turn is sent before its push goes on; a loop that awaits gathers the others', async () => {
    const link = new Link()
    const input = new StreamInput('orders', link.output, 1024, () => {})
    await new Promise(setImmediate)
    await input.push(0)
    expect(link.read().values).toEqual([0])
    for (let n = 1; n < 5; n++) await input.push(n)
    expect([link.output.gathered, link.read().values]).toEqual([4, []])
    await new Promise((resolve) => process.nextTick(resolve))
    expect(link.read().values).toEqual([1, 2, 3, 4])
  })
})

it('a loop that awaits pushes leaves the event loop its turns, though there is always room', async () => {
  vi.restoreAllMocks()
  const link = new Link()
  const input = new StreamInput('numbers', link.output, 1024, () => {})
  let turns = 0
  let running = true
  const count = () => {
    turns++
    if (running) setImmediate(count)
  }
  count()
  const before = turns
  // Until the loop has been left ten times: it never ends where that does not happen.
  let next = 0
  const got: unknown[] = []
  while (turns < before + 10) {
    await input.push(next++)
    got.push(...link.read().values)
  }
  running = false
  await new Promise(setImmediate)
  got.push(...link.read().values)
  expect(got).toEqual(Array.from({ length: next }, (_, n) => n))
})

it('between two lives of a job calls wait; what no checkpoint holds is counted, an end is sent again', async () => {
  const first = new Link()
  const input = new StreamInput('orders', first.output, 1024, () => {})
  await input.pushMany([1, 2, 3])
  input.checkpointed(2)
  input.detach()
  expect([input.dropped, input.tryPush(4), input.clear]).toEqual([1, false, true])
  const waiting = input.push(5)
  input.end()
  expect(input.queued).toBe(1)
  const second = new Link()
  input.attach(second.output)
  input.pump()
  await waiting
  expect(second.read().values).toEqual([5])
  expect(input.clear).toBe(true)
  input.detach()
  const third = new Link()
  input.attach(third.output)
  input.pump()
  expect([input.dropped, input.clear]).toEqual([2, true])
  await expect(input.push(6)).rejects.toMatchObject({ code: 'SAGE_STREAM_ENDED' })
})

it('what a log keeps is sent again, in order, until a checkpoint holds it', async () => {
  const log = new ReplayLog()
  const first = new Link()
  const input = new StreamInput('orders', first.output, 1024, () => {}, log)
  await input.pushMany([1, 2])
  await input.push(3)
  await new Promise(setImmediate)
  await input.push('x'.repeat(10_000))
  await new Promise(setImmediate)
  // Frames of 3 records and of 1.
  expect(first.carry()).toEqual([1, 2, 3, 'x'.repeat(10_000)])
  input.checkpointed(2)
  input.checkpointed(3)
  void input.push(4)
  input.detach()
  const second = new Link()
  input.attach(second.output)
  const waiting = input.push(5)
  const sentAgain = second.carry()
  input.pump()
  await waiting
  await new Promise(setImmediate)
  const again = ['x'.repeat(10_000), 4, 5]
  expect([...sentAgain, ...second.carry(), input.dropped]).toEqual([...again, 0])
  // A life without a checkpoint releases nothing; counts are those of this life.
  input.detach()
  const third = new Link()
  input.attach(third.output)
  expect(third.carry()).toEqual(again)
  input.checkpointed(3)
  input.detach()
  const fourth = new Link()
  input.attach(fourth.output)
  input.end()
  input.pump()
  expect(fourth.read()).toMatchObject({ values: [], polled: 'ended' })
})

it.each([
  ['nothing', undefined],
  ['a log', new ReplayLog()],
])(
  'the next life takes what waits, and the end, without being woken: %s keeps what came before',
  async (_, log) => {
    const first = new Link()
    const input = new StreamInput('orders', first.output, 1024, () => {}, log)
    await input.push(1)
    await Promise.resolve()
    input.checkpointed(1)
    input.detach()
    const waiting = input.push(2)
    input.end()
    const second = new Link()
    input.attach(second.output)
    await waiting
    expect([second.carry(), second.read().polled, input.clear]).toEqual([[2], 'ended', true])
  },
)

it('a log that is full lets pushes wait for the next checkpoint, and asks for it once', async () => {
  let asked = 0
  const link = new Link()
  const log = new ReplayLog(100)
  const input = new StreamInput(
    'orders',
    link.output,
    1024,
    () => {},
    log,
    () => asked++,
  )
  await input.push('x'.repeat(200))
  await Promise.resolve()
  expect([input.full, asked, input.tryPush(2)]).toEqual([true, 1, false])
  const waiting = input.push(3)
  input.checkpointed(1)
  await waiting
  await Promise.resolve()
  expect([input.full, asked, link.carry()]).toEqual([false, 1, ['x'.repeat(200), 3]])
})
