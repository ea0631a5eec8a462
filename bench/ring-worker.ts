import { parentPort, workerData } from 'node:worker_threads'
import { wrapArena } from '../engine/ring/arena.ts'
import { Doorbell } from '../engine/ring/doorbell.ts'
import { EMPTY, RingReader } from '../engine/ring/reader.ts'
import { FULL, RingWriter } from '../engine/ring/writer.ts'
import {
  ACKED_WORD,
  CONSUMER_BELL,
  FLAG_WORD,
  PRODUCER_BELL,
  READY_WORD,
  RING,
  type Run,
  type RunResult,
  SLOT,
  SLOT_BYTES,
  type WorkerInput,
} from './ring-memory.ts'

/** A message is eight numbers. */
const WORDS = 8
/** Looks before a thread parks: about 20 us. */
const SPINS = 2000
/** Batches that may be under way by postMessage before the producer waits. */
const WINDOW = 64

const { role, buffer, port } = workerData as WorkerInput
const arena = wrapArena(buffer)
const producerBell = new Doorbell(arena, PRODUCER_BELL)
const consumerBell = new Doorbell(arena, CONSUMER_BELL)
const own = new Float64Array(SLOT_BYTES / 8)
const ownBytes = new Uint8Array(own.buffer)

/** The numbers of `count` messages from message `first` on. */
function fill(to: Float64Array, word: number, first: number, count: number): void {
  for (let i = 0; i < count; i++) {
    for (let k = 0; k < WORDS; k++) to[word + i * WORDS + k] = first + i + k
  }
}

function sumOf(from: Float64Array, word: number, words: number): number {
  let sum = 0
  for (let i = 0; i < words; i++) sum += from[word + i]
  return sum
}

function copyLoop(
  from: Float64Array,
  fromWord: number,
  to: Float64Array,
  word: number,
  words: number,
) {
  for (let i = 0; i < words; i++) to[word + i] = from[fromWord + i]
}

/** Looks, spins, then parks: the owner's side of a doorbell. */
function until(bell: Doorbell, look: () => boolean): void {
  for (let spin = 0; spin < SPINS; spin++) if (look()) return
  for (let done = false; !done; ) {
    const seen = bell.read()
    bell.announce()
    done = look()
    if (!done) bell.wait(seen, 1000)
    bell.retract()
  }
}

function produceRing(run: Run): void {
  const writer = new RingWriter(arena, RING)
  const bytes = run.batch * WORDS * 8
  let at = FULL
  const claim = () => (at = writer.claim(bytes)) !== FULL
  const write = () => writer.tryWrite(ownBytes, 0, bytes)
  const inPlace = run.way === 'in place'
  for (let first = 0; first < run.messages; first += run.batch) {
    if (inPlace) {
      if (!claim()) until(producerBell, claim)
      fill(arena.f64, at >> 3, first, run.batch)
      writer.commit(bytes)
    } else {
      fill(own, 0, first, run.batch)
      if (!write()) until(producerBell, write)
    }
    consumerBell.ring()
  }
}

function consumeRing(run: Run): number {
  const reader = new RingReader(arena, RING)
  const look = () => reader.peek() !== EMPTY
  let sum = 0
  for (let first = 0; first < run.messages; first += run.batch) {
    if (!look()) until(consumerBell, look)
    sum += sumOf(arena.f64, reader.position >> 3, reader.peek() >> 3)
    if (reader.release()) producerBell.ring()
  }
  return sum
}

/** One slot in shared memory and a flag that says whose it is: the least that two threads need. */
function produceFlag(run: Run): void {
  const words = run.batch * WORDS
  for (let first = 0; first < run.messages; first += run.batch) {
    fill(own, 0, first, run.batch)
    while (Atomics.load(arena.i32, FLAG_WORD) !== 0);
    copyLoop(own, 0, arena.f64, SLOT >> 3, words)
    Atomics.store(arena.i32, FLAG_WORD, 1)
  }
}

function consumeFlag(run: Run): number {
  let sum = 0
  for (let first = 0; first < run.messages; first += run.batch) {
    while (Atomics.load(arena.i32, FLAG_WORD) !== 1);
    sum += sumOf(arena.f64, SLOT >> 3, run.batch * WORDS)
    Atomics.store(arena.i32, FLAG_WORD, 0)
  }
  return sum
}

/** The same bytes into shared memory and out of it, with nobody on the other side. */
function alone(run: Run): number {
  let sum = 0
  for (let first = 0; first < run.messages; first += run.batch) {
    fill(own, 0, first, run.batch)
    copyLoop(own, 0, arena.f64, SLOT >> 3, run.batch * WORDS)
    sum += sumOf(arena.f64, SLOT >> 3, run.batch * WORDS)
  }
  return sum
}

/** Transferred buffers. Acknowledged through shared memory, which costs less than messages back. */
function producePosts(run: Run): void {
  Atomics.store(arena.i32, ACKED_WORD, 0)
  let posted = 0
  for (let first = 0; first < run.messages; first += run.batch) {
    const numbers = new Float64Array(run.batch * WORDS)
    fill(numbers, 0, first, run.batch)
    port.postMessage(numbers.buffer, [numbers.buffer])
    posted++
    for (;;) {
      const acked = Atomics.load(arena.i32, ACKED_WORD)
      if (posted - acked < WINDOW) break
      Atomics.wait(arena.i32, ACKED_WORD, acked, 1000)
    }
  }
}

function consumePosts(run: Run): Promise<number> {
  return new Promise((resolve) => {
    let sum = 0
    let missing = run.messages
    port.on('message', function receive(bytes: ArrayBuffer) {
      const numbers = new Float64Array(bytes)
      sum += sumOf(numbers, 0, numbers.length)
      Atomics.add(arena.i32, ACKED_WORD, 1)
      Atomics.notify(arena.i32, ACKED_WORD)
      missing -= run.batch
      if (missing > 0) return
      port.off('message', receive)
      resolve(sum)
    })
  })
}

function produce(run: Run): void {
  Atomics.wait(arena.i32, READY_WORD, 0)
  Atomics.store(arena.i32, READY_WORD, 0)
  if (run.way === 'flag') produceFlag(run)
  else if (run.way === 'postMessage') producePosts(run)
  else produceRing(run)
}

function consume(run: Run): number | Promise<number> {
  if (run.way === 'alone') return alone(run)
  Atomics.store(arena.i32, READY_WORD, 1)
  Atomics.notify(arena.i32, READY_WORD)
  if (run.way === 'flag') return consumeFlag(run)
  return run.way === 'postMessage' ? consumePosts(run) : consumeRing(run)
}

parentPort?.on('message', async (run: Run) => {
  const begin = performance.now()
  let sum = 0
  if (role === 'consumer') sum = await consume(run)
  else produce(run)
  parentPort?.postMessage({ ms: performance.now() - begin, sum } satisfies RunResult)
})
