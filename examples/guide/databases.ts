/** Rows in a database, each exactly once; `docs/databases.md`. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { visitTotals } from './databases-job.ts'

const folder = mkdtempSync(join(tmpdir(), 'visits-'))
const [path, dir] = [join(folder, 'visits.db'), join(folder, 'checkpoints')]
const tables = new DatabaseSync(path)
tables.exec('PRAGMA journal_mode = WAL')
tables.exec('CREATE TABLE totals (page TEXT PRIMARY KEY, visits INTEGER)')
const show = (when: string) => {
  for (const { page, visits } of tables.prepare('SELECT * FROM totals ORDER BY page').all())
    console.log(`${when} | ${page}: ${visits}`)
}

const first = await visitTotals.submit({ path }, { parallelism: 1, checkpoint: { dir } })
await first.io.visits.pushMany(['home', 'docs', 'home'])
await first.checkpoint()
await first.io.visits.push('home')
// All that a savepoint holds is in the table when the job has stopped with it.
await first.stop({ savepoint: join(folder, 'savepoint') })
show('stopped')

const second = await visitTotals.submit(
  { path },
  { parallelism: 2, checkpoint: { dir, resume: join(folder, 'savepoint') } },
)
await second.io.visits.push('home')
second.io.visits.end()
await second.finished
show('ended')

tables.close()
rmSync(folder, { recursive: true })
