/** A finished frame that its ring has refused, and how much of it has gone out as fragments. */
export interface RefusedFrame {
  readonly bytes: Uint8Array
  /** How many records it holds. */
  readonly records: number
  /** What it says of time, where it says no more. */
  readonly time: 'watermark' | 'idle' | undefined
  sent: number
}

/** So many frames that have gone out are let go together. */
const FORGET_AT = 32

/** What a ring has refused, in order. Each frame costs the same however many wait. */
export class RefusedFrames {
  readonly #frames: RefusedFrame[] = []
  /** The first that waits still; those before it have gone out. */
  #first = 0
  #records = 0

  /** The next to go out; undefined: none waits. */
  get first(): RefusedFrame | undefined {
    return this.#frames[this.#first]
  }

  /** Records in all of them. */
  get records(): number {
    return this.#records
  }

  push(frame: RefusedFrame): void {
    this.#frames.push(frame)
    this.#records += frame.records
    this.#supersede(this.#frames.length - 1)
  }

  /** The first has gone out. */
  shift(): RefusedFrame {
    const frame = this.#frames[this.#first++]
    this.#records -= frame.records
    if (
      this.#first >= FORGET_AT ? this.#first * 2 >= this.#frames.length : this.first === undefined
    ) {
      this.#frames.splice(0, this.#first)
      this.#first = 0
    }
    return frame
  }

  /**
   * Leaves out the oldest frame of records that waits whole. Time goes on all the same: the frames behind it promise no less.
   * Undefined: there is none.
   */
  dropOldest(): RefusedFrame | undefined {
    for (let at = this.#first; at < this.#frames.length; at++) {
      const frame = this.#frames[at]
      if (frame.records === 0 || frame.sent > 0) continue
      this.#frames.splice(at, 1)
      this.#records -= frame.records
      this.#supersede(at)
      return frame
    }
    return undefined
  }

  /**
   * What is said of time takes the place of what was said right before: else such frames pile up while records are dropped.
   * Only a watermark still holds when the channel becomes idle.
   */
  #supersede(at: number): void {
    if (at <= this.#first) return
    const time = this.#frames[at]?.time
    const before = this.#frames[at - 1].time
    if (time === undefined || before === undefined) return
    if (time === 'idle' && before === 'watermark') return
    this.#frames.splice(at - 1, 1)
    this.#supersede(at - 1)
  }
}
