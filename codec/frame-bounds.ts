import { StreamError } from './errors.ts'

/** The error for bytes that are no frame. */
export function corruptFrame(expected: string, got: string, cause?: unknown): StreamError {
  const message = `corrupt frame: expected ${expected}, got ${got}`
  return new StreamError('SAGE_FRAME_CORRUPT', message, cause === undefined ? {} : { cause })
}

/** Bytes that are not believed yet: every access is checked against their end. */
export class FrameBounds {
  readonly view: DataView
  readonly length: number
  /** Vtables that have been verified already, by position: what they are vtables of. */
  readonly vtables = new Map<number, unknown>()
  #unclaimed: number

  constructor(bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.length = bytes.byteLength
    this.#unclaimed = bytes.byteLength
  }

  /** Throws unless `bytes` bytes at `at` are in the frame and `at` is a multiple of `alignment`. */
  require(at: number, bytes: number, alignment: number, what: string): void {
    if (at % alignment !== 0) throw corruptFrame(`${what} at a multiple of ${alignment}`, `${at}`)
    if (bytes > this.length || at > this.length - bytes) {
      throw corruptFrame(`${what} within ${this.length} bytes`, `${bytes} bytes at ${at}`)
    }
  }

  /**
   * Like `require`, for what belongs to one place only. Without this, a few bytes to which many
   * distances lead would become a list of billions of elements.
   */
  claim(at: number, bytes: number, alignment: number, what: string): void {
    this.require(at, bytes, alignment, what)
    this.#unclaimed -= bytes
    if (this.#unclaimed < 0) throw corruptFrame(`${what} of its own`, `shared bytes at ${at}`)
  }

  u32(at: number, what: string): number {
    this.require(at, 4, 4, what)
    return this.view.getUint32(at, true)
  }

  /** Where the distance at `at` leads to; its readers take it as signed. */
  follow(at: number, what: string): number {
    const distance = this.u32(at, `the distance to ${what}`)
    if (distance === 0 || distance > 0x7fffffff) {
      throw corruptFrame(`a distance to ${what}`, `${distance} at ${at}`)
    }
    return at + distance
  }

  /** The vector at `at`: gives the number of its elements. */
  vector(at: number, elementBytes: number, what: string): number {
    const count = this.u32(at, what)
    this.claim(at + 4, count * elementBytes, elementBytes, what)
    return count
  }
}
