import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { StreamError } from '../../codec/errors.ts'
import { NO_COLUMNS } from '../../codec/record-codec.ts'
import { Link } from '../channel/fixtures/link.ts'
import { thisLoop } from './loop-turn.ts'
import { Replies } from './replies.ts'
import { StreamOutput } from './stream-output.ts'

function linked(capacity = 1024) {
  const link = new Link({ capacity: 1 << 16 })
  const warnings: string[] = []
  const replies = new Replies('alerts', { first: 1, step: 3 })
  const output = new StreamOutput('alerts', link.input, capacity, replies, (text) =>
    warnings.push(text),
  )
  /** Sends the values, one a frame. */
  const send = (...values: unknown[]) => {
    for (const value of values) {
      link.output.append(value, NO_COLUMNS)
      link.output.flush()
    }
  }
  return { link, output, send, warnings, replies }
}

const ended = new StreamError('SAGE_STREAM_ENDED', 'the job has ended')
const done = { done: true, value: undefined }
const record = (value: unknown) => ({ done: false, value })

// A turn of the event loop is never spent, but where a test says so.
beforeEach(async () => {
  await thisLoop.machine.turn()
  vi.spyOn(performance, 'now').mockReturnValue(0)
})
afterEach(() => void vi.restoreAllMocks())

describe('reading', () => {
  it('gives what has arrived, then waits for what comes', async () => {
    const { output, send, link } = linked()
    send(1, 2)
    const reader = output.iterate()
    expect([await reader.next(), await reader.next()]).toEqual([record(1), record(2)])
    const third = reader.next()
    send(3)
    output.pump()
    expect(await third).toEqual(record(3))
    link.output.end()
    output.pump()
    expect(await reader.next()).toEqual(done)
    expect(await reader.next()).toEqual(done)
    expect([output.read, output.dropped]).toEqual([3, 0])
  })

  it('by several calls at once: each gets its record, in order, and all hear of the end', async () => {
    const { output, send, link } = linked(1)
    const reader = output.iterate()
    const calls = [1, 2, 3, 4, 5].map(() => reader.next())
    send(1)
    output.pump()
    send(2, 3)
    link.output.end()
    output.pump()
    expect(await Promise.all(calls)).toEqual([record(1), record(2), record(3), done, done])
  })

  it('once: a second reader is refused, the first reads on', async () => {
    const { output, send, link } = linked()
    const reader = output.iterate()
    const taken = expect.objectContaining({
      code: 'SAGE_OUTPUT_READ',
      message: expect.stringContaining("output 'alerts'"),
    })
    expect(() => output.iterate()).toThrow(taken)
    await expect(output.toArray()).rejects.toEqual(taken)
    send(1)
    link.output.end()
    expect([await reader.next(), await reader.next()]).toEqual([record(1), done])
  })

  it('toArray() reads all, however much more than the capacity', async () => {
    const { output, send, link } = linked(3)
    const numbers = Array.from({ length: 100 }, (_, n) => n)
    send(...numbers)
    link.output.end()
    expect(await output.toArray()).toEqual(numbers)
  })

  it('holds at most its capacity, and the rest back', () => {
    const { output, send, link } = linked(3)
    send(1, 2, 3, 4, 5)
    expect(output.pump()).toBe(true)
    expect(output.pump()).toBe(false)
    expect(link.read().values).toEqual([4, 5])
  })
})

describe('the end of the job', () => {
  it('comes behind all that lies in the ring', async () => {
    const { output, send } = linked(2)
    send(1, 2, 3, 4, 5)
    output.pump()
    output.close(ended, false)
    expect(await output.toArray()).toEqual([1, 2, 3, 4, 5])
  })

  it('by a failure: it is thrown behind what had arrived, to all calls that wait', async () => {
    const { output, send } = linked(2)
    const error = new StreamError('SAGE_USER_ERROR', 'it broke')
    const reader = output.iterate()
    send(1, 2, 3)
    output.close(error, true)
    const calls = [1, 2, 3, 4, 5].map(() => reader.next())
    const settled = await Promise.allSettled(calls)
    expect(settled.map((s) => (s.status === 'fulfilled' ? s.value.value : s.reason))).toEqual([
      1,
      2,
      3,
      error,
      error,
    ])
  })

  it('reaches a reader that waits', async () => {
    const { output } = linked()
    const reader = output.iterate()
    const waiting = reader.next()
    output.close(ended, false)
    expect(await waiting).toEqual(done)
  })

  // Else the job's own promise would fail before the reader, who catches the failure, has heard of it.
  it('is heard in the same turn, though the turn is spent', async () => {
    const { output, send } = linked()
    const reader = output.iterate()
    send(1)
    let now = 0
    vi.mocked(performance.now).mockImplementation(() => now++)
    while (!thisLoop.spent());
    const waiting = [reader.next(), reader.next(), reader.next()].map((next) =>
      next.catch(({ code }) => code),
    )
    output.close(new StreamError('SAGE_USER_ERROR', 'no'), true)
    const turn = thisLoop.number
    expect(await Promise.all(waiting)).toEqual([record(1), 'SAGE_USER_ERROR', 'SAGE_USER_ERROR'])
    await expect(reader.next()).rejects.toMatchObject({ code: 'SAGE_USER_ERROR' })
    expect(thisLoop.number).toBe(turn)
  })
})

describe('a reader that leaves its loop early', () => {
  it('drops and counts what has arrived and what follows', async () => {
    const { output, send, link } = linked(3)
    send(1, 2, 3, 4, 5)
    for await (const value of output.iterate()) if (value === 2) break
    expect([output.read, output.dropped]).toEqual([2, 3])
    send(6, 7, 8, 9, 10)
    output.pump()
    expect(output.dropped).toBe(8)
    expect(link.ring.usedBytes).toBe(0)
  })

  it('also one that waits, and one whose body throws', async () => {
    const { output, send } = linked()
    const reader = output.iterate()
    const waiting = reader.next()
    expect(await reader.return!()).toEqual(done)
    expect(await waiting).toEqual(done)
    expect(await reader.next()).toEqual(done)
    send(1)
    output.pump()
    expect(output.dropped).toBe(1)

    const other = linked()
    other.send(1, 2)
    const failing = async () => {
      for await (const value of other.output.iterate()) throw new Error(`no ${value}`)
    }
    await expect(failing()).rejects.toThrow('no 1')
    expect(other.output.dropped).toBe(1)
  })
})

describe('an output that nobody reads', () => {
  const wait = (ms: number) => vi.advanceTimersByTime(ms)

  it('is named once it has been full for a while; until the ring is, it takes no more', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const { output, send, warnings } = linked(2)
      send(1)
      output.pump()
      wait(10_000)
      expect(warnings).toEqual([])
      send(2)
      output.pump()
      wait(1_999)
      expect(warnings).toEqual([])
      wait(1)
      output.pump()
      wait(10_000)
      expect(warnings).toEqual(["output 'alerts' is full and nobody reads it: the job waits"])
    } finally {
      vi.useRealTimers()
    }
  })

  it.each([
    ['it is read in time', (output: StreamOutput) => void output.iterate()],
    ['the job ends in time', (output: StreamOutput) => output.close(ended, false)],
  ])('is not named where %s', (_, before) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const { output, send, warnings } = linked(1)
      send(1)
      output.pump()
      before(output)
      wait(10_000)
      expect(warnings).toEqual([])
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })
})

it('a loop over an output leaves the event loop its turns, though there is always a record', async () => {
  vi.restoreAllMocks()
  const { output, send } = linked()
  let turns = 0
  let running = true
  const count = () => {
    turns++
    if (running) setImmediate(count)
  }
  count()
  const before = turns
  let next = 0
  send(next++)
  const got: unknown[] = []
  // Until the loop has been left ten times: it never ends where that does not happen.
  for await (const value of output.iterate()) {
    got.push(value)
    if (turns >= before + 10) break
    send(next++)
  }
  running = false
  expect(got).toEqual(Array.from({ length: next }, (_, n) => n))
})

describe('a job that is started again', () => {
  const failed = new StreamError('SAGE_USER_ERROR', 'it failed')

  it('hands over all that lay in its ring, more than is usually held, and goes on with the next', async () => {
    const { output, send } = linked(1)
    send(1, 2, 3)
    output.detach(failed)
    expect(output.pump()).toBe(false)
    const next = new Link()
    output.attach(next.input)
    next.output.append(3, NO_COLUMNS)
    next.output.end()
    const reader = output.iterate()
    const all = [1, 2, 3, 3].map(() => reader.next())
    expect(await Promise.all(all)).toEqual([1, 2, 3, 3].map(record))
    expect(await reader.next()).toEqual(done)
  })

  it('repeats what is complete: it is dropped, and counted', async () => {
    const { output, send, link } = linked()
    const reader = output.iterate()
    send(1)
    link.output.end()
    expect([await reader.next(), await reader.next()]).toEqual([record(1), done])
    output.detach(failed)
    const next = new Link()
    output.attach(next.input)
    next.output.append(1, NO_COLUMNS)
    next.output.flush()
    output.pump()
    expect(await reader.next()).toEqual(done)
    expect([output.read, output.dropped]).toEqual([1, 1])
  })
})
