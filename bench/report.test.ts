import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, it } from 'vitest'
import { asMarkdown, merge, type Report, save } from './report.ts'

const report = (name: string, machine: string): Report => ({
  name,
  machine,
  title: 'a title',
  targets: 'a target',
  results: [
    { bench: 'one', name: 'x', value: 1, unit: 'ms' },
    { bench: 'two', name: 'y', value: 2, unit: 'ms' },
  ],
})

it('has a table for each topic', () => {
  const lines = asMarkdown(report('b', 'm')).split('\n\n')
  expect(lines.slice(0, 3)).toEqual(['## b: a title', 'Target: a target', '**one**'])
  expect(lines[4]).toBe('**two**')
})

it('tells what failed', () => {
  const failed: Report = { ...report('b', 'm'), results: [], error: 'Error: wrong sum' }
  expect(asMarkdown(failed)).toBe(
    '## b: a title\n\nTarget: a target\n\n**Failed:** Error: wrong sum',
  )
})

it('replaces by name and sorts', () => {
  const merged = merge(
    [report('c', 'old'), report('a', 'old')],
    [report('b', 'new'), report('a', 'new')],
  )
  expect(merged.map(({ name, machine }) => `${name} ${machine}`)).toEqual([
    'a new',
    'b new',
    'c old',
  ])
})

it('keeps the figures of benches that did not run', () => {
  const path = mkdtempSync(join(tmpdir(), 'bench-'))
  const folder = pathToFileURL(`${path}/`)
  save([report('a', 'first')], folder)
  save([report('b', 'second')], folder)
  const saved = JSON.parse(readFileSync(join(path, 'latest.json'), 'utf8')) as Report[]
  const text = readFileSync(join(path, 'latest.md'), 'utf8')
  rmSync(path, { recursive: true })
  expect(saved).toEqual([report('a', 'first'), report('b', 'second')])
  expect(text.match(/^## .*|^first$|^second$/gm)).toEqual([
    '## a: a title',
    'first',
    '## b: a title',
    'second',
  ])
})
