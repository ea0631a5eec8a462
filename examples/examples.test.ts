import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

/** Runs an example as a user would, in a process of its own; gives the lines it printed. */
async function linesOf(example: string, ...args: string[]): Promise<string[]> {
  const path = new URL(example, import.meta.url).pathname
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--conditions=source',
    path,
    ...args,
  ])
  return stdout.trimEnd().split('\n')
}

describe('examples print what they promise', () => {
  it('word-count.ts', async () => {
    const lines = await linesOf('word-count.ts')
    expect(lines.toSorted()).toEqual(['["be", 2]', '["not", 1]', '["or", 1]', '["to", 2]'])
  })

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

/** The lines of a text without what indents them and sets them apart. */
function plainLines(text: string): string {
  const lines = text.split('\n').map((line) => line.trim())
  return lines.filter((line) => line !== '').join('\n')
}

it('docs/embedding.md shows pieces of the examples as they are', () => {
  const guide = readFileSync(new URL('../docs/embedding.md', import.meta.url), 'utf8')
  const blocks = [...guide.matchAll(/```ts\n(?:\/\/ (examples\/[\w.-]+\.ts)\n)?([\s\S]*?)```/g)]
  expect(blocks.length).toBeGreaterThan(8)
  for (const [block, file, text] of blocks) {
    expect(file, `${block}\nnames no example`).toBeDefined()
    const example = readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')
    expect(plainLines(example)).toContain(plainLines(text))
  }
})

describe('README', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const blocks = [...readme.matchAll(/```ts\n\/\/ (examples\/[\w-]+\.ts)\n([\s\S]*?)```/g)]

  it('shows the examples as they are', () => {
    expect(blocks.map(([, file]) => file)).toEqual([
      'examples/word-count.ts',
      'examples/scoring-job.ts',
      'examples/scoring.ts',
    ])
    for (const [, file, text] of blocks) {
      expect(text).toBe(readFileSync(new URL(`../${file}`, import.meta.url), 'utf8'))
    }
  })
})

describe('docs/benchmarking.md', () => {
  const page = readFileSync(new URL('../docs/benchmarking.md', import.meta.url), 'utf8')
  const blocks = [...page.matchAll(/```ts\n(?:\/\/ examples\/measure\.ts\n)?([\s\S]*?)```/g)]

  it('goes through the example as it is', () => {
    const example = readFileSync(new URL('measure.ts', import.meta.url), 'utf8')
    expect(blocks.map(([, text]) => text).join('\n')).toBe(example)
  })

  it('names what there is', async () => {
    const kit = Object.keys(await import('sage-stream/bench'))
    const named = [...page.matchAll(/`([a-z]\w+)\(?[^`]*`/g)].map(([, name]) => name)
    const functions = named.filter((name) =>
      /^(measure|compar|write|latencyAt|open|stream|job|timed)/.test(name),
    )
    expect(functions.length).toBeGreaterThan(8)
    expect(kit).toEqual(expect.arrayContaining([...new Set(functions)]))
  })
})
