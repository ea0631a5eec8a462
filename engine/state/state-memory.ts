import { StreamError } from '../../codec/errors.ts'
import { type Key, keyHash } from '../../codec/key.ts'
import { ValueWriter } from '../../codec/value.ts'
import { type Arena, wrapArena } from '../ring/arena.ts'
import {
  CANCELLED,
  FIRST_STORE,
  heapStart,
  LIMIT,
  NEXT_STORE,
  SLOTS,
  stateBytes,
  TOP,
} from './layout.ts'
import { NumberCells } from './number-cells.ts'
import { SharedHeap } from './shared-heap.ts'
import { SharedLock } from './shared-lock.ts'
import { SharedTable } from './shared-table.ts'
import { SharedValues, ValueCopy } from './shared-values.ts'

/** A key as the table looks it up; one a thread, filled anew for each call. */
interface LookedUp {
  store: number
  hash: number
  bytes: Uint8Array
  length: number
}

/** One thread's hold on the memory that a job's stores lie in: its parts, and who may use them when. */
export class StateMemory {
  readonly arena: Arena
  readonly cells: NumberCells
  readonly table: SharedTable
  readonly values: SharedValues
  readonly #lock: SharedLock
  readonly #keys = new ValueWriter()
  readonly #key: LookedUp = { store: 0, hash: 0, bytes: this.#keys.memory, length: 0 }
  // Null while in use: code of registered types runs while a value is written or read, and may call a store.
  #idleWriter: ValueWriter | null = null
  #idleCopy: ValueCopy | null = null
  #guest = false

  /** `waitMs` is how long a call waits for its turn. */
  constructor(buffer: SharedArrayBuffer, slot: number, waitMs?: number) {
    this.arena = wrapArena(buffer)
    const slots = this.arena.i32[SLOTS >> 2]
    const heap = new SharedHeap(this.arena, slots)
    this.cells = new NumberCells(this.arena, heap, slot)
    this.table = new SharedTable(this.arena, heap)
    this.values = new SharedValues(this.arena, heap, this.cells)
    this.#lock = new SharedLock(this.arena, slot, waitMs)
  }

  /** Memory for so many threads and `heapBytes` of values, before any of them knows of it. */
  static allocate(slots: number, heapBytes: number): SharedArrayBuffer {
    const bytes = stateBytes(slots, heapBytes)
    const buffer = new SharedArrayBuffer(Math.ceil(bytes / 64) * 64)
    const { i32 } = wrapArena(buffer)
    i32[SLOTS >> 2] = slots
    i32[TOP >> 2] = heapStart(slots)
    i32[LIMIT >> 2] = bytes
    i32[NEXT_STORE >> 2] = FIRST_STORE
    return buffer
  }

  /** A thread of the job has ended before the job: what it held is given free. */
  static bury(buffer: SharedArrayBuffer, slot: number): void {
    const arena = wrapArena(buffer)
    NumberCells.bury(arena, slot)
    SharedLock.bury(arena, slot)
  }

  /** The job is cancelled: no thread waits for long any more. */
  static cancel(buffer: SharedArrayBuffer): void {
    Atomics.store(wrapArena(buffer).i32, CANCELLED >> 2, 1)
  }

  /** Waits for the lock. Throws `SAGE_STATE` within a function that runs while this thread holds it. */
  enter(call: string): void {
    this.refuseGuest(call)
    this.#lock.acquire()
  }

  leave(): void {
    this.#lock.release()
  }

  /** As `enter`, but a function that runs under the lock may read. Whether `leave` is to be called. */
  enterToRead(): boolean {
    if (this.#guest) return false
    this.#lock.acquire()
    return true
  }

  refuseGuest(call: string): void {
    if (!this.#guest) return
    throw new StreamError(
      'SAGE_STATE',
      `${call}: expected to be called outside of the function given to update(): all shared state is locked there, ` +
        'and only get() and keys() may be called',
    )
  }

  /** Runs code of the user while the lock is held. */
  host<R>(code: () => R): R {
    this.#guest = true
    try {
      return code()
    } finally {
      this.#guest = false
    }
  }

  /** A key for the table; valid until the next call. */
  keyOf(store: number, key: Key): LookedUp {
    const writer = this.#keys
    writer.truncate(0)
    writer.write(key)
    const lookedUp = this.#key
    lookedUp.store = store
    lookedUp.hash = (keyHash(key) + Math.imul(store, 0x9e3779b1)) | 0
    lookedUp.bytes = writer.memory
    lookedUp.length = writer.length
    return lookedUp
  }

  /** Encodes a value and lends its bytes. Throws `SAGE_CODEC_UNSUPPORTED`. */
  encoded<R>(value: unknown, use: (bytes: Uint8Array) => R): R {
    const writer = this.#idleWriter ?? new ValueWriter()
    this.#idleWriter = null
    try {
      writer.write(value)
      return use(writer.bytes())
    } finally {
      writer.truncate(0)
      this.#idleWriter = writer
    }
  }

  takeCopy(): ValueCopy {
    const copy = this.#idleCopy ?? new ValueCopy()
    this.#idleCopy = null
    return copy
  }

  /** The value in a copy, which is then given back. */
  decode(copy: ValueCopy): unknown {
    try {
      return copy.decode()
    } finally {
      copy.clear()
      this.#idleCopy = copy
    }
  }
}
