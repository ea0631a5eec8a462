import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { machine, machineLine } from 'sage-stream/bench'
import type { Chaos } from '../engine/e2e/chaos/chaos.ts'
import { expectedOf, type FiledRun, killFiled } from '../engine/e2e/chaos/filed-runs.ts'
import type { LedgerReport } from '../engine/e2e/chaos/ledger-check.ts'
import {
  killAtFaultPoints,
  killProcesses,
  terminateThreads,
  throwFaults,
  troubleDisk,
} from '../engine/e2e/chaos/ledger-runs.ts'
import { killQueries, rescaleQueries, STATEFUL_QUERIES } from './nexmark/chaos-runs.ts'
import { SMALL_RECORDING } from './nexmark/options.ts'
import type { Outcome } from './nexmark/outcome.ts'
import { resultsBySql } from './nexmark/sql.ts'

const HELP = `Kills processes, terminates threads, lets user code and disks fail, all at random moments, and holds what jobs have
made visible against what they were given: nothing lost, nothing twice, in order.

  npm run chaos                                   all of it; about half an hour
  npm run chaos -- --only kills,terminations      some of it
  npm run chaos -- --seed 7                       other moments; printed with each run
  npm run chaos -- --input events-100k.jsonl.gz   Nexmark over another recording than the small one of 2,000 events

  kills          a job from files to files: counts per key and windows, its process killed 100 times
  faultPoints    its process killed before each operation on its checkpoint files
  failures       map, snapshot, restore and close that throw, with a checkpoint each 100 ms, at parallelism 1, 2 and 5
  terminations   its threads terminated 100 times; nothing is left of them
  disk           full, read-only, broken and slow under its checkpoints
  poison         100 of 100,000 records refused, to dead letters in files, killed 5 times
  connected      process, join, window and coMap of two streams, killed 20 times
  loops          records that go round a loop with state and promises, killed 20 times
  queries        Nexmark q3-q5, q7-q9, q11, q17-q20 killed 5 times: their rows are those of SQL
  rescale        Nexmark q5 and q8 from savepoints at parallelism 2, 3, 1 and 5

Exits with 1 when anything was wrong.`

/** A run came to that; `wrong` says what should not be, if anything. */
interface Verdict {
  readonly size: string
  readonly wrong: readonly string[]
}

type Scenario = (chaos: Chaos, input: string) => Promise<Verdict>

/** What is not as it should be in a report of the ledger's checker. */
function faultsIn({ records, windows, ...faults }: LedgerReport): string[] {
  return Object.entries(faults)
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${count} ${what}`)
}

const unless = (fine: boolean, wrong: string): string[] => (fine ? [] : [wrong])

const scenarios: Readonly<Record<string, Scenario>> = {
  async kills(chaos) {
    const { kills, report } = await killProcesses(chaos, { kills: 100, records: 400_000 })
    const wrong = [...unless(kills === 100, `killed ${kills} times`), ...faultsIn(report)]
    return { size: `${kills} kills, ${report.records} records`, wrong }
  },
  async faultPoints(chaos) {
    const points = Array.from({ length: 150 }, (_, i) => i + 1)
    const { kills, forgotten, report } = await killAtFaultPoints(chaos, { points, records: 60_000 })
    const wrong = unless(forgotten === 0, `${forgotten} complete checkpoints forgotten`)
    return { size: `${kills} kills`, wrong: [...wrong, ...faultsIn(report)] }
  },
  async failures(chaos) {
    const order = ['snapshot', 'map', 'restore', 'snapshot', 'map', 'restore', 'close'] as const
    const wrong: string[] = []
    let all = 0
    for (const parallelism of [1, 2, 5]) {
      const own = { ...chaos, root: join(chaos.root, String(parallelism)) }
      const run = { parallelism, records: 60_000, order }
      const { failures, refused, checkpoints, report } = await throwFaults(own, run)
      all += failures.length + refused.length
      const at = (what: string) => `parallelism ${parallelism}: ${what}`
      const seen = failures.length === 5 && refused.length === 2
      wrong.push(...unless(seen, at(`${failures.length} failures, ${refused.length} refused`)))
      wrong.push(...unless(checkpoints >= 8, at(`${checkpoints} checkpoints`)))
      wrong.push(...faultsIn(report).map(at))
    }
    return { size: `${all} failures, parallelism 1, 2, 5`, wrong }
  },
  async terminations(chaos) {
    const run = { times: 100, records: 60_000 }
    const { restarts, before, after, report } = await terminateThreads(chaos, run)
    const [had, has] = [JSON.stringify(before), JSON.stringify(after)]
    const wrong = [
      ...unless(restarts === 100, `${restarts} restarts`),
      ...unless(had === has, `before ${had}, after ${has}`),
      ...faultsIn(report),
    ]
    return { size: `${restarts} terminations`, wrong }
  },
  async disk(chaos) {
    const { troubled, restarts, report } = await troubleDisk(chaos, 60_000)
    const wrong = troubled
      .filter(({ trouble, code, wentOn, recovered }) => {
        return (code ?? 'slow') !== trouble || !wentOn || !recovered
      })
      .map((one) => JSON.stringify(one))
    const size = troubled.map(({ trouble }) => trouble).join(', ')
    return { size, wrong: [...wrong, ...unless(restarts === 0, 'restarted'), ...faultsIn(report)] }
  },
  poison: (chaos) => filed(chaos, { name: 'poisoned', kills: 5, count: 100_000, pace: 20 }),
  connected: (chaos) => filed(chaos, { name: 'connected', kills: 20, count: 40_000, pace: 1 }),
  loops: (chaos) => filed(chaos, { name: 'loops', kills: 20, count: 20_000, pace: 10 }),
  async queries(chaos, input) {
    // Slow enough to last for all kills.
    const run = {
      input,
      queries: STATEFUL_QUERIES,
      kills: 5,
      pace: input === SMALL_RECORDING ? 1 : 20,
    }
    const { kills, outcomes } = await killQueries(chaos, run)
    const wrong = unless(kills === run.kills, `killed ${kills} times`)
    return { size: `${kills} kills`, wrong: [...wrong, ...(await differences(input, outcomes))] }
  },
  async rescale(chaos, input) {
    const pace = input === SMALL_RECORDING ? 1 : 20
    const run = { input, queries: ['q5', 'q8'], parallelisms: [2, 3, 1, 5], pace }
    const { read, outcomes } = await rescaleQueries(chaos, run)
    return { size: `${read.join(' + ')} events`, wrong: await differences(input, outcomes) }
  },
}

async function filed(chaos: Chaos, run: FiledRun): Promise<Verdict> {
  const { kills, lines } = await killFiled(chaos, run)
  const expected = expectedOf[run.name](run.count)
  const differ = Object.keys(expected).filter(
    (folder) => lines[folder]?.join('\n') !== expected[folder].join('\n'),
  )
  const wrong = [
    ...unless(kills === run.kills, `killed ${kills} times`),
    ...differ.map((one) => `${one} differ`),
  ]
  return { size: `${kills} kills, ${run.count} records`, wrong }
}

async function differences(input: string, found: Map<string, Outcome>): Promise<string[]> {
  const expected = await resultsBySql(input)
  return [...found].flatMap(([name, { rows, md5 }]) => {
    const should = expected.get(name)
    const isRight = should?.md5 === md5 && should.rows === rows
    return isRight
      ? []
      : [`${name}: ${rows} rows, ${md5}; expected ${should?.rows}, ${should?.md5}`]
  })
}

async function main(): Promise<number> {
  const names = Object.keys(scenarios)
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', short: 'h' },
      only: { type: 'string', default: names.join(',') },
      seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
      input: { type: 'string', default: SMALL_RECORDING },
    },
  })
  if (values.help) {
    console.log(HELP)
    return 0
  }
  const seed = Number(values.seed)
  if (!Number.isInteger(seed) || seed < 0)
    throw new RangeError(`expected --seed to be a whole number from 0, got ${values.seed}`)
  const chosen = values.only.split(',').map((name) => name.trim())
  const unknown = chosen.find((name) => !names.includes(name))
  if (unknown !== undefined)
    throw new RangeError(`expected --only to be of ${names.join(', ')}, got ${unknown}`)
  console.log(`${machineLine(machine())}\nseed ${seed}\n`)
  let bad = 0
  for (const name of chosen) if (!(await run(name, seed, values.input))) bad++
  console.log(bad === 0 ? '\nnothing lost, nothing twice, in order' : `\n${bad} went WRONG`)
  return bad === 0 ? 0 : 1
}

/** Whether all was well. */
async function run(name: string, seed: number, input: string): Promise<boolean> {
  const root = mkdtempSync(join(tmpdir(), `sage-chaos-${name}-`))
  const begin = performance.now()
  const progress = (what: string) => {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${name}: ${what}`)
  }
  try {
    const { size, wrong } = await scenarios[name]({ root, seed, progress }, input)
    progress('\r\x1b[K')
    const seconds = ((performance.now() - begin) / 1000).toFixed(1).padStart(7)
    console.log(
      `${name.padEnd(13)} ${seconds} s  ${wrong.length === 0 ? 'ok   ' : 'WRONG'}  ${size}`,
    )
    for (const one of wrong) console.log(`    ${one}`)
    return wrong.length === 0
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

process.exitCode = await main()
