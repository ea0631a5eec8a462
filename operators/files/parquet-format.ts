import { type FileMetaData, parquetSchema, type RowGroup } from 'hyparquet'
import { describe } from '../../codec/errors.ts'
import type { PartitionReader } from '../contract/source.ts'
import { BrokenFileError, brokenFile } from './file-error.ts'
import type { FileFormat, FilePosition } from './file-format.ts'
import { type FilePart, partName } from './file-part.ts'
import { copyNested, type ParquetColumn, planColumn, readColumn } from './parquet-column.ts'
import { ParquetFile } from './parquet-file.ts'
import { compileRows, type MakeRows } from './row-code.ts'

/** What all row groups of a file share. */
interface Table {
  readonly metadata: FileMetaData
  readonly columns: readonly ParquetColumn[]
  readonly makeRows: MakeRows
}

/**
 * Format `parquet` (`hyparquet`, ZSTD, GZIP and Brotli by `node:zlib`): a part is a row group.
 *
 * Only the wanted columns are read and decoded, whole and one after the other: a column chunk is
 * the unit of compression. Integers within 2^53 are numbers, larger ones bigints; dates and
 * timestamps are `Date`s, rounded down to milliseconds; text is strings, unmarked binary
 * `Uint8Array`s, nulls `null`.
 *
 * 3,000,000 flights, columns `date, delay, origin`, one warm thread: 350 to 400 ms. By profile a
 * third goes into the rows (a `Date` each), a third into unpacking dictionary indexes and looking
 * them up, a tenth into collecting garbage and a twentieth into ZSTD.
 */
export function parquetFormat(wanted: readonly string[] | undefined): FileFormat {
  const tables = new Map<string, Promise<Table>>()
  const tableOf = (file: ParquetFile): Promise<Table> => {
    let table = tables.get(file.path)
    if (table === undefined) {
      table = readTable(file, wanted)
      tables.set(file.path, table)
    }
    return table
  }
  return {
    parts: ({ path }, known) =>
      withFile(path, async (file) => {
        const { metadata } = await tableOf(file)
        const groups = new Set(metadata.row_groups.keys())
        for (const { from } of known) groups.delete(from)
        return [...groups].map((group) => partName(path, group))
      }),
    open: async (part, position) => {
      const file = await ParquetFile.open(part.path)
      try {
        return new RowGroupReader(part, file, await tableOf(file), position?.offset ?? 0)
      } catch (thrown) {
        await file.close()
        throw thrown
      }
    },
  }
}

class RowGroupReader implements PartitionReader<unknown, FilePosition> {
  readonly #part: FilePart
  readonly #file: ParquetFile
  readonly #table: Table
  readonly #group: RowGroup
  readonly #rows: number
  #values: ArrayLike<unknown>[] | undefined
  #at: number

  constructor(part: FilePart, file: ParquetFile, table: Table, at: number) {
    const group = table.metadata.row_groups[part.from]
    if (group === undefined) {
      const { length } = table.metadata.row_groups
      throw new BrokenFileError(part.path, `expected row group ${part.from}, got ${length} of them`)
    }
    this.#part = part
    this.#file = file
    this.#table = table
    this.#group = group
    this.#rows = Number(group.num_rows)
    this.#at = at
  }

  next(max: number): unknown[] | null | Promise<unknown[] | null> {
    if (this.#at >= this.#rows) return null
    return this.#values === undefined ? this.#load(max) : this.#make(this.#values, max)
  }

  position(): FilePosition {
    return { offset: this.#at, line: 0 }
  }

  close(): Promise<void> {
    this.#values = undefined
    return this.#file.close()
  }

  /** One column after the other: between two of them the thread's event loop turns. */
  async #load(max: number): Promise<unknown[]> {
    const values: ArrayLike<unknown>[] = []
    try {
      for (const column of this.#table.columns) {
        values.push(await readColumn(this.#file, this.#table.metadata, this.#group, column))
      }
    } catch (thrown) {
      throw brokenFile(this.#part.path, `a readable row group ${this.#part.from}`, thrown)
    }
    this.#values = values
    return this.#make(values, max)
  }

  #make(values: readonly ArrayLike<unknown>[], max: number): unknown[] {
    const from = this.#at
    this.#at = Math.min(from + max, this.#rows)
    return this.#table.makeRows(values, from, this.#at)
  }
}

async function readTable(file: ParquetFile, wanted: readonly string[] | undefined): Promise<Table> {
  const metadata = await file.metadata()
  const { children } = parquetSchema(metadata)
  const names = children.map((child) => child.element.name)
  const columns = (wanted ?? names).map((name) => {
    const node = children[names.indexOf(name)]
    if (node !== undefined) return planColumn(node, metadata.schema)
    const detail = `expected a column ${describe(name)}, got ${describe(names)}`
    throw new BrokenFileError(file.path, detail)
  })
  return { metadata, columns, makeRows: compileRows(columns, copyNested) }
}

async function withFile<R>(path: string, use: (file: ParquetFile) => Promise<R>): Promise<R> {
  const file = await ParquetFile.open(path)
  try {
    return await use(file)
  } finally {
    await file.close()
  }
}
