import { Deque } from './deque.ts'

/** So many bytes are kept before records wait for a checkpoint. */
const LIMIT_BYTES = 64 << 20

interface Kept {
  readonly frame: Uint8Array
  readonly records: number
}

/** What a stream has sent since the last complete checkpoint, frame by frame, to send it again in the job's next life. */
export class ReplayLog {
  readonly #limitBytes: number
  readonly #kept = new Deque<Kept>()
  /** Records of this life that a checkpoint holds, and that are not kept any more. */
  #released = 0
  #bytes = 0

  constructor(limitBytes = LIMIT_BYTES) {
    this.#limitBytes = limitBytes
  }

  /** Whether nothing more should be sent before the next checkpoint. */
  get full(): boolean {
    return this.#bytes >= this.#limitBytes
  }

  /** Keeps a copy of a frame. */
  readonly keep = (frame: Uint8Array, records: number): void => {
    this.#kept.push({ frame: frame.slice(), records })
    this.#bytes += frame.length
  }

  /** A complete checkpoint holds the first `records` of this life: whole frames. */
  release(records: number): void {
    while (this.#kept.size > 0 && this.#released + this.#kept.first.records <= records) {
      const { frame, records: of } = this.#kept.shift()
      this.#bytes -= frame.length
      this.#released += of
    }
  }

  /** A new life begins: gives what it has to be sent first, in order. It stays until `release`. */
  *again(): Iterable<Kept> {
    this.#released = 0
    for (let left = this.#kept.size; left > 0; left--) {
      const one = this.#kept.shift()
      this.#kept.push(one)
      yield one
    }
  }
}
