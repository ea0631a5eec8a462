/** Reading and writing files, and sinks of your own; `docs/library.md`, "Sinks and files". */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FileSink, isWorker, LocalEnvironment, SinkFunction } from 'sage-stream'

// A module runs on every thread: what should happen once, happens on the main thread, and workers are told of it.
if (!isWorker) {
  process.env.FOLDER = mkdtempSync(join(tmpdir(), 'files-'))
  writeFileSync(join(process.env.FOLDER, 'sales.csv'), 'shop,price\nnorth,3\nsouth,4\nnorth,5\n')
}
const folder = process.env.FOLDER!

const env = new LocalEnvironment('files', { parallelism: 1 })

// Rows are objects of strings. A path, a glob such as 'logs/*.json.gz', or several.
const sales = env
  .fromFile(join(folder, 'sales.csv'), { format: 'csv' })
  .map(({ shop, price }) => ({ shop, price: Number(price) }))

// One folder per shop, one file per subtask, visible when it is complete.
sales.sink(FileSink, {
  path: join(folder, 'out'),
  format: 'json',
  partition: ({ shop }) => shop,
})

// A function is a sink; a promise is awaited, up to 10 at a time, while the job goes on.
sales.sink(
  async ({ price }) => {
    await Promise.resolve(price)
  },
  { capacity: 10 },
)

/** A sink with a life: `open`, `execute`…, `finish` when all is written, `close` in any case. */
class Report extends SinkFunction<{ price: number }> {
  #sum = 0

  override execute({ price }: { price: number }): void {
    this.#sum += price
  }

  override finish(): void {
    writeFileSync(join(folder, 'sum.txt'), String(this.#sum))
  }
}
sales.sink(Report)

await env.submit({ autostop: true })

for (const shop of readdirSync(join(folder, 'out')).sort()) {
  for (const file of readdirSync(join(folder, 'out', shop))) {
    const lines = readFileSync(join(folder, 'out', shop, file), 'utf8')
    console.log(`${shop}/${file}: ${lines.trim().split('\n').join(' ')}`)
  }
}
console.log(`sum.txt: ${readFileSync(join(folder, 'sum.txt'), 'utf8')}`)
rmSync(folder, { recursive: true })
