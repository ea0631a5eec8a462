import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { wordCounts } from './checkpoints-job.ts'

const dir = mkdtempSync(join(tmpdir(), 'word-counts-'))
const savepoint = join(dir, 'before the upgrade')

const old = await wordCounts.submit(undefined, { checkpoint: { dir: join(dir, 'old') } })
await old.io.words.pushMany(['to', 'be', 'or', 'not', 'to', 'be'])
const { status } = await old.stop({ savepoint })
console.log(status)

const upgraded = await wordCounts.submit(undefined, {
  parallelism: 3,
  checkpoint: { dir: join(dir, 'new'), resume: savepoint },
})
await upgraded.io.words.push('be')
upgraded.io.words.end()
for await (const count of upgraded.io.counts) console.log(count)
await upgraded.finished

rmSync(dir, { recursive: true })
