import { type ByteInput, openBytes } from './byte-input.ts'
import { cutOff } from './file-error.ts'
import type { FilePosition } from './file-format.ts'
import type { FilePart } from './file-part.ts'
import { type FileTrace, traceOf } from './file-trace.ts'

const NEWLINE = 10
const RETURN = 13

/**
 * Cuts a part of a file into lines. A line belongs to the part in which its first byte lies, so the
 * lines of neighbouring ranges are disjoint and complete, whatever their length.
 *
 * Each line is decoded by itself: slices of one decoded chunk would be a third cheaper (100 against
 * 150 ns), but a single one kept as a key or in state would keep its whole chunk alive.
 */
export class LineScanner {
  readonly #part: FilePart
  readonly #input: ByteInput
  #buffer: Buffer
  /**
   * The filled bytes of `#buffer`; `[0, #start)` are consumed, `[#start, #searched)` hold no line
   * break.
   */
  #filled: Buffer
  #start = 0
  #searched = 0
  /** File offset of `#buffer[0]`. */
  #base: number
  #ended = false
  /** Where the line that `next` gave last begins in `#buffer`. */
  #before = 0
  /** The value of `line` at that place. */
  #lineBefore = 0
  /** Of what stands before `#buffer[0]`. */
  #trace: FileTrace | undefined
  /** Line breaks passed since the part's beginning. */
  line = 0

  private constructor(
    part: FilePart,
    input: ByteInput,
    base: number,
    trace: FileTrace | undefined,
    chunkBytes: number,
  ) {
    this.#part = part
    this.#input = input
    this.#base = base
    this.#trace = trace
    this.#buffer = Buffer.allocUnsafeSlow(chunkBytes)
    this.#filled = this.#buffer.subarray(0, 0)
  }

  /** Opens a part at its first line, or at a position that {@link position} gave. */
  static async open(
    part: FilePart,
    position: FilePosition | undefined,
    chunkBytes: number,
  ): Promise<LineScanner> {
    // A range begins one byte early: a line that starts exactly at `from` is its own, not its
    // neighbour's.
    const base = position?.offset ?? Math.max(0, part.from - 1)
    const input = await openBytes(part.path, base, position?.trace)
    const scanner = new LineScanner(part, input, base, position?.trace, chunkBytes)
    try {
      if (position !== undefined) scanner.line = position.line
      else if (part.from > 0) await scanner.#skipLine()
      if (part.from === 0 && base === 0) await scanner.#skipMark()
      return scanner
    } catch (thrown) {
      await scanner.close()
      throw thrown
    }
  }

  /**
   * The next line without its end, or undefined: more must be read ({@link fill}) or the part is at
   * its end.
   */
  next(): string | undefined {
    if (this.#base + this.#start >= this.#part.to) return undefined
    const end = this.#filled.indexOf(NEWLINE, this.#searched)
    if (end < 0) {
      this.#searched = this.#filled.length
      return this.#ended ? this.#lastLine() : undefined
    }
    const from = this.#start
    this.#before = from
    this.#lineBefore = this.line
    const to = end > from && this.#filled[end - 1] === RETURN ? end - 1 : end
    this.#start = end + 1
    this.#searched = this.#start
    this.line++
    return this.#filled.toString('utf8', from, to)
  }

  /** Reads on; false when the part is at its end. */
  async fill(): Promise<boolean> {
    if (this.#base + this.#start >= this.#part.to) return false
    if (this.#ended) return this.#start < this.#filled.length
    this.#makeRoom()
    const kept = this.#filled.length
    const count = await this.#input.read(this.#buffer, kept)
    this.#filled = this.#buffer.subarray(0, kept + count)
    if (count > 0) return true
    this.#ended = true
    this.#checkLength()
    return kept > 0
  }

  /** Of the next line. */
  position(): FilePosition {
    const trace = this.#start === 0 ? this.#trace : traceOf(this.#filled, this.#start)
    return { offset: this.#base + this.#start, line: this.line, ...(trace && { trace }) }
  }

  /** Goes back to the beginning of the line that {@link next} gave last. */
  unread(): void {
    this.#start = this.#before
    this.#searched = this.#before
    this.line = this.#lineBefore
  }

  close(): Promise<void> {
    return this.#input.close()
  }

  #lastLine(): string | undefined {
    const from = this.#start
    if (from === this.#filled.length) return undefined
    this.#before = from
    this.#lineBefore = this.line
    this.#start = this.#filled.length
    return this.#filled.toString('utf8', from, this.#start)
  }

  /** Moves what is unread to the front, into a buffer twice as large when it fills this one. */
  #makeRoom(): void {
    if (this.#start > 0) this.#trace = traceOf(this.#filled, this.#start)
    const rest = this.#filled.subarray(this.#start)
    if (rest.length === this.#buffer.length) {
      this.#buffer = Buffer.allocUnsafeSlow(this.#buffer.length * 2)
    }
    rest.copy(this.#buffer)
    this.#filled = this.#buffer.subarray(0, rest.length)
    this.#base += this.#start
    this.#searched -= this.#start
    this.#start = 0
  }

  async #skipLine(): Promise<void> {
    while (await this.fill()) {
      const end = this.#filled.indexOf(NEWLINE)
      this.#start = end < 0 ? this.#filled.length : end + 1
      this.#searched = this.#start
      if (end < 0) continue
      this.line = this.#base + end < this.#part.from ? 0 : 1
      return
    }
  }

  /** Passes over a byte order mark, EF BB BF, at the beginning of the file. */
  async #skipMark(): Promise<void> {
    while (this.#filled.length < 3 && !this.#ended && (await this.fill())) {
      // read on until the mark is whole
    }
    if (this.#filled.length >= 3 && this.#filled.readUIntBE(0, 3) === 0xefbbbf) {
      this.#start = 3
      this.#searched = 3
    }
  }

  #checkLength(): void {
    const { path, to } = this.#part
    const length = this.#base + this.#filled.length
    if (to === Number.POSITIVE_INFINITY || length >= to) return
    throw cutOff(path, to, length)
  }
}
