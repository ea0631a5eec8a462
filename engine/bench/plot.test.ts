import fc from 'fast-check'
import { expect, it } from 'vitest'
import { latency, result } from './fixtures/reports.ts'
import { latencyPlot, throughputPlot } from './plot.ts'
import { escapeXml } from './svg.ts'

const ms = [0.5, 1, 2, 4, 8, 10]

/** Texts of a picture, unescaped. */
function textsOf(svg: string): string[] {
  return [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text)
}

it('draws a curve for each measurement, with its legend', () => {
  const svg = latencyPlot([latency('before', ms), latency('after', ms)], { title: 'Scoring' })
  expect(svg.match(/<polyline class="line s\d"/g)).toEqual([
    '<polyline class="line s0"',
    '<polyline class="line s1"',
  ])
  expect(textsOf(svg)).toEqual(
    expect.arrayContaining([
      'Scoring',
      'before: p50 500 µs, p99 2 ms, max 10 ms, 1,000 results',
      'after: p50 500 µs, p99 2 ms, max 10 ms, 1,000 results',
    ]),
  )
})

it('has a step to the right for each nine, and a logarithmic axis of times', () => {
  const svg = latencyPlot([latency('x', ms)])
  const texts = textsOf(svg)
  expect(texts.filter((text) => /%$/.test(text))).toEqual(['0%', '90%', '99%', '99.9%', '50%'])
  expect(texts.filter((text) => /^\d+ (ms|µs)$/.test(text))).toEqual([
    '200 µs',
    '500 µs',
    '1 ms',
    '2 ms',
    '5 ms',
    '10 ms',
  ])
  // 0.25 ms to 10 ms on an axis from 0.2 to 10: 0, 50, 90, 99, 99.9 and 100 % of 1,000 records.
  const [, points] = /points="([^"]*)"/.exec(svg)!
  const y = (time: number) => 380 - (Math.log(time / 0.2) / Math.log(50)) * 332
  const x = (nines: number) => 72 + (nines / 3) * 764
  const expected = [
    [x(0), y(0.25)],
    [x(Math.log10(2)), y(0.5)],
    [x(1), y(1)],
    [x(2), y(2)],
    [x(3), y(4)],
    [x(3), y(10)],
  ]
  const drawn = points.split(' ').map((point) => point.split(',').map(Number))
  expect(drawn).toHaveLength(6)
  for (const [i, [left, top]] of expected.entries()) {
    expect(drawn[i][0]).toBeCloseTo(left, 0)
    expect(drawn[i][1]).toBeCloseTo(top, 0)
  }
})

it('draws one time of one record', () => {
  const one = {
    ...latency('one', [1, 1, 1, 1, 1, 1]),
    count: 1,
    curve: [
      [0, 1],
      [100, 1],
    ],
  } as const
  const svg = latencyPlot([one])
  expect(svg).not.toMatch(/NaN|Infinity/)
  expect(textsOf(svg)).toContain('one: p50 1 ms, p99 1 ms, max 1 ms, 1 results')
})

it('draws bars from 0, with the spread of the runs', () => {
  const svg = throughputPlot([
    result('t', 'before', 50, { min: 40, max: 60 }),
    result('t', 'after', 100),
  ])
  const bars = [...svg.matchAll(/class="bar s(\d)".*? width="([\d.]+)"/g)]
  expect(bars.map(([, colour]) => colour)).toEqual(['0', '1'])
  expect(Number(bars[1][2])).toBeCloseTo(Number(bars[0][2]) * 2, 1)
  expect(svg.match(/class="whisker"/g)).toHaveLength(1)
  expect(textsOf(svg)).toEqual(['Throughput', 'before', '50.0 records/s', 'after', '100 records/s'])
  expect(throughputPlot([result('t', 'nothing', 0)])).not.toMatch(/NaN|Infinity/)
})

it('needs nothing outside itself, and follows the scheme', () => {
  for (const svg of [latencyPlot([latency('x', ms)]), throughputPlot([result('t', 'x', 1)])]) {
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" /)
    expect(svg.replace('xmlns="http://www.w3.org/2000/svg"', '')).not.toMatch(
      /http|href|<script|url\(/,
    )
    expect(svg).toContain('prefers-color-scheme:dark')
  }
})

it('escapes whatever names hold', () => {
  const name = `<script>alert("&'")</script>\u0000\ud800`
  const svg = latencyPlot([latency(name, ms)], { title: name })
  expect(svg).not.toContain('<script')
  expect(svg).toContain('&lt;script&gt;alert(&quot;&amp;&#39;&quot;)&lt;/script&gt;\ufffd\ufffd')
  expect(throughputPlot([result('t', name, 1)])).not.toContain('<script')
})

it('escapes to characters that XML can carry', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const escaped = escapeXml(text)
      expect(escaped).not.toMatch(/[<>"'\p{Cc}\p{Cs}\ufffe\uffff]/u)
      expect(escaped.replaceAll(/&(amp|lt|gt|quot|#39);/g, '')).not.toContain('&')
    }),
  )
})

it('refuses nothing to draw, and units that do not fit together', () => {
  const option = (message: string) => expect.objectContaining({ code: 'SAGE_OPTION', message })
  expect(() => latencyPlot([])).toThrow(
    option('latencyPlot: latencies: expected an array of at least one, got []'),
  )
  expect(() => throughputPlot(undefined as never)).toThrow(
    option('throughputPlot: results: expected an array of at least one, got undefined'),
  )
  expect(() => throughputPlot([result('t', 'a', 1), result('t', 'b', 1, { unit: 'ms' })])).toThrow(
    option('throughputPlot: expected figures of one unit, got ["records/s","ms"]'),
  )
})
