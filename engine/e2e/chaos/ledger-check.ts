/**
 * Holds what the ledger job has made visible against what it was given: files only, and nothing of the engine. As a program:
 * `node ledger-check.ts INPUT OUTPUT` prints the report as JSON, and exits with 1 where something is wrong.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { argv } from 'node:process'
import { fileURLToPath } from 'node:url'

/** What is wrong; all zeros: nothing. */
export interface LedgerReport {
  readonly records: number
  readonly lost: number
  readonly doubled: number
  /** Rows that no record explains, or with a wrong count. */
  readonly wrong: number
  /** Rows that stand before an earlier one of their key. */
  readonly disordered: number
  readonly windows: number
  readonly windowsLost: number
  readonly windowsDoubled: number
  readonly windowsWrong: number
  /** Files that are not visible, and nobody's. */
  readonly leftovers: number
}

const WINDOW_MS = 1_000

/** Rows of a folder of part files, in the order in which they became visible. */
function rowsOf(folder: string): { rows: Record<string, any>[]; leftovers: number } {
  const names = readdirSync(folder)
  const order = (name: string) => {
    const [, subtask, epoch, roll] = /^part-(\d+)-(\d+)(?:-(\d+))?\./.exec(name)!
    return [Number(epoch), Number(subtask), Number(roll ?? 0)]
  }
  const visible = names
    .filter((name) => name.startsWith('part-'))
    .map((name) => ({ name, order: order(name) }))
    .sort((a, b) => a.order[0] - b.order[0] || a.order[1] - b.order[1] || a.order[2] - b.order[2])
  const rows = visible.flatMap(({ name }) => jsonLines(join(folder, name)))
  return { rows, leftovers: names.length - visible.length }
}

function jsonLines(path: string): Record<string, any>[] {
  const text = readFileSync(path, 'utf8')
  return text === ''
    ? []
    : text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
}

export function checkLedger(input: string, output: string): LedgerReport {
  const given = new Set<string>()
  const expected = new Map<string, number>()
  for (const name of readdirSync(input)) {
    for (const { key, seq, at } of jsonLines(join(input, name))) {
      given.add(`${key} ${seq}`)
      const window = `${key} ${at - (at % WINDOW_MS)}`
      expected.set(window, (expected.get(window) ?? 0) + 1)
    }
  }
  const counts = rowsOf(join(output, 'counts'))
  const seen = new Set<string>()
  const last = new Map<string, number>()
  let [doubled, wrong, disordered] = [0, 0, 0]
  for (const { key, seq, n } of counts.rows) {
    const id = `${key} ${seq}`
    if (seen.has(id)) doubled++
    else if (!given.has(id) || n !== seq + 1) wrong++
    if (seq < (last.get(key) ?? 0)) disordered++
    seen.add(id)
    last.set(key, seq)
  }
  const sums = rowsOf(join(output, 'windows'))
  const windows = new Set<string>()
  let [windowsDoubled, windowsWrong] = [0, 0]
  for (const { key, start, value } of sums.rows) {
    const id = `${key} ${start}`
    if (windows.has(id)) windowsDoubled++
    else if (expected.get(id) !== value) windowsWrong++
    windows.add(id)
  }
  return {
    records: given.size,
    lost: [...given].filter((id) => !seen.has(id)).length,
    doubled,
    wrong,
    disordered,
    windows: expected.size,
    windowsLost: [...expected.keys()].filter((id) => !windows.has(id)).length,
    windowsDoubled,
    windowsWrong,
    leftovers: counts.leftovers + sums.leftovers,
  }
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const report = checkLedger(argv[2], argv[3])
  console.log(JSON.stringify(report))
  const { records, windows, ...faults } = report
  process.exitCode = Object.values(faults).every((count) => count === 0) ? 0 : 1
}
