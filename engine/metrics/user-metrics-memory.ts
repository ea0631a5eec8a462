import { StreamError } from '../../codec/errors.ts'
import { METRIC_SLOTS } from '../../operators/contract/metric-registry.ts'
import type { MetricKind } from '../../operators/contract/metrics.ts'
import type { MetricCells } from '../../operators/contract/user-metrics.ts'

/**
 * The memory of a job's user metrics, allocated before its first thread. It describes itself: whoever has it can
 * read all metrics, by name, without a message.
 *
 * ```
 *   0    used    int32, bytes taken, this line included; moved on by compare-and-swap
 *   64   entries, one behind the other, each in whole lines:
 *        0   size     int32, of the entry; stored last: it publishes the entry
 *        4   kind     int32, index in KINDS
 *        8   node     int32, of the operator
 *        12  subtask  int32
 *        16  length   int32, of the name
 *        20  name     UTF-8
 *        …   cells    doubles, on lines of their own: neighbours are written by other threads
 * ```
 */
const LINE = 64
const SIZE = 0
const KIND = 4
const NODE = 8
const SUBTASK = 12
const LENGTH = 16
const NAME = 20

const KINDS: readonly MetricKind[] = ['counter', 'gauge', 'histogram']

/** The least memory for user metrics: its first line. */
export const METRICS_BYTES_MIN = LINE

/** Whose metric it is. */
export interface MetricPlace {
  readonly node: number
  readonly subtask: number
  /** The operator's name. */
  readonly operator: string
}

/** A metric as a reader finds it. */
export interface FoundMetric extends MetricCells {
  readonly node: number
  readonly subtask: number
}

/** A thread's view of the memory. Any thread may add and read. */
export class UserMetricsMemory {
  readonly buffer: SharedArrayBuffer
  readonly #words: Int32Array
  readonly #found: FoundMetric[] = []
  #next = LINE

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer
    this.#words = new Int32Array(buffer)
  }

  /** @param bytes - the limit, rounded down to whole lines */
  static allocate(bytes: number): UserMetricsMemory {
    const memory = new UserMetricsMemory(new SharedArrayBuffer(bytes - (bytes % LINE)))
    memory.#words[0] = LINE
    return memory
  }

  /** Adds a metric; its cells are 0. Throws `SAGE_MEMORY` when there is no room. */
  add(kind: MetricKind, name: string, place: MetricPlace): Float64Array {
    const text = Buffer.from(name)
    const head = lines(NAME + text.length)
    const size = head + lines(METRIC_SLOTS[kind] * 8)
    const at = this.#take(size, kind, name, place)
    const word = at >> 2
    this.#words[word + (KIND >> 2)] = KINDS.indexOf(kind)
    this.#words[word + (NODE >> 2)] = place.node
    this.#words[word + (SUBTASK >> 2)] = place.subtask
    this.#words[word + (LENGTH >> 2)] = text.length
    new Uint8Array(this.buffer, at + NAME, text.length).set(text)
    // Makes visible: the head of the entry, all plain stores above this one.
    Atomics.store(this.#words, word + (SIZE >> 2), size)
    return new Float64Array(this.buffer, at + head, METRIC_SLOTS[kind])
  }

  /** All metrics that were added so far, up to one that is being added now. */
  read(): readonly FoundMetric[] {
    while (this.#next < this.buffer.byteLength) {
      const size = Atomics.load(this.#words, (this.#next + SIZE) >> 2)
      if (size === 0) break
      this.#found.push(this.#entry(this.#next))
      this.#next += size
    }
    return this.#found
  }

  #entry(at: number): FoundMetric {
    const word = (offset: number) => this.#words[(at + offset) >> 2]
    const kind = KINDS[word(KIND)]
    const length = word(LENGTH)
    // Decoded from a copy: decoders take no shared memory.
    const text = Buffer.from(new Uint8Array(this.buffer, at + NAME, length)).toString()
    const cells = new Float64Array(this.buffer, at + lines(NAME + length), METRIC_SLOTS[kind])
    return { kind, name: text, node: word(NODE), subtask: word(SUBTASK), cells }
  }

  #take(size: number, kind: MetricKind, name: string, place: MetricPlace): number {
    for (let used = Atomics.load(this.#words, 0); ; ) {
      if (used + size > this.buffer.byteLength) throw this.#full(used, size, kind, name, place)
      const seen = Atomics.compareExchange(this.#words, 0, used, used + size)
      if (seen === used) return used
      used = seen
    }
  }

  #full(used: number, size: number, kind: MetricKind, name: string, place: MetricPlace) {
    const { operator, subtask } = place
    return new StreamError(
      'SAGE_MEMORY',
      `memory.metricsBytes: expected room for ${kind} '${name}' (${size} bytes), ` +
        `but ${used} of the job's ${this.buffer.byteLength} bytes for user metrics are taken; ` +
        'raise the limit, or keep names from growing with the records',
      { operator, subtask },
    )
  }
}

function lines(bytes: number): number {
  return Math.ceil(bytes / LINE) * LINE
}
