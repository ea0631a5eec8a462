import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { createArena } from './arena.ts'
import { DOORBELL_BYTES } from './doorbell.ts'
import { initRing, ringBytes } from './layout.ts'

/**
 * Two real threads and one ring: a producer of numbered messages of random length, a consumer that
 * knows what each must hold. Both pause at random, park on doorbells when there is nothing to do,
 * and count what they saw. This table says what they may see.
 */
export const OUTCOMES = {
  'seen at once': 'allowed: the tail was published before the consumer looked',
  'not yet seen': 'allowed: the consumer looked before the tail was published',
  'consumer woken': 'allowed: it slept, and a commit rang',
  'consumer kept awake':
    'allowed: it was about to sleep, and a commit had rung since it read its bell',
  'room at once': 'allowed: the head left room',
  'no room': 'allowed: the consumer is behind; the producer was refused and has announced it',
  'producer woken': 'allowed: it slept, and a release rang',
  'producer kept awake':
    'allowed: it was about to sleep, and a release had rung since it read its bell',
  torn: 'forbidden: bytes of a message are older than the tail that published it',
  'wrong length': 'forbidden: a header is older than its tail, or was overwritten',
  'out of order': 'forbidden: a whole message, but not the next one: lost, doubled or reordered',
  'consumer not woken': 'forbidden: it slept its whole time although a message lay there',
  'producer not woken': 'forbidden: it slept its whole time although there was room',
  'left over': 'forbidden: bytes in the ring after the last message',
} as const

/** The name of something that the threads can see. */
export type Outcome = keyof typeof OUTCOMES

/** How often each outcome was seen; what was never seen is 0. */
export type Histogram = Record<Outcome, number>

/** What one run of the stress is made of. `position` is where head and tail begin to count. */
export interface StressOptions {
  readonly messages: number
  readonly capacityBytes: number
  readonly seed: number
  readonly position?: number
}

/** What a worker of the stress is given. */
export interface StressWork extends StressOptions {
  readonly role: 'producer' | 'consumer'
  readonly buffer: SharedArrayBuffer
}

/** Where producer's and consumer's doorbells lie, and behind them the ring. */
export const PRODUCER_BELL = 0
export const CONSUMER_BELL = DOORBELL_BYTES
export const RING = 2 * DOORBELL_BYTES

/** Sends messages from one thread to another. Ends early at the first forbidden outcome. */
export async function stressRing(options: StressOptions): Promise<Histogram> {
  const arena = createArena(RING + ringBytes(options.capacityBytes))
  initRing(arena, RING, options.capacityBytes, options.position)
  const roles = (['producer', 'consumer'] as const).map((role) => {
    const workerData: StressWork = { ...options, role, buffer: arena.buffer }
    const worker = new Worker(new URL('./ring-worker.stress.ts', import.meta.url), { workerData })
    const histogram = once(worker, 'message').then(([value]) => value as Partial<Histogram>)
    return { worker, histogram }
  })
  const total = Object.fromEntries(Object.keys(OUTCOMES).map((name) => [name, 0])) as Histogram
  try {
    const [producer, consumer] = roles
    // A consumer that saw something forbidden leaves the producer behind, perhaps blocked for ever.
    const first = await Promise.race([consumer.histogram, failureOf(producer.histogram)])
    add(total, first)
    if (forbidden(total).length === 0) add(total, await producer.histogram)
  } finally {
    await Promise.all(roles.map(({ worker }) => worker.terminate()))
  }
  return total
}

/** The forbidden outcomes that were seen. */
export function forbidden(histogram: Histogram): Outcome[] {
  const names = Object.keys(OUTCOMES) as Outcome[]
  return names.filter((name) => OUTCOMES[name].startsWith('forbidden') && histogram[name] > 0)
}

/** Settles only if something went wrong: the worker failed, or it saw something forbidden. */
function failureOf(histogram: Promise<Partial<Histogram>>): Promise<Partial<Histogram>> {
  return new Promise((resolve, reject) => {
    histogram.then((seen) => seen['producer not woken'] && resolve(seen)).catch(reject)
  })
}

function add(total: Histogram, part: Partial<Histogram>): void {
  for (const name of Object.keys(part) as Outcome[]) total[name] += part[name] ?? 0
}
