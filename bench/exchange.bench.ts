/**
 * Records of four numbers and three strings from one thread to another, through the engine's own channels; the
 * receiver reads every field.
 *
 * ```
 *   record ── OutputChannel: frame writer ──> [ ring ] ──> InputChannel: frame reader ──> sum      the subject
 *   record ── postMessage: structured clone ──> [ message port ] ──> sum
 * ```
 */
import { once } from 'node:events'
import { MessageChannel, Worker } from 'node:worker_threads'
import { type BenchResult, type Contender, expectSum, measure, perSecond } from 'sage-stream/bench'
import { createArena } from '../engine/ring/arena.ts'
import { initRing, ringBytes } from '../engine/ring/layout.ts'
import { expectedSum, type FieldsRead } from './exchange-orders.ts'
import {
  RING_AT,
  RING_CAPACITY,
  type Run,
  type RunResult,
  type ThreadInput,
  type Way,
} from './exchange-worker.ts'

export const title = 'records between two threads'
export const targets =
  'beside postMessage of 1,000 records a message: with a schema >= 3x, plain objects >= 2x, ' +
  'by view with 2 fields read >= 5x'

/** Runs the table. */
export async function run(): Promise<BenchResult[]> {
  const arena = createArena(RING_AT + ringBytes(RING_CAPACITY))
  initRing(arena, RING_AT, RING_CAPACITY)
  const { port1, port2 } = new MessageChannel()
  const start = (role: ThreadInput['role'], port: ThreadInput['port']) => {
    const workerData: ThreadInput = { role, port, buffer: arena.buffer }
    return new Worker(new URL('./exchange-worker.ts', import.meta.url), {
      workerData,
      transferList: [port],
    })
  }
  const sender = start('sender', port1)
  const receiver = start('receiver', port2)
  const contender = (
    name: string,
    way: Way,
    records: number,
    fields: FieldsRead = 'all',
  ): Contender => ({
    name,
    run: () => runOnce(sender, receiver, { way, records, fields }),
    check: expectSum(expectedSum(records, fields)),
  })
  const table = (bench: string, ...contenders: Contender[]) =>
    measure({ bench, unit: perSecond('records'), contenders })
  try {
    return [
      ...(await table(
        'records of 4 numbers and 3 strings',
        contender('with a schema', 'schema', 2_000_000),
        contender('plain objects, no schema', 'general', 1_000_000),
        contender('postMessage, 1,000 a message', { post: 1000 }, 400_000),
        contender('postMessage, one a message', { post: 1 }, 50_000),
      )),
      ...(await table(
        'the same, without a schema',
        contender('plain objects', 'general', 1_000_000),
        contender('postMessage, 1,000 a message', { post: 1000 }, 400_000),
      )),
      ...(await table(
        'the same, 2 numbers read of the 7 fields',
        contender('by view', 'view', 2_000_000, 'two'),
        contender('with a schema', 'schema', 2_000_000, 'two'),
        contender('postMessage, 1,000 a message', { post: 1000 }, 400_000, 'two'),
      )),
    ]
  } finally {
    await Promise.all([sender.terminate(), receiver.terminate()])
  }
}

async function runOnce(sender: Worker, receiver: Worker, run: Run) {
  const answers = [receiver, sender].map((worker) => once(worker, 'message'))
  for (const worker of [receiver, sender]) worker.postMessage(run)
  const [[result]] = (await Promise.all(answers)) as [[RunResult], unknown]
  return { operations: run.records, ms: result.ms, sum: result.sum }
}
