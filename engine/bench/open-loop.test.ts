import { describe, expect, it } from 'vitest'
import { VirtualServer, VirtualTime } from './fixtures/virtual-time.ts'
import { type LoadOptions, type LoadTarget, openLoop, runOpenLoop } from './open-loop.ts'

const load: LoadOptions<number, number> = {
  rate: 1000,
  duration: 1000,
  warmup: 0,
  record: (i) => i,
}

it('sends each record when it is due, not when the last was answered', async () => {
  const time = new VirtualTime()
  const server = new VirtualServer(time, () => 0.25)
  const measured = await runOpenLoop(server, load, time)
  expect(server.accepted).toEqual(Array.from({ length: 1000 }, (_, i) => [i, i]))
  expect(measured).toMatchObject({ sent: 1000, count: 1000, missing: 0, achieved: 1000 })
  expect(measured.ms).toMatchObject({ p50: 0.25, 'p99.99': 0.25, max: 0.25 })
  expect(measured.sendMs.max).toBe(1e-6)
})

it('charges a stall to every record due meanwhile: no coordinated omission', async () => {
  const time = new VirtualTime()
  // Record 500 takes 100 ms; each behind it waits for it, and for those before it.
  const server = new VirtualServer(time, (i) => (i === 500 ? 100 : 0.5))
  const measured = await runOpenLoop(server, load, time)
  // Due at 500 + k, done at 600 + k / 2: 100 - k / 2 ms, until the queue is empty at k = 199.
  const expected = Array.from({ length: 1000 }, (_, i) =>
    i < 500 || i >= 700 ? 0.5 : 100 - (i - 500) / 2,
  ).sort((a, b) => a - b)
  expect(server.accepted[600]).toEqual([600, 600])
  expect(measured.ms).toMatchObject({
    p50: expected[499],
    p90: expected[899],
    p99: expected[989],
    'p99.9': expected[998],
    max: 100,
  })
  expect([expected[499], expected[899], expected[989]]).toEqual([0.5, 50, 95])
})

it('counts the wait for room as latency, and the rate that was reached', async () => {
  const time = new VirtualTime()
  // Half as fast as the load, with room for two: the sender is held up, the schedule is not.
  const server = new VirtualServer(time, () => 2, 2)
  const measured = await runOpenLoop(server, { ...load, duration: 100 }, time)
  // Record i is due at i and done at 2 + 2 i.
  expect(measured.ms).toMatchObject({ p50: 2 + 49, p90: 2 + 89, max: 2 + 99 })
  // Room for record i is when i - 2 is done: 2 (i - 1) - i.
  expect(measured.sendMs).toMatchObject({ p50: 49 - 2, max: 99 - 2 })
  expect(measured.achieved).toBe((100 / 200) * 1000)
})

it('catches up in a burst after its own delay, and counts the delay', async () => {
  const time = new VirtualTime()
  const server = new VirtualServer(time, () => 0)
  // The sending thread hangs from 10 to 20.
  time.at(10, () => time.advanceTo(20))
  const measured = await runOpenLoop(server, { ...load, duration: 30 }, time)
  const sentAt = Array.from({ length: 30 }, (_, i) => (i >= 10 && i < 20 ? 20 : i))
  expect(server.accepted.map(([, at]) => at)).toEqual(sentAt)
  expect(measured.sendMs).toMatchObject({ max: 10, p90: 7 })
})

it('keeps to the schedule at rates whose distance is no round number', async () => {
  const time = new VirtualTime()
  const server = new VirtualServer(time, () => 0)
  await runOpenLoop(server, { ...load, rate: 3, duration: '1000s' }, time)
  expect(server.accepted).toHaveLength(3000)
  expect(server.accepted[2999]).toEqual([2999, 2999_000 / 3])
})

it('does not measure the warm-up', async () => {
  const time = new VirtualTime()
  const server = new VirtualServer(time, (i) => (i < 50 ? 0.9 : 0.1))
  const measured = await runOpenLoop(server, { ...load, duration: 100, warmup: 50 }, time)
  expect(server.accepted).toHaveLength(150)
  expect(measured).toMatchObject({ sent: 100, count: 100, ms: { max: 0.1 }, sendMs: { max: 1e-6 } })
})

describe('results', () => {
  const measure = (idOf: (i: number) => number | undefined, duration = 100) => {
    const time = new VirtualTime()
    return runOpenLoop(new VirtualServer(time, () => 0.5), { ...load, duration, idOf }, time)
  }

  it('are counted as missing where there are none', async () => {
    const measured = await measure((i) => (i % 4 === 0 ? undefined : i))
    expect(measured).toMatchObject({ sent: 100, count: 75, missing: 25, achieved: 750 })
  })

  it('count once for a record', async () => {
    expect(await measure((i) => i - (i % 2))).toMatchObject({ sent: 100, count: 50, missing: 50 })
  })

  it.each([-1, 0.5, 1e9, Number.NaN])('of no record that was sent are refused: %d', async (id) => {
    await expect(measure(() => id)).rejects.toMatchObject({
      code: 'SAGE_OPTION',
      message: expect.stringMatching(
        /^load: idOf\(0\): expected the number of a record sent so far, 0 to \d+, or undefined, got /,
      ),
    })
  })

  it('must be there', async () => {
    await expect(measure(() => undefined)).rejects.toMatchObject({
      code: 'SAGE_OPTION',
      message: `load 'load': expected results of the records sent, got "none of 100"`,
    })
  })

  it('are known by their field seq, or are themselves the number', async () => {
    const time = new VirtualTime()
    const server = new VirtualServer(time, () => 0.5)
    const wrapped = (wrap: (i: number) => unknown): LoadTarget<number, unknown> => ({
      trySend: (i) => server.trySend(i),
      ready: () => server.ready(),
      end: () => server.end(),
      receive: (onResult) => server.receive((i) => onResult(wrap(i))),
    })
    const { idOf: _, ...unnamed } = { ...load, idOf: undefined }
    const measured = await runOpenLoop(
      wrapped((seq) => ({ seq })),
      unnamed,
      time,
    )
    expect(measured.count).toBe(1000)
    const nameless = runOpenLoop(
      wrapped((id) => ({ id })),
      unnamed,
      new VirtualTime(),
    )
    await expect(nameless).rejects.toMatchObject({
      code: 'SAGE_OPTION',
      message: `load: results: expected numbers, records with a number 'seq', or an option idOf, got {"id":0}`,
    })
  })
})

it('tells how far it is, ten times a second at most', async () => {
  const time = new VirtualTime()
  const server = new VirtualServer(time, (i) => (i === 999 ? 250 : 0))
  const told: string[] = []
  const onProgress: LoadOptions<number, number>['onProgress'] = (progress) =>
    told.push(`${progress.phase} ${progress.done}/${progress.total} ${progress.elapsedMs}`)
  await runOpenLoop(server, { ...load, onProgress }, time)
  expect(told[0]).toBe('load 1/1000 0')
  expect(told[1]).toBe('load 101/1000 100')
  expect(told.at(-1)).toBe('drain 1000/1000 1249')
  expect(told).toHaveLength(11)
})

it('stops sending when a result or a record is bad', async () => {
  const time = new VirtualTime()
  const server = new VirtualServer(time, () => 0.5)
  const record = (i: number) => {
    if (i === 7) throw new RangeError('no seven')
    return i
  }
  await expect(runOpenLoop(server, { ...load, record }, time)).rejects.toThrow('no seven')
  expect(server.accepted).toHaveLength(7)
})

it('gives up after the drain time', async () => {
  const silent: LoadTarget<number, number> = {
    trySend: () => true,
    ready: async () => {},
    end: () => {},
    receive: () => new Promise(() => {}),
  }
  const options = { ...load, name: 'silence', duration: 2, drain: 3 }
  await expect(openLoop(silent, options)).rejects.toMatchObject({
    code: 'SAGE_TIMEOUT',
    message:
      "load 'silence': expected to end 3 ms after the last record was due, got no end (2 of 2 records sent, 0 results)",
  })
})

it.each([
  [{ rate: 0 }, 'load: rate: expected a finite number above 0, got 0'],
  [{ rate: Number.NaN }, 'load: rate: expected a finite number above 0, got NaN'],
  [{ rate: '5' }, 'load: rate: expected a finite number above 0, got "5"'],
  [
    { duration: Number.POSITIVE_INFINITY },
    'load: duration: expected a duration that ends, got Infinity',
  ],
  [{ duration: 'soon' }, /^load: duration: expected a duration, .* got "soon"$/],
  [{ warmup: -1 }, /^load: warmup: expected a duration, .* got -1$/],
  [{ drain: null }, /^load: drain: expected a duration, .* got null$/],
  [{ duration: 0 }, 'load: rate and duration: expected at least one record, got "1000/s for 0"'],
  [{ rate: 1e9, duration: '2s' }, 'load: records: expected at most 1073741824, got 2000000000'],
  [{ record: 5 }, 'load: record: expected a function that makes record i, got 5'],
  [{ idOf: 'id' }, 'load: idOf: expected a function that gives the i of a result, got "id"'],
  [{ name: 7 }, 'load: name: expected a string, got 7'],
])('refuses %j', async (wrong, message) => {
  const time = new VirtualTime()
  const options = { ...load, ...wrong } as LoadOptions<number, number>
  await expect(runOpenLoop(new VirtualServer(time, () => 1), options, time)).rejects.toMatchObject({
    code: 'SAGE_OPTION',
    message: typeof message === 'string' ? message : expect.stringMatching(message),
  })
})
