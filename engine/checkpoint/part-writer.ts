import { StreamError } from '../../codec/errors.ts'
import type { ValueWriter } from '../../codec/value.ts'
import { type Files, type OpenFile, writeFully } from '../../operators/contract/files.ts'
import { endingOf, headerOf } from './container.ts'
import type { PartWriter, SectionWriter } from './contract.ts'
import { HEADER_BYTES, KIND_PART, type PartId, partName } from './layout.ts'
import { type BlockSink, BlockWriter } from './section-writer.ts'
import type { PartFacts, PartIndex, SectionHeader, StateItems, StateKind } from './state-model.ts'
import { fileFailure } from './store-error.ts'

/** So much may be queued before the part says that it is full. */
const BACKLOG_BYTES = 8 << 20

/** So many writers are kept with their memory, about 2 MiB each. */
const SPARE_WRITERS = 8

/**
 * For the next blocks of this thread, of whichever part: memory that is asked for anew with each checkpoint costs its pages, and
 * hurries the garbage collector.
 */
const spareWriters: ValueWriter[] = []

/** Writes a part into a directory. */
export class DirectoryPart implements PartWriter, BlockSink {
  readonly #files: Files
  readonly #path: string
  readonly #id: PartId
  readonly #sections: BlockWriter[] = []
  /** Blocks to be written, in the order of their places. */
  readonly #queue: ValueWriter[] = []
  #waiting: (() => void)[] = []
  #file: OpenFile | undefined
  /** Where the next block goes. */
  #end = HEADER_BYTES
  #backlog = 0
  #pump: Promise<void> | undefined
  #failure: StreamError | undefined
  #closed = false
  #written: { readonly bytes: number; readonly crc: number } | undefined

  /** Nothing happens before the first block. */
  constructor(files: Files, directory: string, id: PartId) {
    this.#files = files
    this.#path = `${directory}/${partName(id)}`
    this.#id = id
  }

  get busy(): boolean {
    return this.#pump !== undefined
  }

  get full(): boolean {
    return this.#backlog > BACKLOG_BYTES
  }

  get failed(): boolean {
    return this.#failure !== undefined
  }

  section<K extends StateKind>(header: SectionHeader<K>): SectionWriter<StateItems[K]> {
    this.#expectOpen()
    const section = new BlockWriter(header, this)
    this.#sections.push(section)
    return section
  }

  takeWriter(): ValueWriter | undefined {
    return spareWriters.pop()
  }

  append(values: ValueWriter): number {
    this.#expectOpen()
    const at = this.#end
    this.#end += values.length
    if (this.failed) return at
    this.#backlog += values.length
    this.#queue.push(values)
    this.#pump ??= this.#writeQueue()
    return at
  }

  async room(): Promise<void> {
    while (this.full && !this.failed) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  async close(): Promise<PartFacts> {
    this.#expectOpen()
    if (this.#sections.some((section) => !section.ended)) {
      throw new StreamError('SAGE_STATE', `expected all sections of '${this.#path}' to have ended`)
    }
    this.#closed = true
    // A part without blocks has no file yet.
    if (this.#file === undefined && !this.failed) this.#pump ??= this.#writeQueue()
    await this.#settled()
    if (this.#failure !== undefined) throw this.#failure
    this.#pump = this.#writeEnding()
    await this.#settled()
    if (this.#failure !== undefined) throw this.#failure
    const sections = this.#sections.map((section) => section.facts())
    const { bytes, crc } = this.#written!
    return { name: partName(this.#id), epoch: this.#id.epoch, bytes, crc, sections }
  }

  async abort(): Promise<void> {
    this.#closed = true
    this.#failure ??= new StreamError('SAGE_CANCELLED', `'${this.#path}' was given up`)
    this.#dropQueue()
    await this.#settled()
    await this.#closeFile()
    // Where that fails, too, the coordinator's `abort` or `retain` removes it.
    await this.#files.remove(this.#path).catch(() => {})
  }

  #expectOpen(): void {
    if (!this.#closed) return
    throw new StreamError('SAGE_STATE', `expected '${this.#path}' to be open, got a closed part`)
  }

  async #writeQueue(): Promise<void> {
    await this.#attempt(async () => {
      this.#file ??= await this.#create()
      for (let at = this.#end - this.#backlog; this.#queue.length > 0 && !this.failed; ) {
        const values = this.#queue[0]
        await writeFully(this.#file, values.bytes(), at)
        at += values.length
        this.#release(values)
      }
    })
  }

  async #create(): Promise<OpenFile> {
    const file = await this.#files.create(this.#path)
    this.#file = file
    await writeFully(file, headerOf(KIND_PART), 0)
    return file
  }

  async #writeEnding(): Promise<void> {
    await this.#attempt(async () => {
      const index: PartIndex = {
        name: partName(this.#id),
        sections: this.#sections.map((section) => section.index()),
      }
      const { bytes, crc } = endingOf(KIND_PART, this.#end, index)
      const file = this.#file!
      await writeFully(file, bytes, this.#end)
      await file.sync()
      this.#file = undefined
      await file.close()
      this.#written = { bytes: this.#end + bytes.length, crc }
    })
  }

  /** The one place where files fail: nothing is written after that. */
  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#failure ??= fileFailure(this.#path, 'to write it', error)
      this.#dropQueue()
      await this.#closeFile()
    }
    // What was added after the queue had been found empty found the pump still there.
    this.#pump = this.#queue.length > 0 ? this.#writeQueue() : undefined
    this.#wake()
  }

  async #settled(): Promise<void> {
    while (this.#pump !== undefined) await this.#pump
  }

  #dropQueue(): void {
    this.#queue.length = 0
    this.#backlog = 0
  }

  #release(values: ValueWriter): void {
    // Given up meanwhile.
    if (this.failed) return
    this.#queue.shift()
    this.#backlog -= values.length
    values.truncate(0)
    if (spareWriters.length < SPARE_WRITERS) spareWriters.push(values)
    if (!this.full) this.#wake()
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  async #closeFile(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.close().catch(() => {})
  }
}
