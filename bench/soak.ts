import { setImmediate } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { machine, machineLine } from 'sage-stream/bench'
import { isFlat, trendOf } from './flatness.ts'
import { liveHeap } from './live-heap.ts'
import { makeBulk, soak } from './soak-job.ts'

const HELP = `Pushes records of 1 KB as fast as a job with slow sinks takes them, and watches its memory.

  npm run soak                     for 10 minutes
  npm run soak -- --minutes 1      for another time

Exits with 1 when memory grew, or when a record was lost.`

/** One look at the memory, in MiB. */
interface Look {
  /** Resident memory of the process: all threads, all heaps, all shared memory. */
  readonly rss: number
  /** Live objects of the main thread and of the workers, after a collection. */
  readonly heap: number
  /** Buffers of the main thread, the job's shared memory among them. */
  readonly buffers: number
}

const MIB = 2 ** 20
const LOOKS = 40
/** Looks before heaps and code have found their size; they are printed, and not judged. */
const SETTLING = LOOKS / 4
/** What may come and go, in MiB, however little there is of it. */
const SLACK: Look = { rss: 8, heap: 1, buffers: 1 }

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', short: 'h' },
      minutes: { type: 'string', default: '10' },
    },
  })
  if (values.help) {
    console.log(HELP)
    return 0
  }
  const minutes = Number(values.minutes)
  if (!(minutes > 0 && minutes < 1e6)) {
    throw new RangeError(`expected --minutes to be a number above 0, got ${values.minutes}`)
  }
  console.log(`${machineLine(machine())}\n`)
  const { looks, isWhole } = await soakFor(minutes * 60_000)
  const judged = looks.slice(SETTLING)
  const verdicts = (Object.keys(SLACK) as (keyof Look)[]).map((field) => verdictOn(field, judged))
  console.log(verdicts.every((flat) => flat) ? 'memory is flat' : 'memory GREW')
  return verdicts.every((flat) => flat) && isWhole ? 0 : 1
}

async function soakFor(ms: number): Promise<{ looks: Look[]; isWhole: boolean }> {
  const job = await soak.submit(undefined, { parallelism: 2, maxThreads: 2 })
  const { records, milestones } = job.io
  const workers = new Map<number, number>()
  const reading = (async () => {
    for await (const { subtask, heapBytes } of milestones) workers.set(subtask, heapBytes)
  })()
  const looks: Look[] = []
  const begin = performance.now()
  let pushed = 0
  while (looks.length < LOOKS) {
    // As many as there is room for; then the event loop has its turn.
    while (records.tryPush(makeBulk(pushed))) pushed++
    await Promise.all([records.ready(), setImmediate()])
    if (performance.now() - begin < ((looks.length + 1) * ms) / LOOKS) continue
    looks.push(look(workers))
    const second = ((performance.now() - begin) / 1000).toFixed(0).padStart(5)
    console.log(
      `${second} s  ${pushed.toLocaleString('en').padStart(12)} records  ${line(looks.at(-1)!)}`,
    )
  }
  records.end()
  const [result] = await Promise.all([job.finished, reading])
  const sunk = result.operators.find(({ kind }) => kind === 'sink')!.recordsIn
  const isWhole = sunk === pushed
  console.log(`\npushed ${pushed}, sunk ${sunk}${isWhole ? '' : ': records were LOST'}`)
  return { looks, isWhole }
}

function look(workers: ReadonlyMap<number, number>): Look {
  const live = workers.values().reduce((sum, bytes) => sum + bytes, liveHeap())
  const { rss, arrayBuffers } = process.memoryUsage()
  return { rss: rss / MIB, heap: live / MIB, buffers: arrayBuffers / MIB }
}

function line({ rss, heap, buffers }: Look): string {
  const mib = (value: number) => `${value.toFixed(1).padStart(7)} MiB`
  return `resident ${mib(rss)}  live heap ${mib(heap)}  buffers ${mib(buffers)}`
}

function verdictOn(field: keyof Look, looks: readonly Look[]): boolean {
  const trend = trendOf(looks.map((one) => one[field]))
  const flat = isFlat(trend, SLACK[field])
  const growth = `${trend.growth >= 0 ? '+' : ''}${trend.growth.toFixed(2)} MiB`
  console.log(
    `${field.padEnd(8)} ${trend.mean.toFixed(1)} MiB on average, ${growth} over the time: ${flat ? 'flat' : 'GREW'}`,
  )
  return flat
}

process.exitCode = await main()
