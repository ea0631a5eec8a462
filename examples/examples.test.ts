import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { linesOf } from './fixtures/run-example.ts'

describe('examples print what they promise', () => {
  it('scoring.ts', async () => {
    expect(await linesOf('scoring.ts')).toEqual(['order 3 of ada: 4.8 times the usual'])
  })

  it('embedding.ts', async () => {
    const lines = await linesOf('embedding.ts')
    const metrics = lines.filter((line) => / in, \d+ out$/.test(line))
    expect(metrics.length).toBe(6)
    expect(lines.filter((line) => !metrics.includes(line))).toEqual([
      'order 6 is 1.14 times the usual',
      'order 7 is nothing to worry about',
      'alert: order 4',
      'the job is stopped',
      'stopped; scores read: 1 2 3 4 5 7; errors: 0 0 0 0 0 0',
    ])
  })

  it('measure.ts, in short', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'measure-'))
    try {
      const out = join(folder, 'scoring.json')
      const short = ['--rate', '2000', '--duration', '200ms', '--orders', '2000', '--out', out]
      const first = await linesOf('measure.ts', ...short)
      expect(first[2]).toMatch(/^\| scoring, 2000 orders\/s \| +2000 \| .* \| +400 \| +0 \|/)
      expect(first.at(-1)).toBe(`wrote ${out} and ${join(folder, 'scoring.md')}`)
      const second = await linesOf('measure.ts', ...short, '--before', out)
      expect(second.at(-1)).toMatch(/^\| latency: scoring, 2000 orders\/s \| achieved /)
      expect(readdirSync(folder).sort()).toEqual([
        'scoring.json',
        'scoring.latency.svg',
        'scoring.md',
        'scoring.throughput.svg',
      ])
      const plot = readFileSync(join(folder, 'scoring.latency.svg'), 'utf8')
      expect(plot.match(/<polyline/g)).toHaveLength(2)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
