import { crc32c } from '../../codec/crc32c.ts'
import { ValueWriter } from '../../codec/value.ts'
import type { Encodable } from '../../codec/value-io.ts'
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

/** How an item is written. */
type Write<T> = (values: ValueWriter, item: T) => void

const writeValue: Write<unknown> = (values, item) => values.write(item)
const writeEncodable: Write<Encodable> = (values, item) => values.writeEncodable(item)

/** A block that is being filled. */
class OpenBlock {
  readonly #values: ValueWriter
  readonly #grouped: boolean
  #items = 0
  #first = Number.POSITIVE_INFINITY
  #last = -1
  #crc = 0
  #summed = 0

  /** @param grouped - whether its items belong to key groups */
  constructor(values: ValueWriter, grouped: boolean) {
    this.#values = values
    this.#grouped = grouped
  }

  get length(): number {
    return this.#values.length
  }

  get items(): number {
    return this.#items
  }

  /** Gives how many bytes the item took. */
  add<T>(item: T, write: Write<T>): number {
    const values = this.#values
    const before = values.length
    write(values, item)
    this.#items++
    if (this.#grouped) this.#note((item as Grouped).group)
    const { length } = values
    if (length - this.#summed >= CRC_BYTES) this.#sum()
    return length - before
  }

  seal(part: BlockSink): BlockIndex {
    this.#sum()
    const bytes = this.#summed
    return {
      at: part.append(this.#values),
      bytes,
      crc: this.#crc,
      items: this.#items,
      groups: this.#grouped ? [this.#first, this.#last] : null,
    }
  }

  #note(group: number): void {
    if (group < this.#first) this.#first = group
    if (group > this.#last) this.#last = group
  }

  #sum(): void {
    const values = this.#values
    this.#crc = crc32c(values.memory, this.#crc, this.#summed, values.length)
    this.#summed = values.length
  }
}

/** Encodes the items of one section into blocks. */
export class BlockWriter {
  readonly #header: SectionHeader
  readonly #part: BlockSink
  readonly #grouped: boolean
  readonly #blocks: BlockIndex[] = []
  #inTurn: OpenBlock | undefined
  /** What comes early is of any key group: in a block of its own, or each block would hold some of all groups. */
  #early: OpenBlock | undefined
  #items = 0
  #bytes = 0
  #ended = false

  constructor(header: SectionHeader, part: BlockSink) {
    this.#header = header
    this.#part = part
    this.#grouped = header.kind === 'keyed' || header.kind === 'timers'
  }

  get ended(): boolean {
    return this.#ended
  }

  add(item: unknown): number {
    return this.#add(item, false, writeValue)
  }

  addEncodable(item: Encodable, early = false): number {
    return this.#add(item, early, writeEncodable)
  }

  #add<T>(item: T, early: boolean, write: Write<T>): number {
    if (this.#part.failed) return 0
    const block = (early ? this.#early : this.#inTurn) ?? this.#open(early)
    const bytes = block.add(item, write)
    if (block.length >= BLOCK_BYTES) this.#seal(block)
    return bytes
  }

  end(): void {
    for (const block of [this.#early, this.#inTurn])
      if (block !== undefined && block.items > 0) this.#seal(block)
    this.#ended = true
  }

  facts(): SectionFacts {
    return { ...this.#header, items: this.#items, bytes: this.#bytes }
  }

  index(): SectionIndex {
    return { ...this.facts(), blocks: this.#blocks }
  }

  #open(early: boolean): OpenBlock {
    const values = this.#part.takeWriter() ?? new ValueWriter(0, FIRST_BYTES)
    const block = new OpenBlock(values, this.#grouped)
    if (early) this.#early = block
    else this.#inTurn = block
    return block
  }

  #seal(block: OpenBlock): void {
    const index = block.seal(this.#part)
    this.#blocks.push(index)
    this.#items += index.items
    this.#bytes += index.bytes
    if (block === this.#early) this.#early = undefined
    else this.#inTurn = undefined
  }
}
