import { StreamError } from '../../codec/errors.ts'
import { DOORBELL_BYTES } from '../ring/doorbell.ts'
import { CAPACITY_MIN, maxMessageBytes, RING_ALIGNMENT, ringBytes } from '../ring/layout.ts'
import type { Plan } from './plan.ts'

const DEFAULT_RING_BYTES = 256 * 1024
/** Frames larger than this gain nothing: a frame's fixed cost is long paid, and latency grows. */
const FRAME_BYTES_MAX = 32 * 1024
/** A row of numbers: see `engine/metrics/counters.ts`. One cache line. */
export const COUNTER_ROW_BYTES = 64
/** What a feedback loop takes for itself, and for each subtask in it: see `engine/task/loop-words.ts`. */
export const LOOP_LINE_BYTES = 64
/** Rows of a ring: one for each of its ends. */
const LINK_ROWS = 2

/** Limits of a job's shared memory. */
export interface MemorySettings {
  readonly ringBytes: number | undefined
  readonly totalRingBytes: number
}

/**
 * Where everything lies in the one shared arena of a job, which is allocated before its first thread
 * starts:
 *
 * ```
 *   0          doorbells: one a worker thread, then the main thread's
 *   counters   one row (64 bytes) a subtask of each operator, then of each combiner, then of each chain;
 *              then two rows a ring, the sender's and the receiver's, in the order of the rings
 *   loops      a feedback loop's own line, then one a subtask of each of its chains, chain by chain
 *   rings      exchange by exchange; in it, sender by sender, receiver by receiver
 * ```
 */
export interface MemoryPlan {
  readonly totalBytes: number
  readonly ringCapacity: number
  /** A frame is handed on when it has about this many bytes. */
  readonly frameBytes: number
  doorbell(thread: number): number
  /** The main thread's doorbell. */
  readonly mainDoorbell: number
  /** First row of a node's counters; its subtask i has row + i. */
  readonly counterRow: readonly number[]
  /** First row of an exchange's combiner, by exchange id; undefined where there is none. */
  readonly combinerRow: readonly (number | undefined)[]
  /** First row of a chain's times, by chain id; its subtask i has row + i. */
  readonly timeRow: readonly number[]
  readonly counterOffset: number
  readonly counterRows: number
  /** Where the lines of a feedback loop begin, by loop. */
  readonly loopOffset: readonly number[]
  /** Offset of the ring from `sender` to `receiver`. */
  ring(exchange: number, sender: number, receiver: number): number
  /** Row of the ring's sender; the receiver's is the next. */
  linkRow(exchange: number, sender: number, receiver: number): number
  readonly ringCount: number
}

/** Adds up a plan's memory. Throws `SAGE_MEMORY` when the rings do not fit their limit. */
export function planMemory(plan: Plan, settings: MemorySettings): MemoryPlan {
  const counts = plan.exchanges.map((e) => (e.pairwise ? e.senders : e.senders * e.receivers))
  const ringCount = counts.reduce((sum, n) => sum + n, 0)
  const ringCapacity = chooseCapacity(ringCount, settings)
  const stride = align(ringBytes(ringCapacity))
  const counterOffset = DOORBELL_BYTES * (plan.threads + 1)
  const rows = countRows(plan, counts)
  const loops = placeLoops(plan, counterOffset + rows.total * COUNTER_ROW_BYTES)
  const firstRing = align(loops.end)
  const bases: number[] = []
  let next = firstRing
  for (const [exchange, rings] of counts.entries()) {
    bases[exchange] = next
    next += rings * stride
  }
  const indexOf = (exchange: number, sender: number, receiver: number) => {
    const { pairwise, receivers } = plan.exchanges[exchange]
    return pairwise ? sender : sender * receivers + receiver
  }
  return {
    totalBytes: firstRing + ringCount * stride,
    ringCapacity,
    frameBytes: Math.min(FRAME_BYTES_MAX, maxMessageBytes(ringCapacity)),
    doorbell: (thread) => thread * DOORBELL_BYTES,
    mainDoorbell: plan.threads * DOORBELL_BYTES,
    counterRow: rows.byNode,
    combinerRow: rows.byExchange,
    timeRow: rows.byChain,
    counterOffset,
    counterRows: rows.total,
    loopOffset: loops.offsets,
    ring: (exchange, sender, receiver) =>
      bases[exchange] + indexOf(exchange, sender, receiver) * stride,
    linkRow: (exchange, sender, receiver) =>
      rows.byRing[exchange] + indexOf(exchange, sender, receiver) * LINK_ROWS,
    ringCount,
  }
}

function countRows(plan: Plan, rings: readonly number[]) {
  let total = 0
  const take = (rows: number): number => {
    total += rows
    return total - rows
  }
  const byNode = plan.parallelism.map(take)
  const byExchange = plan.exchanges.map(({ combiner, senders }) => {
    return combiner === undefined ? undefined : take(senders)
  })
  const byChain = plan.chains.map(({ parallelism }) => take(parallelism))
  const byRing = rings.map((count) => take(count * LINK_ROWS))
  return { total, byNode, byExchange, byChain, byRing }
}

function placeLoops({ chains, loops }: Plan, from: number) {
  const offsets: number[] = []
  let end = from
  for (let loop = 0; loop < loops.count; loop++) {
    offsets.push(end)
    end += LOOP_LINE_BYTES
    for (const chain of chains) if (chain.loop === loop) end += chain.parallelism * LOOP_LINE_BYTES
  }
  return { offsets, end }
}

function chooseCapacity(rings: number, settings: MemorySettings): number {
  let capacity = settings.ringBytes ?? DEFAULT_RING_BYTES
  const total = () => rings * align(ringBytes(capacity))
  while (
    settings.ringBytes === undefined &&
    capacity > CAPACITY_MIN &&
    total() > settings.totalRingBytes
  )
    capacity /= 2
  if (total() <= settings.totalRingBytes) return capacity
  throw new StreamError(
    'SAGE_MEMORY',
    `memory.totalRingBytes: expected at least ${total()} bytes for ${rings} rings of ${capacity} bytes, got ${settings.totalRingBytes}; ` +
      'lower the parallelism or memory.ringBytes, or raise the limit',
  )
}

function align(bytes: number): number {
  return (bytes + RING_ALIGNMENT - 1) & ~(RING_ALIGNMENT - 1)
}
