import { parseArgs } from 'node:util'
import { machine, machineLine } from 'sage-stream/bench'
import { stressDelivery } from '../engine/e2e/delivery.stress.ts'
import { forbidden, OUTCOMES, type Outcome, stressRing } from '../engine/ring/ring.stress.ts'

const HELP = `Sends messages through rings between two threads and counts what they saw; then runs
random graphs and holds their results against a single-threaded reference.

  npm run stress                          100 million messages, 2,000 graphs
  npm run stress -- --messages 1000000    another number of messages
  npm run stress -- --graphs 100          another number of graphs; a tenth of them on threads
  npm run stress -- --seed 7              other lengths and pauses; printed with each run

Exits with 1 when something forbidden was seen.`

/** The rings that share the messages evenly: tiny, across both wraps of the positions, and wide. */
const RINGS = [
  { capacityBytes: 4096, position: 0 },
  { capacityBytes: 1 << 14, position: 2 ** 32 - 8192 },
  { capacityBytes: 1 << 16, position: 2 ** 31 - 8192 },
  { capacityBytes: 1 << 20, position: 0 },
]

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', short: 'h' },
      messages: { type: 'string', default: '100000000' },
      graphs: { type: 'string', default: '2000' },
      seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    },
  })
  if (values.help) {
    console.log(HELP)
    return 0
  }
  const total = wholeNumber('messages', values.messages)
  const graphs = wholeNumber('graphs', values.graphs)
  const seed = wholeNumber('seed', values.seed)
  console.log(`${machineLine(machine())}\nseed ${seed}\n`)
  let bad = 0
  for (const ring of RINGS) {
    const messages = Math.ceil(total / RINGS.length)
    const begin = performance.now()
    const seen = await stressRing({ ...ring, messages, seed })
    const seconds = (performance.now() - begin) / 1000
    console.log(
      `${messages} messages, ring of ${ring.capacityBytes} bytes, ${seconds.toFixed(1)} s`,
    )
    for (const name of Object.keys(OUTCOMES) as Outcome[]) {
      console.log(`  ${String(seen[name]).padStart(11)}  ${name.padEnd(20)}  ${OUTCOMES[name]}`)
    }
    bad += forbidden(seen).length
  }
  await stressGraphs(graphs, seed)
  return bad === 0 ? 0 : 1
}

async function stressGraphs(graphs: number, seed: number): Promise<void> {
  const runs = { inline: graphs - Math.floor(graphs / 10), threads: Math.floor(graphs / 10) }
  for (const mode of ['inline', 'threads'] as const) {
    const begin = performance.now()
    await stressDelivery({ runs: runs[mode], seed, mode })
    const seconds = (performance.now() - begin) / 1000
    console.log(`${runs[mode]} random graphs, ${mode}, ${seconds.toFixed(1)} s`)
  }
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1 && value < 2 ** 31) return value
  throw new RangeError(`expected --${name} to be a whole number from 1 to 2^31 - 1, got ${text}`)
}

process.exitCode = await main()
