import { crc32c } from '../../codec/crc32c.ts'
import { ValueWriter } from '../../codec/value.ts'
import { BLOCK_BYTES } from './layout.ts'
import type { BlockIndex, SectionFacts, SectionHeader, SectionIndex } from './state-model.ts'

/** The checksum is carried on when there are so many bytes more: in one go a block would cost a millisecond. */
const CRC_BYTES = 1 << 16

/** What room a block begins with; one that has been full keeps its memory. */
const FIRST_BYTES = 1 << 14

/** What a section needs of its part. */
export interface BlockSink {
  readonly failed: boolean
  /** Queues a block; where it will stand. The writer's memory is the part's from now on. */
  append(values: ValueWriter): number
  /** A writer that has written nothing. */
  takeWriter(): ValueWriter | undefined
}

/** An item that belongs to a key group. */
interface Grouped {
  readonly group: number
}

/** Encodes the items of one section into blocks. */
export class BlockWriter {
  readonly #header: SectionHeader
  readonly #part: BlockSink
  readonly #grouped: boolean
  readonly #blocks: BlockIndex[] = []
  #values: ValueWriter | undefined
  #items = 0
  #bytes = 0
  #ended = false
  // Of the open block.
  #blockItems = 0
  #first = Number.POSITIVE_INFINITY
  #last = -1
  #crc = 0
  #summed = 0

  constructor(header: SectionHeader, part: BlockSink) {
    this.#header = header
    this.#part = part
    this.#grouped = header.kind === 'keyed' || header.kind === 'timers'
  }

  get ended(): boolean {
    return this.#ended
  }

  add(item: unknown): void {
    if (this.#part.failed) return
    this.#values ??= this.#part.takeWriter() ?? new ValueWriter(0, FIRST_BYTES)
    this.#values.write(item)
    this.#blockItems++
    if (this.#grouped) this.#note((item as Grouped).group)
    const { length } = this.#values
    if (length >= BLOCK_BYTES) this.#seal()
    else if (length - this.#summed >= CRC_BYTES) this.#sum()
  }

  end(): void {
    if (this.#blockItems > 0) this.#seal()
    this.#ended = true
  }

  facts(): SectionFacts {
    return { ...this.#header, items: this.#items, bytes: this.#bytes }
  }

  index(): SectionIndex {
    return { ...this.facts(), blocks: this.#blocks }
  }

  #note(group: number): void {
    if (group < this.#first) this.#first = group
    if (group > this.#last) this.#last = group
  }

  #sum(): void {
    const values = this.#values!
    this.#crc = crc32c(values.memory, this.#crc, this.#summed, values.length)
    this.#summed = values.length
  }

  #seal(): void {
    this.#sum()
    const bytes = this.#summed
    this.#blocks.push({
      at: this.#part.append(this.#values!),
      bytes,
      crc: this.#crc,
      items: this.#blockItems,
      groups: this.#grouped ? [this.#first, this.#last] : null,
    })
    this.#items += this.#blockItems
    this.#bytes += bytes
    this.#values = undefined
    this.#blockItems = 0
    this.#first = Number.POSITIVE_INFINITY
    this.#last = -1
    this.#crc = 0
    this.#summed = 0
  }
}
