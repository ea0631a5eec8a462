import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { pricing } from './metrics-job.ts'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')
const page = read('../docs/metrics.md')

it('docs/metrics.md explains every number that there is, and no other', async () => {
  const { operators } = await pricing.run({ orders: 10 }, { mode: 'inline', parallelism: 2 })
  const table = page.slice(page.indexOf('| name | unit |'), page.indexOf('### Where the time'))
  const explained = [...table.matchAll(/^\| (`.*?`) \|/gm)].flatMap(([, names]) =>
    [...names.matchAll(/`(\w+)`/g)].map(([, name]) => name),
  )
  const there = [...Object.keys(operators[0]), 'uid']
  expect(explained.toSorted()).toEqual(there.toSorted())
  expect(Object.keys(operators[0].subtasks[0])).toEqual(
    expect.arrayContaining(explained.slice(explained.indexOf('recordsIn'), -1)),
  )
})
