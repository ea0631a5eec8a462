/** How `window` cuts time, checked: milliseconds, whole and greater than 0. */
export type WindowSpec =
  | { readonly type: 'sliding'; readonly sizeMs: number; readonly slideMs: number }
  | { readonly type: 'session'; readonly timeoutMs: number }

/** Records between two times, input by input: a pane of sliding windows, or a session. Plain data: it is in checkpoints. */
export interface Frame {
  start: number
  end: number
  inputs: unknown[][]
}

/** Which timers a record has set or taken away. */
export interface TimerChanges {
  register(at: number): void
  delete(at: number): void
}

/** A record that has come. */
export interface Arrived {
  /** Index of the input it came through. */
  readonly input: number
  readonly value: unknown
  readonly time: number
  /** Windows that end then or before are over. */
  readonly passed: number
}

/** The records of a window that is over. */
export interface WindowRecords {
  readonly start: number
  readonly end: number
  readonly inputs: unknown[][]
}

/** Puts records into frames, which are kept in the order of their times, and takes windows out of them. */
export interface Framing {
  /** False: the record is late, or in no window; then nothing has changed. */
  add(frames: Frame[], arrived: Arrived, timers: TimerChanges): boolean
  /** The window that ends at `end`, where it holds anything; forgets what no later one needs. */
  take(frames: Frame[], end: number): WindowRecords | undefined
}

export function framingOf(spec: WindowSpec, inputs: number): Framing {
  return spec.type === 'session'
    ? new SessionFraming(spec.timeoutMs, inputs)
    : new PaneFraming(spec.sizeMs, spec.slideMs, inputs)
}

/**
 * Windows of one size, aligned with the epoch, each `slide` behind the one before; tumbling ones where both are equal.
 * They share panes: each record is kept once, however many windows it is in.
 */
class PaneFraming implements Framing {
  readonly #size: number
  readonly #slide: number
  readonly #pane: number
  readonly #inputs: number

  constructor(size: number, slide: number, inputs: number) {
    this.#size = size
    this.#slide = slide
    this.#pane = gcd(size, slide)
    this.#inputs = inputs
  }

  add(frames: Frame[], { input, value, time, passed }: Arrived, timers: TimerChanges): boolean {
    const last = frames[frames.length - 1]
    if (last !== undefined && time >= last.start && time < last.end && last.end > passed) {
      last.inputs[input].push(value)
      return true
    }
    const start = Math.floor(time / this.#pane) * this.#pane
    const lastEnd = this.#lastEnd(start)
    if (lastEnd <= passed || lastEnd <= start) return false
    let at = frames.length
    while (at > 0 && frames[at - 1].start > start) at--
    let pane = frames[at - 1]
    if (pane?.start !== start) {
      pane = newFrame(start, start + this.#pane, this.#inputs)
      frames.splice(at, 0, pane)
      for (let end = lastEnd; end > start && end > passed; end -= this.#slide) timers.register(end)
    }
    pane.inputs[input].push(value)
    return true
  }

  take(frames: Frame[], end: number): WindowRecords | undefined {
    const start = end - this.#size
    const panes = frames.filter((pane) => pane.start >= start && pane.start < end)
    let done = 0
    while (done < frames.length && this.#lastEnd(frames[done].start) <= end) done++
    frames.splice(0, done)
    if (panes.length === 0) return undefined
    // A pane that no later window needs is handed over as it is.
    if (panes.length === 1 && this.#lastEnd(panes[0].start) <= end)
      return { start, end, inputs: panes[0].inputs }
    const inputs = Array.from({ length: this.#inputs }, (_, input) =>
      panes.flatMap((pane) => pane.inputs[input]),
    )
    return { start, end, inputs }
  }

  /** The end of the last window that holds the pane at `start`. */
  #lastEnd(start: number): number {
    return Math.floor(start / this.#slide) * this.#slide + this.#size
  }
}

/** Windows that last until nothing has come for `timeout`. Two that touch are one. */
class SessionFraming implements Framing {
  readonly #timeout: number
  readonly #inputs: number

  constructor(timeout: number, inputs: number) {
    this.#timeout = timeout
    this.#inputs = inputs
  }

  add(frames: Frame[], { input, value, time, passed }: Arrived, timers: TimerChanges): boolean {
    let start = time
    let end = time + this.#timeout
    // Sessions lie apart, in order: those that touch the new one are neighbours.
    let to = frames.length
    while (to > 0 && frames[to - 1].start > end) to--
    let from = to
    while (from > 0 && frames[from - 1].end >= start) from--
    const touched = frames.slice(from, to)
    for (const frame of touched) {
      start = Math.min(start, frame.start)
      end = Math.max(end, frame.end)
    }
    if (end <= passed) return false
    const [first = newFrame(start, end, this.#inputs), ...others] = touched
    for (const frame of touched) if (frame.end !== end) timers.delete(frame.end)
    if (touched.every((frame) => frame.end !== end)) timers.register(end)
    for (const other of others) {
      for (const [i, values] of other.inputs.entries())
        first.inputs[i] = first.inputs[i].concat(values)
    }
    first.start = start
    first.end = end
    first.inputs[input].push(value)
    frames.splice(from, to - from, first)
    return true
  }

  take(frames: Frame[], end: number): WindowRecords | undefined {
    const at = frames.findIndex((frame) => frame.end === end)
    return at === -1 ? undefined : frames.splice(at, 1)[0]
  }
}

function newFrame(start: number, end: number, inputs: number): Frame {
  return { start, end, inputs: Array.from({ length: inputs }, () => []) }
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b)
}
