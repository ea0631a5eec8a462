import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { wordCounts } from './checkpoints-job.ts'

const dir = mkdtempSync(join(tmpdir(), 'word-counts-'))

const first = await wordCounts.submit(undefined, { parallelism: 1, checkpoint: { dir } })
await first.io.words.pushMany(['to', 'be', 'or', 'not', 'to', 'be'])
const { id } = await first.checkpoint()
await first.io.words.push('to')
await first.cancel() // as if it had crashed: what came after the checkpoint is lost with it
console.log('checkpoint', id)

const second = await wordCounts.submit(undefined, { parallelism: 2, checkpoint: { dir } })
await second.io.words.push('to')
second.io.words.end()
for await (const count of second.io.counts) console.log(count)
await second.finished

rmSync(dir, { recursive: true })
