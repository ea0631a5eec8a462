import { resolve } from 'node:path'
import type { PartitionedSource } from '../contract/source.ts'
import { bytesFormat } from './bytes-format.ts'
import type { FileFormat, FilePosition, FileTuning } from './file-format.ts'
import type { FileSourceOptions } from './file-options.ts'
import { parsePartName } from './file-part.ts'
import { findFiles, isThere } from './file-paths.ts'
import { GuardedReader } from './guarded-reader.ts'
import { jsonFormat } from './json-format.ts'
import { linesFormat } from './lines-format.ts'

/** Reads files of one format. Apart from `fileSource`, so that only jobs that read files load it. */
export class FileSource implements PartitionedSource<unknown, FilePosition> {
  readonly #paths: readonly string[]
  readonly #load: () => Promise<FileFormat>
  #format: Promise<FileFormat> | undefined

  constructor(paths: readonly string[], options: FileSourceOptions, tuning: FileTuning) {
    this.#paths = paths
    this.#load = () => loadFormat(options, tuning)
  }

  /**
   * A file is the same one however its path is written. Of a file that is gone the known parts stay:
   * one that has not been read to its end fails when it is opened.
   */
  async partitions(known: readonly string[] = []): Promise<string[]> {
    const knownParts = Map.groupBy(known, (name) => resolve(parsePartName(name).path))
    const files = await findFiles(this.#paths, (path) => knownParts.has(resolve(path)))
    const format = await (this.#format ??= this.#load())
    const parts = new Map<string, readonly string[]>()
    for (const file of files) {
      const place = resolve(file.path)
      if (parts.has(place)) continue
      const names = knownParts.get(place) ?? []
      const others = await format.parts(file, names.map(parsePartName))
      parts.set(place, [...names, ...others])
    }
    for (const [place, names] of knownParts)
      if (!parts.has(place) && !(await isThere(place))) parts.set(place, names)
    return [...parts.values()].flat()
  }

  async open(partition: string, position?: FilePosition): Promise<GuardedReader> {
    const part = parsePartName(partition)
    const format = await (this.#format ??= this.#load())
    return new GuardedReader(part.path, await format.open(part, position))
  }
}

/** The parsers of CSV and Parquet are libraries of some size: loaded by those who need them. */
async function loadFormat(options: FileSourceOptions, tuning: FileTuning): Promise<FileFormat> {
  const { format, columns, split = true } = options
  switch (format) {
    case 'lines':
      return linesFormat(split, tuning)
    case 'json':
      return jsonFormat(split, tuning)
    case 'bytes':
      return bytesFormat(split, tuning)
    case 'csv':
      return (await import('./csv-format.ts')).csvFormat(options, tuning)
    case 'parquet':
      return (await import('./parquet-format.ts')).parquetFormat(columns)
  }
}
