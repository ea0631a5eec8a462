import { parseArgs } from 'node:util'
import { machine, machineLine } from 'sage-stream/bench'
import { type SimulationReport, simulate } from '../engine/simulation/simulation.ts'

const HELP = `Runs random programs on the whole engine, single-threaded, each under one seed: what happens next, the
time, crashes, torn writes, full disks, failing code, clock jumps and changes of parallelism all follow from it. What becomes
visible is held against a plain interpreter's result (docs/simulator.md).

  npm run simulate                        1,000 seeds
  npm run simulate -- --seeds 100         another number of seeds
  npm run simulate -- --from 5000         another first seed; default 1
  npm run simulate -- --seed 7            one seed
  npm run simulate -- --seed 7 --trace    and all that happens in it, the same every time
  npm run simulate -- --seed 7 --crash-at 120
                                          its first life: nothing but a loss of power before event 120

Exits with 1 when something went wrong that must not; the first such seed ends the run.`

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', short: 'h' },
      seeds: { type: 'string', default: '1000' },
      from: { type: 'string', default: '1' },
      seed: { type: 'string' },
      trace: { type: 'boolean', default: false },
      'crash-at': { type: 'string' },
    },
  })
  if (values.help) {
    console.log(HELP)
    return 0
  }
  if (values.seed !== undefined) {
    const crashAt = values['crash-at']
    return simulateOne(wholeNumber('seed', values.seed), {
      trace: values.trace,
      crashAt: crashAt === undefined ? undefined : wholeNumber('crash-at', crashAt),
    })
  }
  if (values.trace || values['crash-at'] !== undefined)
    throw new RangeError('expected --trace and --crash-at with a --seed')
  const from = wholeNumber('from', values.from)
  return simulateMany(from, from + wholeNumber('seeds', values.seeds))
}

async function simulateOne(
  seed: number,
  { trace, crashAt }: { trace: boolean; crashAt: number | undefined },
): Promise<number> {
  const report = await simulate({
    seed,
    ...(trace ? { trace: (line: string) => console.log(line) } : {}),
    ...(crashAt === undefined ? {} : { first: { crash: { at: crashAt, mode: 'power' } } }),
  })
  const { workload, lives, restarts, events, checkpoints, rows, simulatedMs, finding } = report
  console.log(
    `seed ${seed}: ${workload}\n${lives} lives, ${restarts} restarts, ${events} events, ${checkpoints} checkpoints, ` +
      `${rows} rows visible, ${(simulatedMs / 1000).toFixed(1)} s simulated\n${finding ?? 'as it must be'}`,
  )
  return finding === undefined ? 0 : 1
}

async function simulateMany(from: number, to: number): Promise<number> {
  console.log(`${machineLine(machine())}\nseeds ${from} to ${to - 1}\n`)
  const sum = {
    lives: 0,
    restarts: 0,
    rots: 0,
    events: 0,
    checkpoints: 0,
    inFlight: 0,
    circulating: 0,
    rows: 0,
    simulatedMs: 0,
  }
  const begin = performance.now()
  let failed: SimulationReport | undefined
  let seed = from
  for (; seed < to && failed === undefined; seed++) {
    const report = await simulate({ seed })
    for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += report[name]
    if (report.finding !== undefined) failed = report
    progress(`${seed - from + 1} of ${to - from} seeds`)
  }
  progress('')
  const realMs = performance.now() - begin
  console.log(
    `${seed - from} seeds: ${sum.lives} lives, ${sum.restarts} restarts in their process, ${sum.rots} times a checkpoint damaged between them, ${sum.events} events, ${sum.checkpoints} checkpoints with ${sum.inFlight} records on their way, ` +
      `${sum.circulating} of them round loops, ${sum.rows} rows\n` +
      `simulated ${(sum.simulatedMs / 1000).toFixed(0)} s in ${(realMs / 1000).toFixed(1)} s: ` +
      `${(sum.simulatedMs / realMs).toFixed(0)} times as fast as real time`,
  )
  if (failed === undefined) return 0
  console.log(
    `\nseed ${failed.seed} failed: ${failed.finding}\n  ${failed.workload}\n` +
      `  npm run simulate -- --seed ${failed.seed} --trace`,
  )
  return 1
}

/** How far it is, on a terminal: the next line takes its place. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 0 && value < 2 ** 53) return value
  throw new RangeError(`expected --${name} to be a whole number of at least 0, got ${text}`)
}

try {
  process.exitCode = await main()
} catch (error) {
  // What the user can mend is told without a stack.
  const { code } = error as { code?: string }
  if (!(error instanceof RangeError || code?.startsWith('ERR_PARSE_ARGS'))) throw error
  console.error((error as Error).message)
  process.exitCode = 2
}
