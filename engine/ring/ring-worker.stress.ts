import { parentPort, workerData } from 'node:worker_threads'
import { type Arena, wrapArena } from './arena.ts'
import { Doorbell } from './doorbell.ts'
import { maxMessageBytes } from './layout.ts'
import { EMPTY, RingReader } from './reader.ts'
import {
  CONSUMER_BELL,
  type Histogram,
  type Outcome,
  PRODUCER_BELL,
  RING,
  type StressWork,
} from './ring.stress.ts'
import { FULL, RingWriter } from './writer.ts'

/** Long enough that no wake-up under way can take it, short enough that a lost one is told. */
const SLEEP_MS = 20_000

const work = workerData as StressWork
const arena = wrapArena(work.buffer)
const producerBell = new Doorbell(arena, PRODUCER_BELL)
const consumerBell = new Doorbell(arena, CONSUMER_BELL)
const lengthMax = maxMessageBytes(work.capacityBytes)
const histogram: Partial<Histogram> = {}

function saw(outcome: Outcome): void {
  histogram[outcome] = (histogram[outcome] ?? 0) + 1
}

/** A number that both threads derive from a message's number: its length, pauses and content. */
function mix(value: number): number {
  let x = Math.imul(value ^ work.seed, 0x9e3779b1)
  x = Math.imul(x ^ (x >>> 15), 0x85ebca6b)
  return x ^ (x >>> 13)
}

/** Most messages are short, some are as long as the ring allows, none is aligned on purpose. */
function lengthOf(sequence: number): number {
  const random = mix(sequence)
  const kind = random & 31
  const spread = kind === 0 ? lengthMax : kind < 8 ? 400 : 72
  return (random >>> 5) % (Math.min(spread, lengthMax) + 1)
}

/** Now and then a pause of random length, so that the threads meet at ever new places. */
function pause(random: number): void {
  if ((random & 1023) !== 0) return
  for (let spins = (random >>> 10) & 4095; spins > 0; spins--) consumerBell.read()
}

/**
 * Looks until `look` succeeds, and sleeps as an owner of a doorbell should. False: a wake-up was
 * lost.
 */
function parkUntil(bell: Doorbell, look: () => boolean, who: 'consumer' | 'producer'): boolean {
  for (;;) {
    const seen = bell.read()
    if (look()) return true
    bell.announce()
    if (look()) break
    const woken = bell.wait(seen, SLEEP_MS)
    if (woken === 'timed-out' && look()) {
      saw(`${who} not woken`)
      return false
    }
    saw(woken === 'ok' ? `${who} woken` : `${who} kept awake`)
    bell.retract()
  }
  bell.retract()
  return true
}

/** The words of a message are its number and numbers derived from it; odd bytes at the end too. */
function fill(to: Arena, at: number, length: number, sequence: number): void {
  const words = length >> 2
  for (let i = 0; i < words; i++) to.i32[(at >> 2) + i] = sequence + Math.imul(i, 0x01000193)
  for (let i = words << 2; i < length; i++) to.u8[at + i] = sequence + i
}

function holds(at: number, length: number, sequence: number): boolean {
  const words = length >> 2
  let wrong = 0
  for (let i = 0; i < words; i++) {
    wrong |= arena.i32[(at >> 2) + i] ^ (sequence + Math.imul(i, 0x01000193))
  }
  for (let i = words << 2; i < length; i++) wrong |= arena.u8[at + i] ^ ((sequence + i) & 255)
  return wrong === 0
}

function produce(): void {
  const writer = new RingWriter(arena, RING)
  const own = wrapArena(new SharedArrayBuffer(Math.ceil((lengthMax + 1) / 64) * 64))
  let sequence = 0
  let length = 0
  const send = () => {
    if ((sequence & 1) === 0) return writer.tryWrite(own.u8, 0, length)
    // Claims more than it needs where the ring allows: the rest must not count.
    const at = writer.claim(Math.min(length + (sequence & 15), lengthMax))
    if (at === FULL) return false
    fill(arena, at, length, sequence)
    writer.commit(length)
    return true
  }
  for (; sequence < work.messages; sequence++) {
    length = lengthOf(sequence)
    if ((sequence & 1) === 0) fill(own, 0, length, sequence)
    if (send()) saw('room at once')
    else {
      saw('no room')
      if (!parkUntil(producerBell, send, 'producer')) return
    }
    consumerBell.ring()
    pause(mix(~sequence))
  }
}

function consume(): void {
  const reader = new RingReader(arena, RING)
  const look = () => reader.peek() !== EMPTY
  for (let sequence = 0; sequence < work.messages; sequence++) {
    if (look()) saw('seen at once')
    else {
      saw('not yet seen')
      if (!parkUntil(consumerBell, look, 'consumer')) return
    }
    const wrong = judge(reader.position, reader.peek(), sequence)
    if (wrong !== undefined) {
      saw(wrong)
      return
    }
    pause(mix(-sequence))
    if (reader.release()) producerBell.ring()
  }
  if (reader.usedBytes !== 0) saw('left over')
}

function judge(at: number, length: number, sequence: number): Outcome | undefined {
  if (length === lengthOf(sequence) && holds(at, length, sequence)) return undefined
  const claimed = length >= 4 ? arena.i32[at >> 2] : sequence
  if (length !== lengthOf(claimed)) return 'wrong length'
  return holds(at, length, claimed) ? 'out of order' : 'torn'
}

if (work.role === 'producer') produce()
else consume()
parentPort?.postMessage(histogram)
