import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { queries } from './queries.ts'
import type { ReplayTime, RunOptions } from './run.ts'

/** What the command line asks for. */
export interface Options extends RunOptions, ReplayTime {
  readonly input: string
  readonly queries: readonly string[]
  readonly json: boolean
  readonly check: boolean
}

/** Two thousand events: enough to see that everything works, too few for figures that mean much. */
export const SMALL_RECORDING = fileURLToPath(
  new URL('fixtures/events-2k.jsonl.gz', import.meta.url),
)

/** A job has that many key groups. */
const MAX_PARALLELISM = 128

export const help = `Runs queries of the Nexmark benchmark over recorded events.

  npm run nexmark -- --input events.jsonl.gz --queries q0,q5 --parallelism 2 --json

  --input FILE         recorded events, JSON lines, packed by gzip or not: {"Person": {…}}, {"Auction": {…}}, {"Bid": {…}}
                       (default: a small recording of 2,000 events)
  --queries LIST       names with commas (default: all)
                       ${Object.keys(queries).join(' ')}
  --parallelism N      subtasks of each operator, 1 to ${MAX_PARALLELISM} (default: 2)
  --mode MODE          threads or inline: everything on the main thread (default: threads)
  --seconds S          how long each query is measured while the recording is replayed, its ids and times shifted
                       each round (default: 3); 0 measures the one pass that gives the result, from a cold start
  --warmup S           how long it is replayed before that (default: 1)
  --json               one JSON object a line for each query, and nothing else on stdout (npm run -s leaves out npm's own lines):
                       { query, rows, md5, total, events, seconds, eventsPerSecond, eventsPerCpuSecond, peakRssMb }
  --check              compares results with DuckDB's on the same file and with the reference recording's; exits with 1
                       where one differs
  --help               this text

rows and md5 are of one pass over the recording: the MD5 of the rows as text, columns joined by |, sorted by bytes, joined
by newlines. q12 and q13 have a total instead: the number of bids. The rest is of the replay; CPU seconds are those of
the whole process.`

/** A command line that asks for what there is not. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Undefined for `--help`. Throws {@link UsageError}. */
export function parseOptions(args: readonly string[]): Options | undefined {
  const values = parse(args)
  if (values.help) return undefined
  const mode = values.mode
  if (mode !== 'threads' && mode !== 'inline') {
    throw new UsageError(`--mode: expected threads or inline, got ${mode}`)
  }
  return {
    input: values.input,
    queries: namesIn(values.queries),
    parallelism: parallelismOf(values.parallelism),
    mode,
    seconds: secondsOf('seconds', values.seconds),
    warmup: secondsOf('warmup', values.warmup),
    json: values.json,
    check: values.check,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        input: { type: 'string', default: SMALL_RECORDING },
        queries: { type: 'string', default: Object.keys(queries).join(',') },
        parallelism: { type: 'string', default: '2' },
        mode: { type: 'string', default: 'threads' },
        seconds: { type: 'string', default: '3' },
        warmup: { type: 'string', default: '1' },
        json: { type: 'boolean', default: false },
        check: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function namesIn(list: string): string[] {
  const names = list.split(',').map((name) => name.trim())
  const unknown = names.filter((name) => !Object.hasOwn(queries, name))
  if (unknown.length === 0) return names
  const known = Object.keys(queries).join(', ')
  throw new UsageError(
    `--queries: expected of ${known}; got ${unknown.map((one) => `'${one}'`).join(', ')}`,
  )
}

function parallelismOf(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1 && value <= MAX_PARALLELISM) return value
  throw new UsageError(
    `--parallelism: expected a whole number from 1 to ${MAX_PARALLELISM}, got '${text}'`,
  )
}

function secondsOf(name: string, text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (Number.isFinite(value) && value >= 0) return value
  throw new UsageError(`--${name}: expected a number of seconds, got '${text}'`)
}
