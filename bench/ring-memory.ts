import type { MessagePort } from 'node:worker_threads'
import { DOORBELL_BYTES } from '../engine/ring/doorbell.ts'

/** How messages go from thread to thread. `alone` is one thread that copies in and reads out. */
export type Way = 'in place' | 'copied' | 'flag' | 'postMessage' | 'alone'

/** One run, sent to both workers; each answers with a `RunResult` when its part is done. */
export interface Run {
  readonly way: Way
  readonly batch: number
  readonly messages: number
}

/** The time from the moment both were ready to the last message, and the sum of all numbers. */
export interface RunResult {
  readonly ms: number
  readonly sum: number
}

/** What a worker is given when it starts. */
export interface WorkerInput {
  readonly role: 'producer' | 'consumer'
  readonly buffer: SharedArrayBuffer
  readonly port: MessagePort
}

/** Byte positions in the shared memory: the doorbells, the slot of `flag` and `alone`, the ring. */
export const PRODUCER_BELL = 0
export const CONSUMER_BELL = DOORBELL_BYTES
export const SLOT = 5 * DOORBELL_BYTES
export const SLOT_BYTES = 64 * 64
export const RING = SLOT + SLOT_BYTES

/** Words on lines of their own: consumer is ready, batches acknowledged, whose the slot is. */
export const READY_WORD = (2 * DOORBELL_BYTES) >> 2
export const ACKED_WORD = (3 * DOORBELL_BYTES) >> 2
export const FLAG_WORD = (4 * DOORBELL_BYTES) >> 2
