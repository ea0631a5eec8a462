/**
 * Messages of 64 bytes (eight numbers) from one thread to another, which adds all numbers up.
 *
 * ```
 *   fill ── claim, commit ──> [ ring in shared memory ] ──> peek, add up, release      the subject
 *   fill ── tryWrite ───────> [ ring in shared memory ] ──> peek, add up, release
 *   fill ── copy ───────────> [ one slot, one flag    ] ──> add up                     raw copy
 *   fill ── copy ──> shared memory ──> add up                                          one thread
 *   fill ── postMessage, transfer ──> [ message port ] ──> add up
 * ```
 */
import { once } from 'node:events'
import { MessageChannel, Worker } from 'node:worker_threads'
import { type BenchResult, type Contender, expectSum, measure, perSecond } from 'sage-stream/bench'
import { createArena } from '../engine/ring/arena.ts'
import { initRing, ringBytes } from '../engine/ring/layout.ts'
import { RING, type Run, type RunResult, type Way, type WorkerInput } from './ring-memory.ts'

export const title = '64-byte messages between two threads'
export const targets = '>= 50 M msg/s and >= 2x postMessage in batches of 64'

const CAPACITY_BYTES = 1 << 17

/** Runs both tables: batches of 64 messages, and single messages. */
export async function run(): Promise<BenchResult[]> {
  const pair = startPair()
  try {
    return [
      ...(await compare(pair, 64, { most: 16_000_000, posts: 4_000_000 })),
      ...(await compare(pair, 1, { most: 2_000_000, posts: 100_000 })),
    ]
  } finally {
    await Promise.all([pair.producer.terminate(), pair.consumer.terminate()])
  }
}

interface Pair {
  readonly producer: Worker
  readonly consumer: Worker
}

function startPair(): Pair {
  const arena = createArena(RING + ringBytes(CAPACITY_BYTES))
  initRing(arena, RING, CAPACITY_BYTES)
  const { port1, port2 } = new MessageChannel()
  const start = (role: WorkerInput['role'], port: WorkerInput['port']) => {
    const workerData: WorkerInput = { role, port, buffer: arena.buffer }
    return new Worker(new URL('./ring-worker.ts', import.meta.url), {
      workerData,
      transferList: [port],
    })
  }
  return { producer: start('producer', port1), consumer: start('consumer', port2) }
}

function compare(pair: Pair, batch: number, counts: { most: number; posts: number }) {
  const contender = (name: string, way: Way): Contender => {
    const messages = way === 'postMessage' ? counts.posts : counts.most
    return {
      name,
      run: () => runOnce({ way, batch, messages }, pair),
      check: expectSum(sumTo(messages)),
    }
  }
  return measure({
    bench: batch === 1 ? 'one message at a time' : `batches of ${batch}`,
    unit: perSecond('msg'),
    contenders: [
      contender('ring, written in place', 'in place'),
      contender('ring, copied by tryWrite', 'copied'),
      contender('postMessage, transferred', 'postMessage'),
      contender('one slot and a flag', 'flag'),
      contender('copy, one thread', 'alone'),
    ],
  })
}

async function runOnce(run: Run, { producer, consumer }: Pair) {
  const roles = run.way === 'alone' ? [consumer] : [consumer, producer]
  const answers = roles.map((worker) => once(worker, 'message'))
  for (const worker of roles) worker.postMessage(run)
  const [result] = (await Promise.all(answers)).map(([answer]) => answer as RunResult)
  return { operations: run.messages, ms: result.ms, sum: result.sum }
}

/**
 * Message m holds the numbers m to m + 7. All sums stay below 2^53, so they are exact in any order.
 */
function sumTo(messages: number): number {
  return 8 * ((messages * (messages - 1)) / 2) + 28 * messages
}
