import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Machine, Report } from 'sage-stream/bench'
import { expect, it } from 'vitest'
import { merge, save } from './report.ts'

const report = (name: string, cpu: string): Report => ({
  name,
  machine: { cpu, cores: 2, load: 0 } as Machine,
  title: 'a title',
  targets: 'a target',
  results: [
    { bench: 'one', name: 'x', value: 1, unit: 'ms', better: 'less' },
    { bench: 'two', name: 'y', value: 2, unit: 'ms', better: 'less' },
  ],
})

it('replaces by name and sorts', () => {
  const merged = merge(
    [report('c', 'old'), report('a', 'old')],
    [report('b', 'new'), report('a', 'new')],
  )
  expect(merged.map(({ name, machine }) => `${name} ${machine.cpu}`)).toEqual([
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
  expect(text.match(/^## .*|^first|^second/gm)).toEqual([
    '## a: a title',
    'first',
    '## b: a title',
    'second',
  ])
})
