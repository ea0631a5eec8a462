import { readdirSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type Machine, machine, machineLine, type Report, reportMarkdown } from 'sage-stream/bench'
import type { Bench } from './harness.ts'
import { save } from './report.ts'

const SUFFIX = '.bench.ts'

const help = (names: string[]) => `Runs benchmarks and prints their figures beside their peers'.

  npm run bench                 all of them
  npm run bench -- ${names[0]}         some of them, by name
  npm run bench -- --list       their names: ${names.join(', ')}
  npm run bench -- --help       this text

Writes bench/results/latest.md and latest.json; what did not run this time stays in them.`

/** Runs the program; returns its exit code. */
async function main(args: string[]): Promise<number> {
  const names = readdirSync(import.meta.dirname)
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => file.slice(0, -SUFFIX.length))
    .sort()
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h' }, list: { type: 'boolean' } },
  })
  if (values.help) return say(help(names))
  if (values.list) return say(names.join('\n'))
  const unknown = positionals.filter((name) => !names.includes(name))
  if (unknown.length > 0) {
    console.error(`expected ${names.join(', ')}; got ${unknown.join(', ')}`)
    return 2
  }
  const here = machine()
  say(`${machineLine(here)}\n`)
  const reports: Report[] = []
  for (const name of positionals.length > 0 ? positionals : names) {
    reports.push(await runBench(name, here))
  }
  save(reports)
  return reports.some((report) => report.error !== undefined) ? 1 : 0
}

/**
 * Runs one file. A bench that throws - a wrong sum, too - is reported and does not stop the others.
 */
async function runBench(name: string, here: Machine): Promise<Report> {
  const bench = (await import(`./${name}${SUFFIX}`)) as Bench
  const head = {
    name,
    title: bench.title,
    machine: here,
    ...(bench.targets === undefined ? {} : { targets: bench.targets }),
  }
  let report: Report
  try {
    report = { ...head, results: await bench.run() }
  } catch (error) {
    report = { ...head, results: [], error: String(error) }
  }
  say(`${reportMarkdown(report)}\n`)
  return report
}

function say(text: string): 0 {
  console.log(text)
  return 0
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  // A mistake on the command line is told without a stack.
  if (!(error instanceof TypeError && 'code' in error)) throw error
  console.error(error.message)
  process.exitCode = 2
}
