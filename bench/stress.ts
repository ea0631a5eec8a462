import { parseArgs } from 'node:util'
import { machine, machineLine } from 'sage-stream/bench'
import { stressDelivery } from '../engine/e2e/delivery.stress.ts'
import { forbidden, OUTCOMES, stressRing } from '../engine/ring/ring.stress.ts'
import {
  forbiddenOf,
  OUTCOMES as STATE_OUTCOMES,
  stressState,
} from '../engine/state/shared-state.stress.ts'

const HELP = `Sends messages through rings between two threads and counts what they saw; has threads call
one shared state, and ends some of them in the middle of it; then runs random graphs and holds their
results against a single-threaded reference.

  npm run stress                          100 million messages, 4 million calls, 2,000 graphs
  npm run stress -- --messages 1000000    another number of messages
  npm run stress -- --calls 100000        another number of calls to shared state, of all threads
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
      calls: { type: 'string', default: '4000000' },
      graphs: { type: 'string', default: '2000' },
      seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    },
  })
  if (values.help) {
    console.log(HELP)
    return 0
  }
  const total = wholeNumber('messages', values.messages)
  const calls = wholeNumber('calls', values.calls)
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
    print(seen, OUTCOMES)
    bad += forbidden(seen).length
  }
  bad += await stressStates(calls, seed)
  await stressGraphs(graphs, seed)
  return bad === 0 ? 0 : 1
}

/** Threads that share the calls evenly: as many as processors, more, and some that are ended. */
const STATES = [
  { threads: 2, victims: 0 },
  { threads: 8, victims: 0, issued: 2 ** 31 - 1000 },
  { threads: 3, victims: 30, issued: -1000 },
]

/** How many forbidden outcomes were seen. */
async function stressStates(total: number, seed: number): Promise<number> {
  let bad = 0
  for (const state of STATES) {
    const calls = Math.ceil(total / STATES.length / state.threads)
    const begin = performance.now()
    const seen = await stressState({ ...state, calls, seed })
    const seconds = (performance.now() - begin) / 1000
    console.log(
      `${calls} calls of ${state.threads} threads to shared state, ${state.victims} threads ended, ${seconds.toFixed(1)} s`,
    )
    print(seen, STATE_OUTCOMES)
    bad += forbiddenOf(seen).length
  }
  return bad
}

function print<O extends string>(seen: Record<O, number>, outcomes: Record<O, string>): void {
  for (const name of Object.keys(outcomes) as O[]) {
    console.log(`  ${String(seen[name]).padStart(11)}  ${name.padEnd(20)}  ${outcomes[name]}`)
  }
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
