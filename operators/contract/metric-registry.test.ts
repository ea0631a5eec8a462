import { describe, expect, it, test } from 'vitest'
import { type LogLine, recordingLogger } from '../testing/harness-context.ts'
import { operatorHarness } from '../testing/operator-harness.ts'
import type { RuntimeContext } from './context.ts'
import { FlatMapFunction, MapFunction } from './function.ts'
import { MetricRegistry, opening, unreadMetrics } from './metric-registry.ts'

function registry(lines: LogLine[] = []): MetricRegistry {
  return new MetricRegistry('op', unreadMetrics, recordingLogger(lines))
}

const duplicate = expect.objectContaining({ code: 'SAGE_DUPLICATE_NAME' })

describe('names', () => {
  it('within calls the same kind of metric is found again, another kind is refused', () => {
    const metrics = registry()
    for (const kind of ['counter', 'gauge', 'histogram'] as const) {
      const first = metrics[kind](kind)
      expect(metrics[kind](kind)).toBe(first)
    }
    for (const [kind, name] of [
      ['counter', 'gauge'],
      ['gauge', 'histogram'],
      ['histogram', 'counter'],
    ] as const)
      expect(() => metrics[kind](name)).toThrow(duplicate)
  })

  it('within open() every name is new; what a failed one left is none', async () => {
    const metrics = registry()
    const ctx = { metrics } as unknown as RuntimeContext
    const twice = () => {
      metrics.counter('a')
      metrics.counter('a')
    }
    expect(() => opening(ctx, twice)).toThrow(duplicate)
    expect(metrics.counter('a')).toBe(metrics.counter('a'))
    await expect(
      opening(ctx, async () => {
        await undefined
        metrics.counter('a')
      }),
    ).rejects.toThrow(duplicate)
    expect(metrics.counter('a')).toBe(metrics.counter('a'))
  })

  it('names of objects are names like others', () => {
    const harness = operatorHarness((n: number, ctx: RuntimeContext) => {
      for (const name of ['__proto__', 'constructor']) ctx.metrics.counter(name).inc(n)
    })
    harness.push(2)
    expect(Object.entries(harness.metrics().counters)).toEqual([
      ['__proto__', 2],
      ['constructor', 2],
    ])
  })

  test.each([undefined, null, 1, '', Symbol('s'), {}])('%s is no name', (name) => {
    for (const kind of ['counter', 'gauge', 'histogram'] as const) {
      expect(() => registry()[kind](name as string)).toThrow(
        expect.objectContaining({
          code: 'SAGE_OPTION',
          message: expect.stringContaining(`metrics.${kind}: expected a name`),
        }),
      )
    }
  })
})

describe('values', () => {
  it('a counter grows by what it is told', () => {
    const counter = registry().counter('c')
    counter.inc()
    counter.inc(2.5)
    counter.inc(0)
    expect(counter.value).toBe(3.5)
  })

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY, '1', 1n, null])(
    'a counter refuses %s',
    (n) => {
      const counter = registry().counter('c')
      expect(() => counter.inc(n as number)).toThrow(
        expect.objectContaining({ code: 'SAGE_USER_ERROR' }),
      )
      expect(counter.value).toBe(0)
    },
  )

  it('a gauge has no value until it is set', () => {
    const gauge = registry().gauge('g')
    expect(gauge.value).toBeUndefined()
    gauge.set(-3)
    expect(gauge.value).toBe(-3)
    expect(() => gauge.set('4' as unknown as number)).toThrow(
      expect.objectContaining({ code: 'SAGE_USER_ERROR' }),
    )
    expect(gauge.value).toBe(-3)
  })

  it('a gauge that tells its value is asked; what it throws is told once and leaves it without', () => {
    const lines: LogLine[] = []
    const metrics = registry(lines)
    let next: unknown = 1
    const gauge = metrics.gauge('g', () => {
      if (next instanceof Error) throw next
      return next as number
    })
    metrics.gauge('set').set(9)
    metrics.sample()
    expect(gauge.value).toBe(1)
    next = new Error('no')
    metrics.sample()
    metrics.sample()
    expect(gauge.value).toBeUndefined()
    next = 'three'
    metrics.sample()
    expect(gauge.value).toBeUndefined()
    next = 4
    metrics.sample()
    expect(gauge.value).toBe(4)
    expect(lines).toEqual([
      {
        level: 'WARNING',
        message: "gauge 'g' of operator 'op' did not tell its value: no",
        details: [],
      },
    ])
  })

  it('a gauge is asked by what it was given last', () => {
    const metrics = registry()
    metrics.gauge('g', () => 1)
    const gauge = metrics.gauge('g', () => 2)
    metrics.sample()
    expect(gauge.value).toBe(2)
    expect(() => metrics.gauge('h', 3 as unknown as () => number)).toThrow(
      expect.objectContaining({ code: 'SAGE_OPTION' }),
    )
  })
})

describe('in the operator harness', () => {
  class Words extends FlatMapFunction<string, string> {
    readonly #seen = new Set<string>()
    override open(): void {
      this.ctx.metrics.gauge('distinct', () => this.#seen.size)
    }
    execute(line: string) {
      const words = line.split(' ')
      for (const word of words) this.#seen.add(word)
      this.ctx.metrics.histogram('words a line').record(words.length)
      this.ctx.metrics.counter('words').inc(words.length)
      return words
    }
  }

  it('metrics can be read at any time, and after the end', async () => {
    const harness = operatorHarness(Words)
    expect(harness.metrics()).toEqual({ counters: {}, gauges: { distinct: 0 }, histograms: {} })
    harness.push('to be')
    harness.push('or not to be')
    expect(harness.metrics()).toMatchObject({
      counters: { words: 6 },
      gauges: { distinct: 4 },
      histograms: { 'words a line': { count: 2, sum: 6, min: 2, max: 4 } },
    })
    harness.push('that')
    await harness.end()
    expect(harness.metrics()).toMatchObject({ counters: { words: 7 }, gauges: { distinct: 5 } })
  })

  it('a name given twice in open() is refused there, too', () => {
    class Twice extends MapFunction {
      override open(): void {
        this.ctx.metrics.histogram('h')
        this.ctx.metrics.histogram('h')
      }
      execute(n: number) {
        return n
      }
    }
    expect(() => operatorHarness(Twice)).toThrow(duplicate)
  })
})
