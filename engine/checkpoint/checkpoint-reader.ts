import { crc32c } from '../../codec/crc32c.ts'
import { ValueReader } from '../../codec/value.ts'
import type { Files, OpenFile } from '../../operators/contract/files.ts'
import type { GroupRange } from '../../operators/contract/keyed-store.ts'
import { openFile, readBytes, readDescription, withFile } from './container.ts'
import type { CheckpointReader, StateBlock, StateQuery } from './contract.ts'
import { KIND_PART } from './layout.ts'
import type { Manifest, PartFile, StatePiece } from './manifest.ts'
import type { BlockIndex, PartIndex, SectionIndex, StateItems, StateKind } from './state-model.ts'
import { corrupt } from './store-error.ts'

/** A part's index, checked against its manifest. */
async function readIndex(files: Files, path: string, part: PartFile): Promise<PartIndex> {
  const { value, bytes, crc } = await readDescription(files, path, KIND_PART)
  if (bytes !== part.bytes) throw corrupt(path, `${part.bytes} bytes`, `${bytes}`)
  if (crc !== part.crc) throw corrupt(path, `CRC ${part.crc} as in the manifest`, `${crc}`)
  const index = value as PartIndex
  if (index.name !== part.name) throw corrupt(path, `the file '${part.name}'`, `'${index.name}'`)
  return index
}

function blocksInOrder(index: PartIndex): BlockIndex[] {
  return index.sections.flatMap(({ blocks }) => blocks).sort((a, b) => a.at - b.at)
}

/** Checks a part; with `all` also every block. */
export async function verifyPart(
  files: Files,
  directory: string,
  part: PartFile,
  depth: 'ends' | 'all',
): Promise<void> {
  const path = `${directory}/${part.name}`
  const index = await readIndex(files, path, part)
  if (depth === 'ends') return
  await withFile(files, path, async (file) => {
    const buffers = new BlockBuffers()
    for (const block of blocksInOrder(index)) await readBlock(file, path, block, buffers)
  })
}

/** Reads the state of a checkpoint in a directory. */
export class DirectoryReader implements CheckpointReader {
  readonly #files: Files
  readonly #directory: string
  readonly #manifest: Manifest
  readonly #indices = new Map<number, Promise<PartIndex>>()

  constructor(files: Files, directory: string, manifest: Manifest) {
    this.#files = files
    this.#directory = directory
    this.#manifest = manifest
  }

  async *read<K extends StateKind>(
    query: StateQuery<K>,
  ): AsyncGenerator<StateBlock<StateItems[K]>, void, undefined> {
    const operator = this.#manifest.operators.find(({ uid }) => uid === query.operator)
    for (const { kind, subtask, pieces } of operator?.states ?? []) {
      if (kind !== query.kind) continue
      if (query.subtask !== undefined && query.subtask !== subtask) continue
      for (const piece of pieces) {
        for await (const items of this.#readPiece(piece, query.groups)) yield { subtask, items }
      }
    }
  }

  async *#readPiece(
    piece: StatePiece,
    groups: GroupRange | undefined,
  ): AsyncGenerator<Iterable<any>, void, undefined> {
    const part = this.#manifest.parts[piece.part]
    const path = `${this.#directory}/${part.name}`
    const section = await this.#section(piece, path, part)
    const blocks = section.blocks.filter((block) => touches(block, groups))
    if (blocks.length === 0) return
    const file = await openFile(this.#files, path)
    const buffers = new BlockBuffers()
    let next = readBlock(file, path, blocks[0], buffers)
    try {
      for (let i = 0; i < blocks.length; i++) {
        const bytes = await next
        // The system reads the next block while this one is decoded.
        if (i + 1 < blocks.length) next = readBlock(file, path, blocks[i + 1], buffers)
        yield decode(bytes, blocks[i].groups === null ? undefined : groups)
      }
    } finally {
      // Whoever stops early leaves one block unasked for.
      await next.catch(() => {})
      await file.close()
    }
  }

  async #section(piece: StatePiece, path: string, part: PartFile): Promise<SectionIndex> {
    let index = this.#indices.get(piece.part)
    if (index === undefined) {
      index = readIndex(this.#files, path, part)
      this.#indices.set(piece.part, index)
    }
    const section = (await index).sections[piece.section]
    if (section !== undefined) return section
    throw corrupt(path, `a section ${piece.section}`, `${(await index).sections.length} sections`)
  }
}

function touches({ groups: own }: BlockIndex, groups: GroupRange | undefined): boolean {
  return groups === undefined || own === null || (own[1] >= groups.from && own[0] < groups.to)
}

function* decode(bytes: Uint8Array, groups: GroupRange | undefined): Iterable<any> {
  const reader = new ValueReader()
  reader.reset(bytes, 0, bytes.length)
  while (reader.more) {
    const item = reader.read() as { group: number }
    if (groups === undefined || (item.group >= groups.from && item.group < groups.to)) yield item
  }
}

/** Two buffers in turn: one is decoded while the other one is filled. */
class BlockBuffers {
  #ready: Uint8Array = new Uint8Array(0)
  #other: Uint8Array = new Uint8Array(0)

  take(bytes: number): Uint8Array {
    const buffer = this.#other.length < bytes ? new Uint8Array(bytes + (bytes >> 3)) : this.#other
    this.#other = this.#ready
    this.#ready = buffer
    return buffer.subarray(0, bytes)
  }
}

async function readBlock(
  file: OpenFile,
  path: string,
  block: BlockIndex,
  buffers: BlockBuffers,
): Promise<Uint8Array> {
  const into = buffers.take(block.bytes)
  await readBytes(file, path, block.at, block.bytes, into)
  const crc = crc32c(into)
  if (crc !== block.crc)
    throw corrupt(path, `a block at ${block.at} with CRC ${block.crc}`, `${crc}`)
  return into
}
