import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { deserialize, serialize } from 'node:v8'
import { gunzipSync } from 'node:zlib'
import type { Event } from './events.ts'
import { parseLine } from './recorded-line.ts'

/**
 * Recorded events, decoded once for all threads: plain data that can be a job's parameter without being copied.
 */
export interface Recording {
  /** How many there are. */
  readonly events: number
  /** How many of them are bids. */
  readonly bids: number
  /** Of the unpacked file, in hexadecimal. */
  readonly sha256: string
  /** From the first event to a next round's: what is added to times and ids for each round of a replay. */
  readonly span: { readonly ms: number; readonly persons: number; readonly auctions: number }
  /** Structured clones of arrays of events, one behind the other. */
  readonly bytes: SharedArrayBuffer
  /** Where each begins, and at last where all end. */
  readonly offsets: readonly number[]
}

/** Events of a block: partitions are dealt blocks, so that none runs ahead of the others in event time. */
const BLOCK = 100

const BYTE_ORDER_MARK = Buffer.from('\ufeff')

/** A file that is no recording; the message says what is wrong with it. */
export class RecordingError extends Error {
  override readonly name = 'RecordingError'
}

/**
 * Reads recorded events: JSON lines, unpacked first where they are packed by gzip. Blank lines and a byte order mark are
 * left out.
 *
 * @throws RecordingError when there is no such file, or a line is no event
 */
export function readRecording(path: string): Recording {
  const unpacked = readUnpacked(path)
  const blocks: Buffer[] = []
  const span = new SpanOf()
  let block: Event[] = []
  let events = 0
  let bids = 0
  let line = 0
  for (const text of linesOf(unpacked)) {
    line++
    if (text.trim() === '') continue
    const event = parse(text, `${path}:${line}`)
    events++
    span.add(event)
    if (event.kind === 'bid') bids++
    if (block.push(event) === BLOCK) {
      blocks.push(serialize(block))
      block = []
    }
  }
  if (events === 0) throw new RecordingError(`${path}: expected events, got a file without any`)
  if (block.length > 0) blocks.push(serialize(block))
  return { events, bids, sha256: sha256(unpacked), span: span.result(), ...shared(blocks) }
}

/** The events of one of `partitions` partitions, in their order. */
export function eventsOf(
  { bytes, offsets }: Recording,
  partition: number,
  partitions: number,
): Event[] {
  const events: Event[] = []
  for (let i = partition; i < offsets.length - 1; i += partitions) {
    // A copy: the deserializer takes no shared memory.
    const block = Buffer.allocUnsafe(offsets[i + 1] - offsets[i])
    block.set(new Uint8Array(bytes, offsets[i], block.length))
    events.push(...(deserialize(block) as Event[]))
  }
  return events
}

/**
 * The bytes of a file; unpacked where they are packed by gzip, whatever its name.
 *
 * @throws RecordingError when there is no such file
 */
export function readUnpacked(path: string): Buffer {
  try {
    const file = readFileSync(path)
    return isPacked(file) ? gunzipSync(file) : file
  } catch (error) {
    throw new RecordingError(`${path}: expected a readable file of events: ${reason(error)}`)
  }
}

/** Whether these are the first bytes of what gzip has packed. */
export const isPacked = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b

function* linesOf(bytes: Buffer): Generator<string> {
  const mark = bytes.subarray(0, 3).equals(BYTE_ORDER_MARK) ? 3 : 0
  for (let start = mark; start < bytes.length; ) {
    const end = bytes.indexOf(10, start)
    yield bytes.toString('utf8', start, end < 0 ? bytes.length : end)
    start = end < 0 ? bytes.length : end + 1
  }
}

function parse(text: string, where: string): Event {
  try {
    return parseLine(text)
  } catch (error) {
    throw new RecordingError(`${where}: ${reason(error)}`)
  }
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

function shared(blocks: readonly Buffer[]): Pick<Recording, 'bytes' | 'offsets'> {
  const offsets = [0]
  for (const block of blocks) offsets.push(offsets[offsets.length - 1] + block.length)
  const bytes = new SharedArrayBuffer(offsets[blocks.length])
  const target = new Uint8Array(bytes)
  for (const [i, block] of blocks.entries()) target.set(block, offsets[i])
  return { bytes, offsets }
}

/** Ids of persons and of auctions are dense. */
class SpanOf {
  readonly #times = new Range()
  readonly #persons = new Range()
  readonly #auctions = new Range()

  add(event: Event): void {
    this.#times.add(event.date_time)
    if (event.kind === 'person') this.#persons.add(event.id)
    else if (event.kind === 'auction') this.#auctions.add(event.id)
  }

  result(): Recording['span'] {
    return {
      ms: this.#times.length,
      persons: this.#persons.length,
      auctions: this.#auctions.length,
    }
  }
}

class Range {
  #min = Infinity
  #max = Number.NEGATIVE_INFINITY

  add(value: number): void {
    if (value < this.#min) this.#min = value
    if (value > this.#max) this.#max = value
  }

  get length(): number {
    return this.#max < this.#min ? 0 : this.#max - this.#min + 1
  }
}
