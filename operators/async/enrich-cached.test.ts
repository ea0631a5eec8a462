import { describe, expect, it } from 'vitest'
import { ManualClock } from '../testing/manual-clock.ts'
import { operatorHarness } from '../testing/operator-harness.ts'
import { enrichCachedFactory } from './enrich-cached.ts'
import { type LookupCache, TtlCache } from './lookup-cache.ts'

/** Bytewax's suite: the getter looks into `source`. */
function enriched(source: Record<string, unknown>, ttl?: number) {
  return operatorHarness(
    enrichCachedFactory(
      (key: string) => source[key],
      (cache: LookupCache<string, unknown>, key: string) => cache.get(key),
      ttl === undefined ? {} : { ttl },
    ),
  )
}

describe('enrichCached', () => {
  it('ttl_cache_expires (Bytewax)', () => {
    const source: Record<string, number> = { a: 1, b: 2 }
    const harness = enriched(source, 60_000)
    harness.push('a')
    harness.advanceTime(120_000)
    source.a = 3
    harness.push('a')
    expect(harness.output).toEqual([1, 3])
  })

  it('an entry exactly ttl old is still served, by the job’s clock', () => {
    const source: Record<string, number> = { a: 1 }
    const harness = enriched(source, 100)
    harness.push('a')
    source.a = 2
    harness.advanceTime(100)
    harness.push('a')
    harness.advanceTime(1)
    harness.push('a')
    expect(harness.output).toEqual([1, 1, 2])
  })

  it('keeps entries for ever by default, and nothing that was found too', () => {
    const source: Record<string, unknown> = { a: 1 }
    const harness = enriched(source)
    harness.push('a')
    harness.push('b')
    source.a = 2
    source.b = 2
    harness.advanceTime(1e15)
    harness.push('a')
    harness.push('b')
    expect(harness.output).toEqual([1, 1])
  })

  it('a getter that throws is asked again', () => {
    let asked = 0
    const getter = () => {
      if (asked++ === 0) throw new Error('down')
      return 'up'
    }
    const harness = operatorHarness(
      enrichCachedFactory(getter, (cache: LookupCache<string, string>) => cache.get('a')),
      { errors: 'skip' },
    )
    for (let i = 0; i < 3; i++) harness.push(i)
    expect(harness.output).toEqual(['up', 'up'])
    expect([asked, harness.errors]).toEqual([2, 1])
  })

  it.each([
    [[class {}, (n: number) => n], 'getter: expected a function, got'],
    [[(n: number) => n, 7], 'mapper: expected a function, got 7'],
    [[(n: number) => n, (n: number) => n, { ttl: -1 }], 'enrichCached.ttl: expected a duration'],
  ])('refuses %#', (args, message) => {
    const [getter, mapper, options] = args as [unknown, unknown, {}]
    expect(() => enrichCachedFactory(getter, mapper, options)).toThrow(
      expect.objectContaining({ code: 'SAGE_OPTION', message: expect.stringContaining(message) }),
    )
  })
})

describe('TtlCache', () => {
  it('lookups at the same time share one promise; one that is rejected is not kept', async () => {
    const asked: string[] = []
    const answers = [Promise.reject(new Error('down')), Promise.resolve(7)]
    const cache = new TtlCache((key: string) => answers[asked.push(key) - 1], 10, new ManualClock())
    const [first, second] = [cache.get('a'), cache.get('a')]
    expect(first).toBe(second)
    await expect(first).rejects.toThrow('down')
    expect(await cache.get('a')).toBe(7)
    expect(await cache.get('a')).toBe(7)
    expect(asked).toEqual(['a', 'a'])
  })

  it('finds keys by value, and forgets what it is told to', () => {
    let asked = 0
    const cache = new TtlCache((_: readonly [string, number]) => ++asked, 10, new ManualClock())
    expect([cache.get(['a', 1]), cache.get(['a', 1]), cache.get(['a', 2])]).toEqual([1, 1, 2])
    expect([cache.remove(['a', 1]), cache.remove(['a', 1])]).toEqual([true, false])
    expect(cache.get(['a', 1])).toBe(3)
  })

  it('sweeps out what nobody asks for any more', () => {
    const clock = new ManualClock()
    const cache = new TtlCache((n: number) => n, 1000, clock)
    for (let n = 0; n < 100_000; n++) {
      clock.advance(1)
      cache.get(n)
    }
    expect(cache.size).toBeLessThan(4000)
    for (let n = 99_999; n > 99_000; n--) expect(cache.get(n)).toBe(n)
  })
})
