import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { latency, report, result } from './fixtures/reports.ts'
import { machine, machineLine } from './machine.ts'
import { readReport, reportMarkdown, writeReport } from './report.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'report-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const whole = report('job', {
  title: 'a title',
  targets: 'a target',
  results: [
    result('one', 'x', 1),
    result('two', 'y', 2, { min: 1, max: 3, ratio: 'x is 2x this' }),
  ],
  latencies: [latency('at 1 k/s', [0.5, 1, 2, 4, 8, 10])],
})

it('has a table for each topic, one for latencies, and the machine', () => {
  const parts = reportMarkdown(whole).split('\n\n')
  expect(parts.slice(0, 3)).toEqual(['## job: a title', 'Target: a target', '**one**'])
  expect(parts[4]).toBe('**two**')
  expect(parts[6]).toBe('**latency in ms, from the scheduled time**')
  expect(parts[7].split('\n')).toEqual([
    '| load     | records/s | achieved | results | missing |  p50 |  p90 |  p99 | p99.9 | p99.99 |  max |',
    '| -------- | --------: | -------: | ------: | ------: | ---: | ---: | ---: | ----: | -----: | ---: |',
    '| at 1 k/s |      1000 |     1000 |   1,000 |       0 | 0.50 | 1.00 | 2.00 |  4.00 |   8.00 | 10.0 |',
  ])
  expect(parts[8]).toBe(
    'Abacus, 2 cores, 8 GiB, linux x64, Node v24.21.0, load 0.10, commit abc1234, 2026-01-02T03:04:05.000Z',
  )
})

it('tells what failed', () => {
  const failed = report('b', { title: 't', targets: 'a target', error: 'Error: wrong sum' })
  expect(reportMarkdown(failed).split('\n\n').slice(0, 3)).toEqual([
    '## b: t',
    'Target: a target',
    '**Failed:** Error: wrong sum',
  ])
})

it('writes JSON that it reads back, and Markdown beside it', () => {
  const written = writeReport(join(folder, 'deep', 'er', 'job.json'), whole)
  expect(written).toEqual({
    json: join(folder, 'deep', 'er', 'job.json'),
    markdown: join(folder, 'deep', 'er', 'job.md'),
  })
  expect(readReport(pathToFileURL(written.json))).toEqual(whole)
  expect(readFileSync(written.markdown, 'utf8')).toBe(`${reportMarkdown(whole)}\n`)
})

it('refuses paths that it cannot use', () => {
  expect(() => writeReport('job.txt', whole)).toThrow(
    expect.objectContaining({
      code: 'SAGE_OPTION',
      message: `writeReport: path: expected one that ends in '.json', got "job.txt"`,
    }),
  )
  expect(() => writeReport('', whole)).toThrow(expect.objectContaining({ code: 'SAGE_OPTION' }))
  writeFileSync(join(folder, 'file'), '')
  expect(() => writeReport(join(folder, 'file', 'job.json'), whole)).toThrow(
    expect.objectContaining({
      code: 'SAGE_FILE',
      message: expect.stringContaining('cannot write'),
    }),
  )
})

it.each([
  ['{', 'cannot read'],
  ['null', "got no 'name'"],
  ['{"name":"x"}', "got no 'machine'"],
  ['{"name":"x","machine":{"node":"v24"}}', "got no 'results' with figures"],
  ['{"name":"x","machine":{"node":"v24"},"results":[null]}', "got no 'results' with figures"],
  ['{"name":"x","machine":{"node":"v24"},"results":[],"latencies":[{}]}', "got 'latencies' that"],
])('refuses to read %s', (text, message) => {
  const path = join(folder, 'broken.json')
  writeFileSync(path, text)
  expect(() => readReport(path)).toThrow(
    expect.objectContaining({ code: 'SAGE_FILE', message: expect.stringContaining(message) }),
  )
})

it('refuses to read what is not there', () => {
  expect(() => readReport(join(folder, 'none.json'))).toThrow(
    expect.objectContaining({ code: 'SAGE_FILE', message: expect.stringContaining('ENOENT') }),
  )
})

it('knows the machine it runs on', () => {
  const here = machine()
  expect(here).toMatchObject({ node: process.version, cpu: expect.stringMatching(/./) })
  expect(here.commit).toMatch(/^([0-9a-f]{7,}( \+ changes)?|none)$/)
  expect(machineLine({ ...here, load: 0.6 })).toContain('load 0.60 (busy: figures may be low)')
})
