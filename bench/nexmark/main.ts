/** `npm run nexmark`: runs queries of Nexmark over recorded events; `--help` says how. */
import { expectedResults, wrongIn } from './check.ts'
import { help, type Options, parseOptions, UsageError } from './options.ts'
import { type Recording, RecordingError, readRecording } from './recording.ts'
import { REFERENCE_SHA256 } from './reference.ts'
import { jsonLine, type QueryReport, tableHead, tableLine } from './report.ts'
import { runOnce, runReplay } from './run.ts'

/** Runs the program; returns its exit code. */
async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args)
  if (options === undefined) {
    console.log(help)
    return 0
  }
  progress(`reading ${options.input}`)
  const recording = readRecording(options.input)
  progress('')
  if (recording.sha256 !== REFERENCE_SHA256) {
    console.error(
      `${options.input}: not the reference recording (SHA-256 ${recording.sha256}): results have no reference`,
    )
  }
  return run(recording, options)
}

async function run(recording: Recording, options: Options): Promise<number> {
  if (!options.json) console.log(tableHead())
  const expected = options.check
    ? await expectedResults(options.input, recording, options.queries)
    : undefined
  let wrong = 0
  for (const query of options.queries) {
    const report = await runQuery(query, recording, options)
    console.log(options.json ? jsonLine(report) : tableLine(report))
    const difference = expected && wrongIn(report, expected.get(query), recording.bids)
    if (difference === undefined) continue
    console.error(`${query}: ${difference}`)
    wrong++
  }
  if (expected === undefined) return 0
  console.error(
    `${options.queries.length - wrong} of ${options.queries.length} results as expected`,
  )
  return wrong === 0 ? 0 : 1
}

async function runQuery(
  query: string,
  recording: Recording,
  options: Options,
): Promise<QueryReport> {
  progress(`${query}: one pass`)
  const once = await runOnce(query, recording, options)
  if (options.seconds > 0) progress(`${query}: ${options.warmup + options.seconds} s of replay`)
  const rate = options.seconds > 0 ? await runReplay(query, recording, options, options) : {}
  progress('')
  return { query, ...once, ...rate }
}

/** What goes on at present, on a terminal: the next line takes its place. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}

// Whoever reads the output has seen enough, as `head` does: nobody is left to tell it to.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  // What the user can mend is told without a stack.
  if (!(error instanceof UsageError || error instanceof RecordingError)) throw error
  console.error(error.message)
  process.exitCode = 2
}
