import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { pricing } from './metrics-job.ts'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')
const page = read('../docs/metrics.md')

it('docs/metrics.md shows the example as it is, and what it prints', async () => {
  const blocks = [...page.matchAll(/```ts\n\/\/ examples\/([\w-]+\.ts)\n([\s\S]*?)```/g)]
  expect(blocks.map(([, file]) => file)).toEqual(['metrics-job.ts', 'metrics.ts'])
  for (const [, file, text] of blocks) expect(text).toBe(read(file))
  const script = new URL('metrics.ts', import.meta.url).pathname
  const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=source', script])
  expect(page).toContain(`\`\`\`\n${stdout}\`\`\``)
})

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
