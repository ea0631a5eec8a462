import { describe, expect, it } from 'vitest'
import { bid, escaping, failing, keeping, keyed, waiting } from './fixtures/views-job.ts'

const COUNT = 150
const bids = Array.from({ length: COUNT }, (_, id) => bid(id))
const memory = { ringBytes: 8192 }

/** Compares as sets; the order between subtasks is not promised. */
const sorted = (records: readonly unknown[]) =>
  records.map((record) => JSON.stringify(record)).sort()

const ways = (['inline', 'threads'] as const).flatMap((mode) =>
  [false, true].map((strict) => ({ mode, strict })),
)

describe.each(ways)('views, $mode, strict $strict', ({ mode, strict }) => {
  const config = { mode, strict, memory, parallelism: 2, maxThreads: 2 }

  it('what a call emits is its own', async () => {
    const { outputs } = await escaping.run(COUNT, config)
    const expected: Record<string, unknown[]> = {
      same: bids,
      nested: bids.map(({ bidder, tags, others }) => ({ who: [bidder], tags, others })),
      several: bids.flatMap((view) => [{ in: 'execute', view }, view, [view]]),
      severalAside: bids.map(({ bidder }) => [bidder]),
      generated: bids.flatMap((view) => [view, { view }]),
      processed: bids.flatMap((view) => [view, { ...view, mine: true }]),
      processedAside: bids.map((view) => ({ deep: [{ view }] })),
      batched: bids,
      even: bids.filter(({ id }) => id % 2 === 0),
      odd: bids.filter(({ id }) => id % 2 === 1),
      sent: bids,
      plain: bids,
    }
    for (const [name, records] of Object.entries(expected)) {
      const got = (outputs as Record<string, unknown[]>)[name]
      expect([name, sorted(got)]).toEqual([name, sorted(records)])
    }
    expect(outputs.same[0]).toMatchObject({ seal: expect.any(Uint8Array) })
  })

  it('what is kept by key is its own', async () => {
    const { outputs } = await keyed.run(COUNT, { ...config, parallelism: 1 })
    const lasts = [COUNT - 3, COUNT - 2, COUNT - 1].map((id) => [`channel-${id % 3}`, bid(id)])
    expect(sorted(outputs.last)).toEqual(sorted(lasts))
    expect(sorted(outputs.dearest)).toEqual(sorted(lasts))
    const sums = Map.groupBy(bids, ({ channel }) => channel)
    const expected = [...sums].map(([channel, list]) => [
      channel,
      { ids: list.reduce((sum, { id }) => sum + id, 0), last: list.at(-1) },
    ])
    expect(sorted(outputs.sums)).toEqual(sorted(expected))
    expect(sorted(outputs.keys)).toEqual(sorted(bids.map((b) => `${b.channel} ${b.channel}`)))
  })

  it('keyed, over an exchange, nothing is lost', async () => {
    const { outputs } = await keyed.run(COUNT, config)
    expect(outputs.last.map(([key]: [string, unknown]) => key).sort()).toEqual([
      'channel-0',
      'channel-1',
      'channel-2',
    ])
    expect(sorted(outputs.keys)).toEqual(sorted(bids.map((b) => `${b.channel} ${b.channel}`)))
  })

  it('dead letters and retries that wait hold records, not views', async () => {
    const { outputs } = await failing.run(60, config)
    expect(sorted(outputs.again)).toEqual(sorted(bids.slice(0, 60)))
    expect(sorted(outputs.letters)).toEqual(
      sorted(bids.slice(0, 60).filter(({ id }) => id % 10 === 0)),
    )
  })

  it('an asynchronous sink may read on', async () => {
    const { outputs, status } = await waiting.run(40, config)
    expect([outputs.ids.length, status]).toEqual([40, 'finished'])
  })

  it.each([true, false])(
    'reading on after the call is refused in strict mode only; over an exchange: %s',
    async (far) => {
      const job = keeping.run(far, { ...config, parallelism: 1 })
      if (!strict) expect((await job).outputs.names.length).toBeGreaterThan(0)
      else await expect(job).rejects.toMatchObject({ code: 'SAGE_STALE_RECORD', operator: 'map' })
    },
  )
})
