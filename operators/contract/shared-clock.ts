import type { Clock } from './context.ts'

/**
 * A clock whose time lives in shared memory, so that every thread of a job reads the same one.
 * Known by its shape, not its class: a job module may have loaded the package by another path than
 * the engine.
 */
export interface SharedClock extends Clock {
  /** The memory that {@link SharedTime} reads. */
  readonly sharedTime: SharedArrayBuffer
  /**
   * Has `wake` called after each change of the time, until the function that it returns is called.
   */
  onChange(wake: () => void): () => void
}

/** Whether a clock may cross threads. */
export function isSharedClock(clock: unknown): clock is SharedClock {
  if (typeof clock !== 'object' || clock === null) return false
  const { sharedTime, onChange } = clock as Partial<SharedClock>
  return sharedTime instanceof SharedArrayBuffer && typeof onChange === 'function'
}

/**
 * A time in shared memory: one word of 8 bytes, the bits of a double in milliseconds.
 *
 * Any thread may read and write. Loads and stores are atomic, so no reader sees half a change;
 * whoever is woken after a store sees that time or a later store's.
 */
export class SharedTime implements Clock {
  readonly #word: BigInt64Array
  readonly #double = new Float64Array(1)
  readonly #bits = new BigInt64Array(this.#double.buffer)

  constructor(memory: SharedArrayBuffer) {
    this.#word = new BigInt64Array(memory, 0, 1)
  }

  /** Memory for one time, which is 0. */
  static allocate(): SharedArrayBuffer {
    return new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT)
  }

  now(): number {
    return this.#read(Atomics.load(this.#word, 0))
  }

  set(ms: number): void {
    Atomics.store(this.#word, 0, this.#write(ms))
  }

  /** Adds to the time; additions of several threads at once all count. */
  add(ms: number): void {
    for (let seen = Atomics.load(this.#word, 0); ; ) {
      const next = this.#write(this.#read(seen) + ms)
      const found = Atomics.compareExchange(this.#word, 0, seen, next)
      if (found === seen) return
      seen = found
    }
  }

  #read(bits: bigint): number {
    this.#bits[0] = bits
    return this.#double[0]
  }

  #write(ms: number): bigint {
    this.#double[0] = ms
    return this.#bits[0]
  }
}
