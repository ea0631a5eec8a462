import type { SourceFactory } from '../contract/operator.ts'
import type { PartitionedSource } from '../contract/source.ts'
import { bytesFormat } from './bytes-format.ts'
import {
  defaultTuning,
  type FileFormat,
  type FilePosition,
  type FileTuning,
} from './file-format.ts'
import { checkFileSource, type FileSourceOptions } from './file-options.ts'
import { parsePartName } from './file-part.ts'
import { findFiles } from './file-paths.ts'
import { GuardedReader } from './guarded-reader.ts'
import { jsonFormat } from './json-format.ts'
import { linesFormat } from './lines-format.ts'

/**
 * Reads files: a path, a glob, or an array of these.
 *
 * Partitions are files, ranges of large ones (`lines`, `json`, `bytes`, unless `split: false`) and
 * row groups (`parquet`); each can be continued at any record. Text is UTF-8; a byte order mark is
 * dropped;
 * `.gz` is unpacked (and then read by one subtask). A file must not change while it is read.
 *
 * Throws `SAGE_OPTION` at once for wrong options; the job fails with `SAGE_FILE` for a file that is
 * missing, unreadable or cut off, while a broken line or row goes through the source's `errors`
 * policy.
 */
export function fileSource(
  paths: string | readonly string[],
  options: FileSourceOptions,
  tuning: FileTuning = defaultTuning,
): SourceFactory {
  checkFileSource(paths, options)
  const list = typeof paths === 'string' ? [paths] : [...paths]
  return {
    single: false,
    sharesRecords: false,
    functions: [],
    create: () => new FileSource(list, () => loadFormat(options, tuning)),
  }
}

class FileSource implements PartitionedSource<unknown, FilePosition> {
  readonly #paths: readonly string[]
  readonly #load: () => Promise<FileFormat>
  #format: Promise<FileFormat> | undefined

  constructor(paths: readonly string[], load: () => Promise<FileFormat>) {
    this.#paths = paths
    this.#load = load
  }

  async partitions(): Promise<string[]> {
    const files = await findFiles(this.#paths)
    const format = await (this.#format ??= this.#load())
    const parts: string[] = []
    for (const file of files) parts.push(...(await format.parts(file)))
    return [...new Set(parts)]
  }

  async open(partition: string, position?: FilePosition): Promise<GuardedReader> {
    const part = parsePartName(partition)
    const format = await (this.#format ??= this.#load())
    return new GuardedReader(part.path, await format.open(part, position))
  }
}

/** Parsers are loaded when a source needs them: every thread of every job imports this file. */
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
